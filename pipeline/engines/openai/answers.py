"""Reads an answer: events as they come, or one object from a server that does not stream."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pipeline.engines.chat import Odds, count, data, items, string, table
from pipeline.engines.openai.client import no_api
from pipeline.engines.openai.errors import ENGINE, RefusedError, Server, event_error, filtered, final
from pipeline.engines.openai.schema import JsonLines
from pipeline.engines.openai.thoughts import Thoughts
from pipeline.engines.streams import lines
from pipeline.errors import UnavailableError
from pipeline.ports import OnText

_DONE = "[DONE]"


class Answer:
    """One completion as it grows. text: without reasoning. stop: the server's word for why it ended.

    choices: of the prompt. in_json: its JSON becomes lines. opens: the model begins in its reasoning.
    """

    def __init__(self, choices: Sequence[str], in_json: bool, opens: bool, on_text: OnText) -> None:
        self._thoughts = Thoughts(opens)
        self._in_json = in_json
        self._lines = JsonLines() if in_json else None
        self._on_text = on_text
        self._retracted = 0
        self._reasoned = False
        self.odds = Odds(choices)
        self.text = ""
        self.stop = ""
        self.prompt_tokens = 0
        self.completion_tokens = 0

    @property
    def reasoned(self) -> bool:
        """Whether some of it was reasoning."""
        return self._reasoned or self._thoughts.reasoned

    @property
    def opens(self) -> bool:
        """Whether reasoning ended that had no beginning."""
        return self._thoughts.retracted > 0

    def read(self, parts: Iterable[bytes], server: Server) -> None:
        """Raises StoriesError: an error of the server, no answer of the protocol, or half of one."""
        final = False
        for value in _values(parts, server):
            if value == _DONE:
                final = True
                break
            final = self._add(value, server) or final
        if not final:
            raise UnavailableError(f"the answer of {server.what} broke off: run it again", engine=ENGINE)
        self._pass_on(self._thoughts.end())

    def _add(self, value: Any, server: Server) -> bool:
        """Whether nothing of the text is missing after this object."""
        fields = table(value)
        if fields.get("error") or fields.get("object") == "error":
            error = event_error(server, value)
            # Text that was passed on cannot be asked for in another form.
            raise final(error) if self.text and isinstance(error, RefusedError) else error
        usage, choices = table(fields.get("usage")), fields.get("choices")
        if not isinstance(choices, list) and not usage:
            raise no_api(server)
        self.prompt_tokens = count(usage.get("prompt_tokens")) or self.prompt_tokens
        self.completion_tokens = count(usage.get("completion_tokens")) or self.completion_tokens
        for choice in map(table, items(choices)[:1]):
            self._add_choice(choice)
            if self.stop == "content_filter":
                raise filtered(server)
        return bool(self.stop)

    def _add_choice(self, choice: dict[str, Any]) -> None:
        self.odds.add(choice.get("logprobs"))
        message = table(choice.get("delta")) or table(choice.get("message"))
        # llama.cpp, LM Studio and vLLM until 0.10 write reasoning_content; Ollama and newer vLLM reasoning.
        self._reasoned |= bool(message.get("reasoning_content") or message.get("reasoning"))
        self._pass_on(self._thoughts.feed(_content(message.get("content"))))
        refusal = "content_filter" if message.get("refusal") else ""
        self.stop = refusal or string(choice.get("finish_reason")) or self.stop

    def _pass_on(self, text: str) -> None:
        if self._thoughts.retracted > self._retracted:  # what came before was reasoning
            self._retracted = self._thoughts.retracted
            self.text = ""
            self._lines = JsonLines() if self._in_json else None
        shown = self._lines.feed(text) if self._lines else text
        self.text += shown
        if shown:
            self._on_text(shown)


def _content(value: Any) -> str:
    """Text, or the text among parts, as Mistral's reasoning models write it."""
    if isinstance(value, list):
        return "".join(string(part.get("text")) for part in map(table, value) if part.get("type") == "text")
    return string(value)


def _values(parts: Iterable[bytes], server: Server) -> Iterator[Any]:
    """The objects of a stream, and _DONE; or the one object of an answer that was not streamed."""
    whole: list[str] = []
    streamed = False
    for line in lines(parts, ENGINE, server.what):
        if line.startswith(("data:", "error:")):  # llama.cpp's servers of 2024 had events named error
            streamed = True
            text = data(line.removeprefix("error:"))
            yield _DONE if text == _DONE else _parsed(text, server)
        elif not streamed:
            whole.append(data(line))
    if not streamed and any(whole):
        yield _parsed("\n".join(whole), server)


def _parsed(text: str, server: Server) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise no_api(server) from None
