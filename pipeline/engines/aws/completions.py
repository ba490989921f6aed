"""One completion as it grows: gathered from pieces, cleaned of what is not the model's text, counted."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.engines.aws.containers import Piece
from pipeline.engines.chat import chosen, estimate
from pipeline.types import Completion, Prompt


class TextFilter:
    """Lets through the text itself: no echo of the prompt before it, nothing from a stop string on, no blanks
    around it. Text that might yet turn out to be one of these is held back, so that the pieces let through,
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
        """Whether blanks and an echo are passed: until that is certain nothing is let through."""
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
        places = [place for stop in self._stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped = True
            text, self._held = self._held[: min(places)].rstrip(), ""
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
            (start for start in starts if any(stop.startswith(held[start:]) for stop in self._stops)),
            len(held),
        )
        return len(held[:cut].rstrip())


class PartialCompletion:
    """Gathers the pieces of one completion. rendered: the prompt as one text."""

    def __init__(self, prompt: Prompt, rendered: str, stops: Sequence[str]) -> None:
        self._prompt = prompt
        self._rendered = rendered
        self._filter = TextFilter(rendered, stops)
        self._text = ""
        self._received = False
        self._tokens = 0
        self._stop = ""
        self._usage = (0, 0)
        self.final = False

    @property
    def stopped(self) -> bool:
        """Whether a stop string came: what may still follow is another's turn."""
        return self._filter.stopped

    def add(self, piece: Piece) -> str:
        """The text that is certain after this piece."""
        self._tokens += piece.tokens
        self._stop = piece.stop or self._stop
        prompt_tokens, completion_tokens = self._usage
        self._usage = piece.prompt_tokens or prompt_tokens, piece.completion_tokens or completion_tokens
        self.final = self.final or piece.final
        self._received = self._received or bool(piece.text)
        # The end of a stream repeats the whole text.
        return self._append(self._filter.feed(piece.text or ("" if self._received else piece.whole)))

    def end(self) -> str:
        """The text that was held back until the end was certain."""
        return self._append(self._filter.end())

    def completion(self) -> Completion:
        prompt_tokens, completion_tokens = self._usage
        tokens = completion_tokens or self._tokens or estimate(self._text)
        return Completion(
            chosen(self._text, self._prompt.choices),
            prompt_tokens or estimate(self._rendered),
            tokens,
            self._stop_reason(tokens),
        )

    def _append(self, text: str) -> str:
        self._text += text
        return text

    def _stop_reason(self, tokens: int) -> str:
        if self.stopped:
            return "end"
        if self._stop:  # "eos_token", "stop_sequence", "stop", "eos" … all mean that it ended by itself
            return "length" if self._stop == "length" else "end"
        return "length" if tokens >= self._prompt.max_tokens else "end"
