from __future__ import annotations

import re

from pipeline import errors
from pipeline.cli.__main__ import main
from pipeline.errors import StoriesError

CLASSES = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StoriesError)
]


def test_the_docstring_documents_every_class() -> None:
    rows = re.findall(r"(\w+Error) +(\d+) +(\d+)( +retryable)?", errors.__doc__ or "")
    documented = {name: (int(exit), int(http), bool(retry)) for name, exit, http, retry in rows}
    assert documented == {
        kind.__name__: (kind.exit_status, kind.http_status, kind.retryable) for kind in CLASSES
    }


def test_exit_statuses_are_distinct_and_avoid_the_usual_ones() -> None:
    """0 is success, 1 an unexpected failure, 2 argparse's; the shell's begin at 126."""
    statuses = [kind.exit_status for kind in CLASSES]
    assert len(set(statuses)) == len(statuses)
    assert all(3 <= status < 126 for status in statuses)


def test_help_lists_every_exit_status(capsys) -> None:  # type: ignore[no-untyped-def]
    try:
        main(["--help"])
    except SystemExit:
        text = capsys.readouterr().out.partition("exit status:")[2]
    assert {kind.exit_status for kind in CLASSES} <= {int(number) for number in re.findall(r"\d+", text)}


def test_an_error_class_is_found_by_its_name() -> None:
    assert errors.error_class("NotFoundError") is errors.NotFoundError
    for other in ("", "ValueError", "annotations"):
        assert errors.error_class(other) is StoriesError
