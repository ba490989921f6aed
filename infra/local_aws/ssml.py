"""Polly's SSML: the tags that an engine accepts, the text, and each character's place in the markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from infra.local_aws.wire import ServiceError

# The engines that accept a tag (Polly guide, "Supported SSML tags"); neural voices accept no pitch either.
_EVERY = frozenset({"standard", "neural", "long-form", "generative"})
_TAGS: Mapping[str, frozenset[str]] = {
    "speak": _EVERY,
    "p": _EVERY,
    "s": _EVERY,
    "break": _EVERY,
    "lang": _EVERY,
    "mark": _EVERY,
    "sub": _EVERY,
    "w": _EVERY,
    "say-as": _EVERY,
    "phoneme": frozenset({"standard", "neural", "long-form"}),
    "prosody": _EVERY,
    "emphasis": frozenset({"standard"}),
    "amazon:auto-breaths": frozenset({"standard"}),
    "amazon:breath": frozenset({"standard"}),
    "amazon:effect": frozenset({"standard", "neural"}),
    "amazon:domain": frozenset({"neural"}),
}
_STRENGTHS = {"none": 0, "x-weak": 50, "weak": 100, "medium": 300, "strong": 500, "x-strong": 1000}
_RATES = {
    "x-slow": 0.5,
    "slow": 0.75,
    "medium": 1.0,
    "fast": 1.3,
    "x-fast": 1.6,
}  # the service's vary by voice
_MAX_BREAK_MS = 10_000
_NO_PITCH = frozenset({"neural", "long-form", "generative"})


@dataclass
class Utterance:
    """text: the spoken text. starts, ends: of each of its characters, in bytes of the source.

    pauses: (place in the text, ms), in order. pace: as a share of the voice's own, for all of the text: that
    of the last <prosody rate>.
    """

    text: str = ""
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    pauses: list[tuple[int, int]] = field(default_factory=list)
    pace: float = 1.0

    def add(self, data: str, start: int, entity_end: int = 0) -> None:
        for char in data:
            end = entity_end or start + len(char.encode())
            self.text += char
            self.starts.append(start)
            self.ends.append(end)
            start = end

    def pieces(self) -> list[tuple[int, int, int]]:
        """(start, end, pause after it in ms): the text between pauses."""
        pieces, start = [], 0
        for place, pause in self.pauses:
            pieces.append((start, place, pause))
            start = place
        return [*pieces, (start, len(self.text), 0)]


def plain(text: str) -> Utterance:
    utterance = Utterance()
    utterance.add(text, 0)
    return utterance


def parse(source: str, engine: str) -> Utterance:
    """Raises ServiceError: malformed, a tag that the engine lacks, a break of over 10 s."""
    reader = _Reader(source.encode(), engine)
    try:
        return reader.read()
    except expat.ExpatError as error:
        raise _invalid("Invalid SSML request") from error


class _Reader:
    def __init__(self, source: bytes, engine: str) -> None:
        self._source = source
        self._engine = engine
        self._utterance = Utterance()
        self._depth = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self) -> Utterance:
        self._parser.Parse(self._source, True)
        return self._utterance

    def _open(self, tag: str, attributes: dict[str, str]) -> None:
        if (self._depth == 0) != (tag == "speak") or tag not in _TAGS:
            raise _invalid("Invalid SSML request")
        if self._engine not in _TAGS[tag]:
            raise _invalid(f"Unsupported {self._engine.title()} feature")
        self._depth += 1
        if tag == "break":
            self._utterance.pauses.append((len(self._utterance.text), _pause(attributes)))
        if tag == "prosody" and "pitch" in attributes and self._engine in _NO_PITCH:
            raise _invalid(f"Unsupported {self._engine.title()} feature")
        if tag == "prosody" and "rate" in attributes:
            self._utterance.pace = _pace(attributes["rate"])

    def _close(self, tag: str) -> None:
        self._depth -= 1
        if tag in {"p", "s"}:  # its text is a sentence, though no space may follow
            self._utterance.add("\n", self._parser.CurrentByteIndex, self._parser.CurrentByteIndex)

    def _text(self, data: str) -> None:
        at = self._parser.CurrentByteIndex
        entity = self._source[at : at + 1] == b"&"
        self._utterance.add(data, at, self._source.index(b";", at) + 1 if entity else 0)

    def _doctype(self, *_: object) -> None:
        raise _invalid("Invalid SSML request")


def _pace(rate: str) -> float:
    if rate in _RATES:
        return _RATES[rate]
    match = re.fullmatch(r"(\d{2,3})%", rate)
    if match is None or not 20 <= int(match[1]) <= 200:
        raise _invalid("Invalid SSML request")
    return int(match[1]) / 100


def _pause(attributes: Mapping[str, str]) -> int:
    if (strength := attributes.get("strength", "medium")) not in _STRENGTHS:
        raise _invalid("Invalid SSML request")
    if "time" not in attributes:
        return _STRENGTHS[strength]
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", attributes["time"])
    if match is None:
        raise _invalid("Invalid SSML request")
    milliseconds = round(float(match[1]) * (1000 if match[2] == "s" else 1))
    if milliseconds > _MAX_BREAK_MS:
        raise _invalid("Invalid SSML request: a break is 10 seconds at most")
    return milliseconds


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidSsmlException", message)
