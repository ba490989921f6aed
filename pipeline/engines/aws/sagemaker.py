"""Writes with a model on a SageMaker endpoint: Falcon from JumpStart, or another by settings."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from functools import cached_property, partial
from typing import Any

from pipeline.engines.aws.clients import Clients
from pipeline.engines.aws.completions import PartialCompletion
from pipeline.engines.aws.containers import Chat, Container, Piece, TextGeneration
from pipeline.engines.aws.errors import mapped_errors
from pipeline.engines.aws.parameters import resolve
from pipeline.engines.aws.prompt_formats import format_of
from pipeline.engines.chat import data
from pipeline.engines.streams import lines, within
from pipeline.errors import ConfigError, EngineError, UnavailableError
from pipeline.ports import OnText, ignore
from pipeline.types import Completion, Prompt

_ENGINE = "sagemaker"
_SERVICE = "sagemaker-runtime"
# Express workflows end after 300 s, and the local server answers within 290.
_DEADLINE_S = 290.0
_CHUNK = 4096
CONTAINERS = ("text-generation", "chat")


class SageMakerText:
    """TextEngine over one endpoint.

    endpoint: its name, or "ssm:" and the SSM parameter that holds it, read at the first call.
    model: the JumpStart id, which chooses the prompt's format and is part of the fingerprint; that this model
    runs behind the endpoint is not checked.
    container: "text-generation" or "chat". component: the inference component, where the endpoint has them.
    """

    def __init__(
        self,
        clients: Clients,
        endpoint: str,
        model: str = "huggingface-llm-falcon-7b-instruct-bf16",
        container: str = "text-generation",
        streamed: bool = True,
        parallel: int = 4,
        deadline: float = _DEADLINE_S,
        component: str = "",
    ) -> None:
        self._clients = clients
        self._endpoint = endpoint
        self._model = model
        self._container = container
        self._streamed = streamed
        self._parallel = parallel
        self._deadline = deadline
        self._component = component

    @property
    def fingerprint(self) -> str:
        return f"sagemaker/{re.sub(r'[^A-Za-z0-9_./-]+', '-', self._model)}/1"

    @property
    def parallel(self) -> int:
        return self._parallel

    def complete(self, prompt: Prompt, on_text: OnText = ignore) -> Completion:
        """Raises ConfigError: no endpoint, region or credentials. EngineError: no whole answer, never half of
        one. For a prompt with choices `on_text` is called once, with the choice. Exceptions of `on_text` pass
        through.
        """
        container = self._chosen_container()
        partial_completion = PartialCompletion(prompt, container.render(prompt), container.stops)
        on_piece = ignore if prompt.choices else on_text
        body = json.dumps(container.body(prompt, self._streamed)).encode()
        with closing(within(self._deadline, partial(self._parts, body), _ENGINE, self._what)) as parts:
            for piece in self._pieces(container, parts):
                _pass_on(partial_completion.add(piece), on_piece)
                if partial_completion.stopped:
                    break
        if not (partial_completion.final or partial_completion.stopped):
            raise UnavailableError(f"the answer of {self._what} broke off: run it again", engine=_ENGINE)
        _pass_on(partial_completion.end(), on_piece)
        completion = partial_completion.completion()
        if not completion.text:
            raise EngineError(f"{self._what} answered with no text: run it again", engine=_ENGINE)
        if prompt.choices:
            on_text(completion.text)
        return completion

    @cached_property
    def _name(self) -> str:
        return resolve(self._clients, self._endpoint)

    @property
    def _what(self) -> str:
        return f"the SageMaker endpoint {self._name}"

    def _chosen_container(self) -> Container:
        if not self._endpoint:
            raise ConfigError(
                "no SageMaker endpoint is set: set STORIES_ENDPOINT to the name of one in service "
                "(for example `export STORIES_ENDPOINT=stories-falcon`), or deploy one with "
                "notebooks/01_deploy_falcon.ipynb",
                problem="no-endpoint",
            )
        if self._container not in CONTAINERS:
            raise ConfigError(
                f"unknown model container {self._container!r}; known: {', '.join(CONTAINERS)}",
                problem="unknown-container",
            )
        return Chat() if self._container == "chat" else TextGeneration(format_of(self._model))

    def _parts(self, body: bytes) -> Generator[bytes, None, None]:
        """The reply to one call as bytes. Closes the connection also where it is left half read."""
        client = self._clients.get(_SERVICE)
        call: dict[str, Any] = {
            "EndpointName": self._name,
            "ContentType": "application/json",
            "Body": body,
        }
        if self._component:
            call["InferenceComponentName"] = self._component
        with mapped_errors(_ENGINE, self._what):
            if not self._streamed:
                with closing(client.invoke_endpoint(**call)["Body"]) as reply:
                    yield from reply.iter_chunks(_CHUNK)
                return
            with closing(client.invoke_endpoint_with_response_stream(**call)["Body"]) as events:
                for event in events:
                    yield event.get("PayloadPart", {}).get("Bytes", b"")

    def _pieces(self, container: Container, parts: Iterable[bytes]) -> Iterator[Piece]:
        try:
            if not self._streamed:
                yield container.piece(self._json("\n".join(lines(parts, _ENGINE, self._what))))
                return
            for line in lines(parts, _ENGINE, self._what):
                value = data(line)
                if value == "[DONE]":  # ends OpenAI's streams
                    yield Piece(final=True)
                elif value:
                    yield container.piece(self._json(value))
        except EngineError as error:
            error.engine = error.engine or _ENGINE
            raise

    def _json(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise EngineError(
                f"{self._what} answered with something that is not JSON: check its container", engine=_ENGINE
            ) from error


def _pass_on(text: str, on_text: OnText) -> None:
    if text:
        on_text(text)
