"""`stories models try` and `use`: another local writer, tried beside this machine's own, and chosen."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipeline.bootstrap import build_app, models_dir, weights, writer
from pipeline.cli.terminal import TerminalProgress, say, table, tell
from pipeline.cli.weights import fetch
from pipeline.config import env_file, project
from pipeline.config.settings import Settings, Writer
from pipeline.errors import ConfigError, ContentRejectedError, NotFoundError, RequestError
from pipeline.steps import committed
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import CommittedText

# A person, an animal, a thing, the weather and a place; none of them is in a prompt.
IDEAS = (
    "a hedgehog who cannot sleep because the stars are too bright",
    "a girl who builds a raft to visit the moon in the lake",
    "an umbrella that is afraid of rain",
    "a snowflake that wants to see the summer",
    "a lighthouse whose lamp has gone out",
)
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Trial:
    """The stories that a writer made of IDEAS, one an idea: the text, or why there is none.

    tokens, seconds: of the stories that were written now; those of an earlier trial are read.
    """

    model: str
    stories: tuple[CommittedText | str, ...]
    tokens: int
    seconds: float

    @property
    def passed(self) -> tuple[CommittedText, ...]:
        return tuple(story for story in self.stories if isinstance(story, CommittedText))


def try_writer(settings: Settings, name: str) -> None:
    """Prints figures and stories of the model `name` and of the writer of `settings`.

    Both write into the store of `settings`, so that a second trial costs nothing. Raises ConfigError,
    EngineError: the weights cannot be had.
    """
    _check(name)
    tried = _trial(replace(settings, model=name, writer=Writer()))  # local, whatever server writes now
    memory = _peak_memory()
    current = _trial(settings)
    heading = ("writer", "stories that passed", "at the first draft", "tokens/s", "memory")
    say(table([heading, _row(tried, f"{memory / 1e9:.1f} GB"), _row(current, "")]))
    for number, idea in enumerate(IDEAS):
        say(f"\n{number + 1}. {idea}")
        for trial in (tried, current):
            say(f"\n[{trial.model}]\n{_in_lines(trial.stories[number])}")
    tell(f"To write with it from now on: stories models use {name}")


def use_writer(settings: Settings, name: str, environ: Mapping[str, str]) -> None:
    """Makes `name` the writer: STORIES_MODEL in `.env`. Raises ConfigError: not here, unwritable."""
    from pipeline.engines.embedded import models

    _check(name)
    models.path_of(name, models_dir(settings))
    path = env_file.path(environ, project.folder())
    if path is None:
        raise ConfigError(
            f"no file of settings is read here: set STORIES_MODEL={name} in the environment instead, or name "
            f"a file with {env_file.VARIABLE}",
            problem="config",
        )
    env_file.check(path)
    env_file.write(path, {"STORIES_MODEL": name})
    tell(f"{path.absolute()}: STORIES_MODEL={name}. Commands that read this file write with it; a variable")
    tell("of the shell or --model goes before. Take the line out to go back")
    if settings.writer.url:
        tell("STORIES_WRITER_URL names a server, which writes until that is unset")
    elif settings.writer.engine:
        tell(f"STORIES_WRITER={settings.writer.engine} writes until that is unset")


def _check(name: str) -> None:
    """Raises ConfigError: unknown weights, or those of a voice."""
    from pipeline.engines.embedded import gguf, models

    if not gguf.is_path(name) and models.find(name).use != "writer":
        raise ConfigError(f"{name} is not a writer: `stories models` lists those", problem="unknown-weights")


def _trial(settings: Settings) -> Trial:
    """Raises ConfigError, EngineError; a story that no draft made is counted."""
    fetch(weights(settings, ()), settings)
    app, progress = build_app(settings), TerminalProgress()
    stories: list[CommittedText | str] = []
    tokens, seconds = 0, 0.0
    model = writer(settings)
    for number, idea in enumerate(IDEAS, 1):
        tell(f"{model}, {number} of {len(IDEAS)}: {idea}")
        story_id = accept(app, idea)
        try:
            stories.append(committed.text(app.store, story_id, WRITTEN_IN))
            continue
        except NotFoundError:
            started = time.perf_counter()
        try:
            text = generate(app, story_id, progress)
        except (ContentRejectedError, RequestError) as error:
            stories.append(str(error))
            continue
        seconds += time.perf_counter() - started
        tokens += text.usage.completion_tokens
        stories.append(text)
    return Trial(model, tuple(stories), tokens, seconds)


def _row(trial: Trial, memory: str) -> tuple[str, ...]:
    first = sum(text.attempt == 0 for text in trial.passed)
    rate = f"{trial.tokens / trial.seconds:.1f}" if trial.seconds else "made before"
    return (trial.model, f"{len(trial.passed)} of {len(IDEAS)}", str(first), rate, memory)


def _in_lines(story: CommittedText | str) -> str:
    if isinstance(story, str):
        return textwrap.fill(f"no story: {story}", _WIDTH)
    return f"{story.story.title}\n{textwrap.fill(' '.join(story.story.segments), _WIDTH)}"


def _peak_memory() -> int:
    """Bytes: the most that this process has held."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, Linux KiB
