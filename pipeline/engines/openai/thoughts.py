"""Tells a model's text from its reasoning, where a server leaves both in one stream."""

from __future__ import annotations

# Qwen, DeepSeek and most others; Magistral; some fine-tunes.
_PAIRS = (
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
)
_OPEN = tuple(opening for opening, _ in _PAIRS)
_CLOSE = tuple(closing for _, closing in _PAIRS)


class Thoughts:
    """Lets through the text outside of reasoning, without blanks around it, however it was split.

    inside: the model is taken to begin in its reasoning, as those do whose chat template writes the opening
    tag; where no end of it ever comes, all was text. The first time nobody knows: when an end comes without a
    beginning, what was let through was reasoning, `retracted` counts it and `text` begins anew.
    """

    def __init__(self, inside: bool = False) -> None:
        self._held = ""
        self._inside = inside
        self._assumed = inside
        self.text = ""
        self.reasoned = False
        self.retracted = 0

    def feed(self, piece: str) -> str:
        """The text that is certain after this piece."""
        self._held += piece
        text = ""
        while True:
            if self._inside:
                if not self._leave():
                    return text
            elif (tag := _first(self._held, _OPEN + _CLOSE)) is None:
                return text + self._let_through(_certain(self._held))
            elif tag in _OPEN:
                text += self._let_through(self._held.index(tag))
                self._held = self._held.lstrip()[len(tag) :]  # blanks before it go with it
                self._inside = self.reasoned = True
            else:
                self._held = self._held[self._held.index(tag) + len(tag) :]
                self.reasoned, self.text, text = True, "", ""
                self.retracted += 1

    def end(self) -> str:
        """What was held back and is text after all."""
        if self._inside and not self._assumed:
            return ""
        self._inside = False
        self._held = self._held.rstrip()
        return self._let_through(len(self._held))

    def _leave(self) -> bool:
        """Whether the reasoning ends in what is held."""
        tag = _first(self._held, _CLOSE)
        if tag is None:
            if not self._assumed:
                self._held = self._held[_certain(self._held) :]
            return False
        self._held = self._held[self._held.index(tag) + len(tag) :]
        self._inside = self._assumed = False
        self.reasoned = True
        return True

    def _let_through(self, end: int) -> str:
        """The held text up to there: no blanks at the beginning of all, and none that may be its end."""
        text = self._held[:end] if self.text else self._held[:end].lstrip()
        kept = text.rstrip()
        self._held = text[len(kept) :] + self._held[end:]
        self.text += kept
        return kept


def _first(text: str, tags: tuple[str, ...]) -> str | None:
    places = {tag: place for tag in tags if (place := text.find(tag)) >= 0}
    return min(places, key=lambda tag: places[tag]) if places else None


def _certain(text: str) -> int:
    """Up to where the text is no beginning of a tag."""
    longest = max(map(len, _OPEN + _CLOSE))
    starts = range(max(0, len(text) - longest), len(text))
    return next(
        (start for start in starts if any(tag.startswith(text[start:]) for tag in _OPEN + _CLOSE)), len(text)
    )
