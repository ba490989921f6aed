"""Writes with a model of Amazon Bedrock, by Converse: no endpoint, paid by the token."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Any

from pipeline.engines.aws import converse
from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.completions import PartialCompletion
from pipeline.engines.aws.containers import Piece
from pipeline.engines.aws.converse import ENGINE, Terms
from pipeline.engines.aws.errors import code_of, mapped_errors, response_of
from pipeline.engines.streams import within
from pipeline.errors import ConfigError, EngineError, UnavailableError
from pipeline.ports import OnText, ignore
from pipeline.types import Completion, Prompt

_SERVICE = "bedrock-runtime"
# Express workflows end after 300 s, and the local server answers within 290.
_DEADLINE_S = 290.0
# The first form of a request, less each field that may be refused, and one with room to think.
_MOST_FORMS = 4
_log = logging.getLogger(__name__)


class BedrockText:
    """TextEngine over one model.

    model: its id, an inference profile's id or an ARN of either. guardrail: "id:version", "" for none.
    Raises ConfigError: no model, or no guardrail's name.
    """

    def __init__(
        self,
        clients: Clients,
        model: str,
        guardrail: str = "",
        streamed: bool = True,
        parallel: int = 4,
        deadline: float = _DEADLINE_S,
    ) -> None:
        if not model:
            raise ConfigError(
                "STORIES_WRITER=bedrock needs a model: add --model or set STORIES_MODEL, with its id or "
                "that of an inference profile (for example eu.amazon.nova-lite-v1:0)",
                problem="no-model",
            )
        self._clients = clients
        self._model = model
        self._guardrail = converse.guardrail_of(guardrail)
        self._streamed = streamed
        self._parallel = parallel
        self._deadline = deadline
        # What was learned is kept for this engine's life; what one thread overwrites is learned again.
        self._terms = Terms()

    @property
    def fingerprint(self) -> str:
        """The model and the guardrail, which may mask what the model wrote."""
        names = (converse.model_name(self._model), ":".join(self._guardrail.values()).rpartition("/")[2])
        plain = (re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-") for name in names if name)
        return "/".join((ENGINE, *plain, "1"))

    @property
    def parallel(self) -> int:
        return self._parallel

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        """Raises ConfigError: no region, credentials, access or such model. ContentRejectedError: a guardrail
        intervened. EngineError: no whole answer, never half of one. For a prompt with choices `on_text` is
        called once, with the choice. Exceptions of `on_text` pass through.
        """
        end = time.monotonic() + self._deadline
        spent = 0, 0
        for _ in range(_MOST_FORMS):
            terms = self._terms
            form = converse.request(prompt, self._model, self._guardrail, terms)
            try:
                completion, thinks = self._answer(prompt, form, end, ignore if prompt.choices else on_text)
            except EngineError as error:
                learned = terms | _refused(error, form, self._what)
                if learned == terms:
                    raise
                self._terms |= learned
                continue
            spent = spent[0] + completion.prompt_tokens, spent[1] + completion.completion_tokens
            learned = terms | Terms(thinks=thinks)
            self._terms |= learned
            if completion.text:
                if prompt.choices:
                    on_text(completion.text)
                return replace(completion, prompt_tokens=spent[0], completion_tokens=spent[1])
            if learned == terms:
                break
        raise EngineError(
            f"{self._what} answered with no text: run it again, or choose another model", engine=ENGINE
        )

    @property
    def _what(self) -> str:
        return f"the Bedrock model {self._model}"

    def _answer(
        self, prompt: Prompt, form: dict[str, Any], end: float, on_piece: OnText
    ) -> tuple[Completion, bool]:
        """The completion, and whether it was cut while the model thought."""
        partial_completion = PartialCompletion(prompt, "", ())
        reasoned = False
        seconds = round(end - time.monotonic(), 1)
        with closing(within(seconds, partial(self._pieces, form), ENGINE, self._what)) as parts:
            for piece in parts:
                reasoned = reasoned or piece.reasoned
                _pass_on(partial_completion.add(piece), on_piece)
        if not partial_completion.final:
            raise UnavailableError(f"the answer of {self._what} broke off: run it again", engine=ENGINE)
        _pass_on(partial_completion.end(), on_piece)
        completion = partial_completion.completion()
        return completion, reasoned and completion.stop_reason == "length"

    def _pieces(self, form: dict[str, Any]) -> Generator[Piece, None, None]:
        """Closes the connection also where it is left half read."""
        client = self._clients.get(_SERVICE)
        with mapped_errors(ENGINE, self._what):
            if not self._streamed:
                yield from converse.pieces(client.converse(**form), self._what)
                return
            with closing(client.converse_stream(**form)["stream"]) as events:
                for event in events:
                    yield converse.piece(event, self._what)


def _refused(error: EngineError, form: dict[str, Any], what: str) -> Terms:
    """The field of the request that the model does not take; nothing for any other error."""
    words = str(response_of(error.__cause__).get("Error", {}).get("Message", ""))
    if code_of(error.__cause__) != "ValidationException":  # in the middle of a stream it has a small letter
        return Terms()
    if not (name := converse.refused(words, form)):
        return Terms()
    _log.warning("%s does not take %s: it is left out from now on", what, name)
    return Terms(without=frozenset({name}))


def _pass_on(text: str, on_text: OnText) -> None:
    if text:
        on_text(text)
