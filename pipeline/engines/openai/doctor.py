"""What `stories doctor` says of a server of one's own choice: whether it answers, and has the model."""

from __future__ import annotations

from pipeline.engines.openai.address import address
from pipeline.engines.openai.client import Client, Patience
from pipeline.errors import StoriesError
from pipeline.types import Finding

_NAME = "writer"
_PATIENCE = Patience(silence=10.0, attempts=1)
_MOST_NAMES = 12


def examine(url: str, model: str, key: str, plain: bool) -> Finding:
    """Sends one request, for the list of models: nothing that is paid for. Raises nothing."""
    try:
        client = Client(address(url, key, plain), model, _PATIENCE)
        names = sorted(entry.name for entry in client.models())
    except StoriesError as error:
        if error.problem == "no-endpoint":
            summary = "not checked: the server answers, but lists no models"
            return Finding(_NAME, None, summary, "check STORIES_WRITER_URL", needed=False)
        summary, _, todo = str(error).rpartition(": ")
        return Finding(_NAME, False, summary, todo)
    listed = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "") or "no model"
    # Ollama's own names end in a tag that may be left out.
    if model and {model, f"{model}:latest"} & set(names):
        return Finding(_NAME, True, f"{client.server.what} answers and has {model}")
    missing = f"not {model}" if model else "and none is named"
    todo = "name one of them with --model or STORIES_MODEL, or load yours there"
    return Finding(_NAME, False, f"{client.server.what} answers and has {listed}, {missing}", todo)
