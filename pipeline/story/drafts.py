"""Completions become drafts, also those that no grammar held to their shape, as on a SageMaker endpoint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.story.text import clean, sentences, words
from pipeline.types import Completion

# Around a label or a number, where a model writes Markdown.
_MARKS = r"[ \t*_#>-]*"
_TITLE = re.compile(rf"^{_MARKS}(?:Story )?Title{_MARKS}:{_MARKS}(.+)$", re.MULTILINE | re.IGNORECASE)
# "A young whale named Wanda" is no name, and "Hero's name: Wanda" is.
_HERO = re.compile(
    rf"^{_MARKS}Hero(?:['’]s name)?(?:, [^:\n]*)?{_MARKS}:{_MARKS}(?!(?:An?|The|My)\b)([A-Z][\w'-]*)",
    re.MULTILINE,
)
_NUMBERED = re.compile(rf"^{_MARKS}(\d{{1,2}}){_MARKS}[.):]{_MARKS}(.*)$")
# The model goes on in another's name, or begins another story.
_OTHER_TURN = re.compile(rf"^{_MARKS}(User|Assistant|Human|Falcon|Idea)\b{_MARKS}:")


@dataclass(frozen=True, slots=True)
class Draft:
    """A parsed completion, not yet checked. lines: one a job of the plan. whole: none is missing or cut."""

    title: str
    lines: tuple[str, ...]
    whole: bool
    hero: str = ""

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(sentence for line in self.lines for sentence in sentences(line))


def draft_of(completion: Completion, spec: Mapping[str, Any], longest: int) -> Draft:
    """The draft without plan and numbers; spare lines are left out while it has over `longest` words.

    spec: the story prompt's `lines` with their jobs, and `fewest`.
    """
    jobs = spec["lines"]
    numbered, more = _numbered(completion.text, len(jobs))
    lines = [tidy(numbered.get(number, "")) for number in range(1, len(jobs) + 1)]
    # A text that was cut is whole all the same where it was cut after its last line.
    whole = (completion.stop_reason == "end" or (more and all(lines))) and all(lines[: spec["fewest"]])
    title, hero = _TITLE.search(completion.text), _HERO.search(completion.text)
    kept = list(zip(jobs, lines, strict=True))
    for pair in [pair for pair in kept if pair[0].get("spare")] if all(lines) else []:
        if len(words(" ".join(line for _, line in kept))) <= longest:
            break
        kept.remove(pair)
    return Draft(
        _title(title.group(1)) if title else "",
        tuple(line for _, line in kept if line),
        whole,
        hero.group(1) if hero else "",
    )


def tidy(line: str) -> str:
    """One clean line: no blank before a closing quote or after an opening one, no stray blanks; a full stop
    where it ends in a word, so that it is a sentence of its own."""
    line = clean(line)
    line = re.sub(r'([.!?,]) "(?=$| [a-z])', r'\1"', line)
    return f"{line}." if line[-1:].isalnum() else line


def _title(text: str) -> str:
    """Without quotes around it."""
    title = clean(text).strip("*_ ")
    inner = title[1:-1]
    pair = title[:1] + title[-1:]
    return inner if pair in {'""', "“”", "''"} and not set(inner) & set(pair) else title


def _numbered(text: str, most: int) -> tuple[dict[int, str], bool]:
    """The lines of the first story by their numbers, and whether something follows the last of `most`.

    Lines without a number between two that have one: where as many numbers are missing they are those lines,
    and where none is missing they go on with the line before. Numbers that begin again are another story.
    """
    lines: dict[int, str] = {}
    last, loose = 0, list[str]()
    for line in text.splitlines():
        match = _NUMBERED.match(line)
        number = int(match.group(1)) if match else 0
        if (_OTHER_TURN.match(line) and last) or (match and number <= last):
            return lines, last >= most
        if not match:
            loose += [line.strip()] if last and line.strip() else []
            continue
        if number > most:
            return lines, last >= most
        missing = number - last - 1
        if last and missing == len(loose):
            lines.update(zip(range(last + 1, number), loose, strict=True))
        elif last and not missing:
            lines[last] = " ".join([lines[last], *loose])
        lines[number] = match.group(2).strip(" *_") if match else ""
        last, loose = number, []
    return lines, last >= most and bool(loose)
