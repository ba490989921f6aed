"""One answer as it grows: heard in pieces, cleaned of what is not the model's text, counted."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.engines.aws.containers import Piece
from pipeline.types import Completion, Prompt

# A rough figure for English and a vocabulary of 65,000 (Falcon) to 130,000: four characters a token.
_CHARACTERS_PER_TOKEN = 4


class Tidy:
    """Lets through the text itself: no echo of the prompt before it, nothing from a stop string on, no blanks
    around it. What might yet turn out to be one of these is held back, so that the pieces let through,
    joined, are the same however the text was split.
    """

    def __init__(self, echo: str, stops: Sequence[str]) -> None:
        self._echo = echo.strip()
        self._stops = tuple(stops)
        self._held = ""
        self._begun = False
        self.stopped = False

    def feed(self, text: str) -> str:
        if self.stopped:
            return ""
        self._held += text
        return self._settled() if self._begin(last=False) else ""

    def end(self) -> str:
        """What was held back and is text after all."""
        if self.stopped or not self._begin(last=True):
            return ""
        settled = self._settled()
        rest, self._held = self._held.rstrip(), ""
        return settled + rest

    def _begin(self, last: bool) -> bool:
        """Past blanks and an echo? Until that is certain nothing is let through."""
        if self._begun:
            return True
        held = self._held.lstrip()
        if self._echo and held.startswith(self._echo):
            held = held[len(self._echo) :].lstrip()
            self._echo = ""
        self._held = held
        self._begun = last or (bool(held) and not self._echo.startswith(held))
        return self._begun and bool(held)

    def _settled(self) -> str:
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if found:
            self.stopped = True
            text, self._held = self._held[: min(found)].rstrip(), ""
            return text
        cut = self._undecided()
        text, self._held = self._held[:cut], self._held[cut:]
        return text

    def _undecided(self) -> int:
        """From where the held text may be the beginning of a stop string, and the blanks before that."""
        held = self._held
        longest = max((len(stop) for stop in self._stops), default=0)
        starts = range(max(0, len(held) - longest), len(held))
        cut = next(
            (at for at in starts if any(stop.startswith(held[at:]) for stop in self._stops)), len(held)
        )
        return len(held[:cut].rstrip())


class Answer:
    """Gathers the pieces of one completion."""

    def __init__(self, prompt: Prompt, sent: str, stops: Sequence[str]) -> None:
        self._prompt = prompt
        self._sent = sent
        self._tidy = Tidy(sent, stops)
        self._text: list[str] = []
        self._tokens = 0
        self._told = Piece()
        self.final = False

    @property
    def over(self) -> bool:
        """A stop string was met: what may still come is another's turn."""
        return self._tidy.stopped

    def take(self, piece: Piece) -> str:
        """The text that is certain after this piece."""
        told = self._told
        self._tokens += piece.tokens
        self._told = Piece(
            text=told.text + piece.text,
            stop=piece.stop or told.stop,
            prompt_tokens=piece.prompt_tokens or told.prompt_tokens,
            completion_tokens=piece.completion_tokens or told.completion_tokens,
        )
        self.final = self.final or piece.final
        # The end of a stream tells the whole text once more.
        return self._let(self._tidy.feed(piece.text or ("" if self._told.text else piece.whole)))

    def end(self) -> str:
        """The text that was held back until the end was certain."""
        return self._let(self._tidy.end())

    def completion(self) -> Completion:
        text = "".join(self._text)
        tokens = self._told.completion_tokens or self._tokens or _estimated(text)
        return Completion(
            chosen(text, self._prompt.choices),
            self._told.prompt_tokens or _estimated(self._sent),
            tokens,
            self._stop_reason(tokens),
        )

    def _let(self, text: str) -> str:
        self._text.append(text)
        return text

    def _stop_reason(self, tokens: int) -> str:
        if self.over:
            return "end"
        if self._told.stop:  # "eos_token", "stop_sequence", "stop", "eos" … all mean that it ended by itself
            return "length" if self._told.stop == "length" else "end"
        return "length" if tokens >= self._prompt.max_tokens else "end"


def chosen(text: str, choices: Sequence[str]) -> str:
    """The first word that is one of the choices; the text as it came where none is."""
    known = {choice.casefold(): choice for choice in choices}
    words = (word.casefold() for word in re.findall(r"\w+", text))
    return next((known[word] for word in words if word in known), text)


def _estimated(text: str) -> int:
    return max(1, -(-len(text) // _CHARACTERS_PER_TOKEN))
