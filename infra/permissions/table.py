"""The table of actions and functions in docs/operations.md: what each needed in a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from infra.cloudformation import ROOT
from infra.local_aws.authorization import Need, Role
from infra.permissions.roles import Grant, grants

FILE = ROOT / "docs/operations.md"
# Allowed, and not needed by our code.
REASONS = {
    "logs:CreateLogStream": "Lambda writes the function's log, as the function",
    "logs:PutLogEvents": "the same",
    "xray:PutTraceSegments": "Lambda sends the function's traces to X-Ray, as the function",
    "xray:PutTelemetryRecords": "the same",
}
_BEGIN, _END = "<!-- from here: make permissions -->\n", "<!-- to here -->\n"
_YES, _NO = "yes", ""


def used(role: Role) -> dict[Grant, bool]:
    """Whether any request needed this grant."""
    return {grant: any(map(grant.covers, role.needed)) for grant in grants(role)}


def rendered(roles: Mapping[str, Role]) -> str:
    """The Markdown between the marks of the document."""
    needed = {
        name: {(action, _on(resource)) for action, resource in role.needed} for name, role in roles.items()
    }
    needs = sorted(set().union(*needed.values()))
    head = ("action", "on", *(f"`{name.removeprefix('MvpStories')}`" for name in roles))
    rows = [
        (f"`{action}`", on, *(_YES if (action, on) in needed[name] else _NO for name in roles))
        for action, on in needs
    ]
    reasons = [(f"`{action}`", reason) for action, reason in REASONS.items()]
    return "\n".join((*_lines(head, rows), "", *_lines(("allowed besides", "why"), reasons), ""))


def document(text: str, table: str) -> str:
    """The document with this table. Raises ValueError: it has no place for it."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{FILE.name} lacks {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{begin}{table}{end}{after}"


def denied(roles: Mapping[str, Role]) -> list[tuple[str, Need]]:
    return [
        (name, need) for name, role in roles.items() for need, allowed in role.needed.items() if not allowed
    ]


def _on(resource: str) -> str:
    """In words, without names that differ from stack to stack."""
    kind, _, name = resource.removeprefix("arn:aws:").partition(":")
    if kind == "s3":
        _, is_object, key = name.removeprefix("::").partition("/")
        return f"`{key.partition('/')[0]}/`" if is_object else "the bucket"
    named = {"states": "the workflow", "sagemaker": "the endpoint", "execute-api": "connections"}
    return named.get(kind, "all")


def _lines(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    titles = list(head)
    return [_line(titles), "|" + "---|" * len(titles), *map(_line, rows)]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
