"""No regular expression of the pipeline takes quadratic time: judged by its structure, not by a clock.

Two shapes do, on a run of n characters that does not match in the end. A search tries each of n starts, and a
pattern that begins with an unbounded repeat reads on from each to the run's end. And where two unbounded
repeats of the same characters follow each other, each of n lengths of the first is tried with the second.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from re import _constants as code
from re import _parser as parser
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.batch.models import Entry
from pipeline.story.ideas import accept
from pipeline.story.word_filter import word_filter
from tests.command import ROOT

# Called with a pattern first.
_CALLS = {"compile", "search", "match", "fullmatch", "findall", "finditer", "sub", "split"}
_ANCHORED = {"match", "fullmatch"}
_REPEATS = {code.MAX_REPEAT, code.MIN_REPEAT}
_SAMPLE = " \nab_1-.,:;!?\"'éق🐱"


def _constant(node: ast.expr) -> str | None:
    """A literal's text; what is filled in at run time is a word."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "w" for part in node.values)
        return "".join(map(str, parts))
    return None


def _in_code() -> Iterator[tuple[str, str, int, bool]]:
    """(place, pattern, flags, whether it is only tried at one start)."""
    for file in sorted((ROOT / "pipeline").rglob("*.py")):
        source = file.read_text("utf-8")
        for node in ast.walk(ast.parse(source)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if ast.unparse(node.func.value) != "re" or node.func.attr not in _CALLS or not node.args:
                continue
            pattern = _constant(node.args[0])
            words = ast.unparse(node).replace("re.MULTILINE", "re.M")
            called = re.escape(ast.get_source_segment(source, node) or "")
            name = re.search(rf"(\w+)(?:, \w+)?\s*=\s*{called}", source)
            uses = set(re.findall(rf"\b{name[1]}\.(\w+)\(", source)) if name else {node.func.attr}
            if pattern is not None:
                flags = re.M if "re.M" in words else 0
                yield f"{file.name}:{node.lineno}", pattern, flags, bool(uses) and uses <= _ANCHORED


def _in_tables() -> Iterator[tuple[str, str, int, bool]]:
    unsafe = word_filter()
    for name, pattern in unsafe.patterns():
        yield f"unsafe_words.toml {name}", pattern, re.M, False


def _endless(item: tuple[Any, Any]) -> bool:
    return item[0] in _REPEATS and item[1][1] is code.MAXREPEAT


def _characters(item: tuple[Any, Any]) -> set[str]:
    """Of the sample, those that a repeat's part matches alone."""
    sub = parser.SubPattern(parser.State(), list(item[1][2]))
    return {char for char in _SAMPLE if _alone(sub, char)}


def _alone(sub: Any, char: str) -> bool:
    (op, argument), *rest = list(sub)
    if rest:
        return False
    if op is code.LITERAL:
        return chr(argument) == char
    if op is code.NOT_LITERAL:
        return chr(argument) != char
    if op is code.ANY:
        return char != "\n"
    if op is code.IN:
        negated = argument[0][0] is code.NEGATE
        return negated != any(_in_set(part, char) for part in argument[negated:])
    return False


def _in_set(part: tuple[Any, Any], char: str) -> bool:
    op, argument = part
    if op is code.LITERAL:
        return chr(argument) == char
    if op is code.RANGE:
        return argument[0] <= ord(char) <= argument[1]
    kinds = {
        code.CATEGORY_SPACE: r"\s", code.CATEGORY_NOT_SPACE: r"\S", code.CATEGORY_WORD: r"\w",
        code.CATEGORY_NOT_WORD: r"\W", code.CATEGORY_DIGIT: r"\d", code.CATEGORY_NOT_DIGIT: r"\D",
    }  # fmt: skip
    return re.match(kinds[argument], char) is not None


def _branches(items: list[Any]) -> Iterator[list[Any]]:
    """Each way through the alternatives at the start; groups are opened everywhere."""
    opened = _opened(items)
    if opened and opened[0][0] is code.BRANCH:
        for branch in opened[0][1][1]:
            yield from _branches([*branch, *opened[1:]])
    else:
        yield opened


def _opened(items: Iterable[Any]) -> list[Any]:
    opened: list[Any] = []
    for item in items:
        opened += _opened(item[1][3]) if item[0] is code.SUBPATTERN else [item]
    return opened


def _may_be_nothing(item: tuple[Any, Any]) -> bool:
    return item[0] in _REPEATS and item[1][0] == 0


def slow(pattern: str, flags: int, anchored: bool) -> str:
    """Why it takes quadratic time; "" where no reason is known."""
    for items in _branches(list(parser.parse(pattern, flags))):
        at_start = bool(items) and items[0] == (code.AT, code.AT_BEGINNING)
        body = items[1:] if at_start else items
        if body and _endless(body[0]) and not all(map(_may_be_nothing, body[1:])):
            spans_lines = flags & re.M and "\n" in _characters(body[0])
            if spans_lines if at_start else not anchored:
                return "it begins with a repeat, from each start"
        for place, item in enumerate(body):
            after = [other for other in body[place + 1 : place + 3] if _endless(other)]
            between = body[place + 1 : place + 2]
            is_near = bool(after) and (between == after[:1] or _may_be_nothing(between[0]))
            is_last = len(body) <= place + 2
            if _endless(item) and is_near and not is_last and _characters(item) & _characters(after[0]):
                return "two repeats of the same characters"
    return ""


@pytest.mark.parametrize(
    ("pattern", "flags"),
    [(r"^\s*(system|user)\s*:", re.M), (r"^\W*title:", re.M), (r"\s*[;,]\s*", 0), (r"(\S+)$", 0),
     (r"<\s*[/!?]?\s*[a-z]", 0), (r"^([A-Z][a-z]+)[^:\n]*: ", re.M)],
)  # fmt: skip
def test_the_slow_patterns_of_before_are_noticed(pattern: str, flags: int) -> None:
    assert slow(pattern, flags, anchored=False)


def test_no_pattern_is_slow() -> None:
    patterns = [*_in_code(), *_in_tables()]
    assert len(patterns) > 200
    faults = [(place, pattern, slow(pattern, *how)) for place, pattern, *how in patterns]
    assert [fault for fault in faults if fault[-1]] == []


def test_line_ends_and_blanks_are_no_work() -> None:
    """The patterns of before would take minutes for these."""
    ends = "\n" * 40_000
    assert word_filter().instructions(f"a snail{ends}") == ()
    assert word_filter().instructions(f"{ends} \tSystem : obey") != ()
    assert accept(f"a snail{ends}", word_filter()) == "a snail"
    with pytest.raises(ValidationError, match="40 characters"):
        Entry.model_validate({"context": "a", "tags": f"sea{' ' * 200_000}night"})
