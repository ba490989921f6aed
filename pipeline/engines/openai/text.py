"""Writes with a model behind any server that speaks OpenAI's chat completions."""

from __future__ import annotations

import logging
import re
import time
from contextlib import closing
from dataclasses import replace
from functools import partial

from pipeline.engines.chat import chosen, estimate
from pipeline.engines.openai.address import address
from pipeline.engines.openai.answers import Answer
from pipeline.engines.openai.client import Client, Patience
from pipeline.engines.openai.errors import ENGINE, RefusedError, final
from pipeline.engines.openai.requests import KNOWN, OTHERS, Known, Request, Terms, give_up, request
from pipeline.engines.streams import within
from pipeline.errors import ConfigError, EngineError, StoriesError
from pipeline.ports import OnText, ignore
from pipeline.types import Completion, Prompt, Usage

# More than the fields that may be given up one after another.
_MOST_FORMS = 16
# What a gateway that has no list of models, or does not show it to everybody, may answer.
_NO_LIST = {"no-endpoint", "access-denied", "bad-answer", "model-refused", "engine"}
_log = logging.getLogger(__name__)


class OpenAiText:
    """TextEngine over one server.

    url: its base, as in "http://127.0.0.1:11434/v1". key: "" for none. model: its name at the server.
    plain: http:// is allowed to any host. attempts: requests in all before an answer begins, 0: the default.
    Raises ConfigError: a URL that cannot be used, or no model.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        plain: bool = False,
        parallel: int = 4,
        attempts: int = 0,
        patience: Patience | None = None,
    ) -> None:
        if not model:
            raise ConfigError(
                "STORIES_WRITER_URL names a server but no model is named: add --model or set STORIES_MODEL, "
                "with the model's name there (`stories doctor` lists what the server has)",
                problem="no-model",
            )
        patience = patience or Patience()
        self._patience = replace(patience, attempts=attempts) if attempts else patience
        self._model = model
        self._parallel = parallel
        self._client = Client(address(url, key, plain), model, self._patience)
        self._known: Known | None = None
        # What was learned is kept for this engine's life; what one thread overwrites is learned again.
        self._terms = Terms()

    @property
    def fingerprint(self) -> str:
        """The model's name at the server, and not where the server is: a laptop that has another address
        today, or a gateway before the same model, must not make every story anew. Two servers that give one
        name to different models share stories; whoever needs both names them apart (an alias in llama.cpp
        and vLLM, a tag in Ollama)."""
        return f"{ENGINE}/{re.sub(r'[^A-Za-z0-9_./-]+', '-', self._model).strip('/') or 'model'}/1"

    @property
    def parallel(self) -> int:
        return self._parallel

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        """Raises ConfigError: key, model or address are wrong. EngineError: no whole answer, never half of
        one. For a prompt with choices `on_text` is called once, with the choice. Exceptions of `on_text` pass
        through.
        """
        known = self._server()
        terms = self._terms
        deadline = time.monotonic() + self._patience.whole
        spent = Usage()
        for _ in range(_MOST_FORMS):
            form = request(prompt, self._model, known, terms)
            try:
                answer = self._answer(prompt, form, terms, deadline, on_text)
            except RefusedError as refusal:
                terms = self._less(form, terms, refusal)
                continue
            spent += _usage(form, answer)
            learned = _learned(form, terms, answer, usable := _is_usable(prompt, answer))
            if usable or learned == terms:
                self._terms |= learned
                return self._completion(prompt, answer, spent, on_text)
            terms = learned
        raise EngineError(f"{self._client.server.what} takes no form of the request", engine=ENGINE)

    def _less(self, form: Request, terms: Terms, refusal: RefusedError) -> Terms:
        """The terms without what the server refused. Raises EngineError: nothing is left to give up."""
        name = form.refused(refusal.words)
        if not name:
            raise final(refusal) from None
        _log.warning("%s does not take %s: it is left out from now on", self._client.server.what, name)
        return give_up(terms, name)

    def _server(self) -> Known:
        """What the server takes, by the list of its models; a server without a list is one of the others."""
        if self._known is None:
            try:
                models = self._client.models()
            except StoriesError as error:
                if error.problem not in _NO_LIST:
                    raise
                models = ()
            owners = {model.name: model.owner for model in models}
            owner = owners.get(self._model) or next(iter(owners.values()), "")
            if owner == "llamacpp" and self._model not in owners:
                _log.warning(
                    "%s has no model called %s and answers with %s all the same",
                    self._client.server.what,
                    self._model,
                    ", ".join(owners),
                )
            self._known = KNOWN.get(owner, OTHERS)
        return self._known

    def _answer(
        self, prompt: Prompt, form: Request, terms: Terms, deadline: float, on_text: OnText
    ) -> Answer:
        on_piece = ignore if prompt.choices else on_text
        answer = Answer(prompt.choices, form.in_json, terms.opens, on_piece)
        seconds = round(deadline - time.monotonic(), 1)
        parts = within(seconds, partial(self._client.chat, form.body), ENGINE, self._client.server.what)
        with closing(parts):
            answer.read(parts, self._client.server)
        return answer

    def _completion(self, prompt: Prompt, answer: Answer, spent: Usage, on_text: OnText) -> Completion:
        text, confidence = answer.text, 1.0
        if prompt.choices:
            text, confidence = _choice(prompt, answer)
            on_text(text)
        elif not text:
            raise EngineError(
                f"{self._client.server.what} answered with no text: run it again, or choose another model",
                engine=ENGINE,
            )
        stop = "length" if answer.stop == "length" else "end"
        return Completion(text, spent.prompt_tokens, spent.completion_tokens, stop, confidence)


def _usage(form: Request, answer: Answer) -> Usage:
    """What one answer took, of use or not; estimated where the server does not say."""
    sent = "\n".join(message["content"] for message in form.body["messages"])
    return Usage(
        prompt_tokens=answer.prompt_tokens or estimate(sent),
        completion_tokens=answer.completion_tokens or estimate(answer.text),
    )


def _choice(prompt: Prompt, answer: Answer) -> tuple[str, float]:
    """By log-probabilities, else by the first word that is a choice, confidence 1; ("", 0.0) for neither."""
    text, confidence = answer.odds.best()
    word = chosen(answer.text, prompt.choices)
    if not text and word in prompt.choices:
        return word, 1.0
    return text, confidence


def _is_usable(prompt: Prompt, answer: Answer) -> bool:
    return bool(_choice(prompt, answer)[0] if prompt.choices else answer.text)


def _learned(form: Request, terms: Terms, answer: Answer, usable: bool) -> Terms:
    """What an answer teaches; the same terms where there is nothing to try otherwise."""
    terms = replace(terms, opens=terms.opens or answer.opens)
    cut = answer.reasoned and answer.stop == "length"
    if cut or usable:
        return replace(terms, thinks=terms.thinks or cut)
    if form.in_json:
        # LM Studio holds the reasoning to the schema, and no text comes (its bug tracker, issue 1773).
        return give_up(terms, "response_format")
    if "logprobs" in form.body or answer.text:
        return replace(terms, wordy=True)
    return terms
