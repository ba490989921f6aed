"""How fast an engine writes: seconds to the first word and to the last, tokens a second, what that costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from pipeline.app import App
from pipeline.notebooks.drawing import COLOURS, panels
from pipeline.story.checks import MOST_WORDS
from pipeline.story.prompt import Draft
from pipeline.types import StoryRequest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Timed:
    """A draft, and how it came. first_s, whole_s: seconds from the call to the first piece of text and to the
    end. tokens: of the answer, as the engine counts them."""

    draft: Draft
    first_s: float
    whole_s: float
    tokens: int

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.whole_s if self.whole_s else 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians of what was timed, and US dollars: of an hour, asked or not, and of a thousand drafts that are
    written one after the other. None where the price of an hour is not known."""

    first_s: float
    whole_s: float
    tokens_per_s: float
    per_hour: float | None
    per_thousand: float | None


def timed(app: App, idea: str, count: int, now: Callable[[], float] = time.perf_counter) -> Iterator[Timed]:
    """The first drafts of `count` variants of an idea in English, one after the other. Nothing is checked,
    and what the app's store remembers takes no time: give it an empty one. Raises EngineError."""
    for variant in range(count):
        prompt = app.prompt.prompt(StoryRequest(idea, variant), idea, 0)
        heard: list[float] = []
        began = now()
        completion = app.text.complete(prompt, lambda _, heard=heard: heard.append(now()))  # type: ignore[misc]
        ended = now()
        first = (heard[0] if heard else ended) - began
        draft = app.prompt.parse(completion, MOST_WORDS)
        yield Timed(draft, first, ended - began, completion.completion_tokens)


def speed(samples: Sequence[Timed], per_hour: float | None) -> Speed:
    """per_hour: US dollars of what wrote them."""
    whole = median(one.whole_s for one in samples)
    return Speed(
        first_s=median(one.first_s for one in samples),
        whole_s=whole,
        tokens_per_s=median(one.tokens_per_s for one in samples),
        per_hour=per_hour,
        per_thousand=None if per_hour is None else per_hour * whole * 1000 / _HOUR_S,
    )


def draw(samples: Sequence[Timed]) -> Axes:
    """A bar a draft: the wait for its first word, and then its writing."""
    (axes,) = panels(wide=7.0, high=1.2 + 0.4 * len(samples))
    rows = range(1, len(samples) + 1)
    waited = [one.first_s for one in samples]
    wrote = [one.whole_s - one.first_s for one in samples]
    axes.barh(rows, waited, color=COLOURS[1], label="until the first word")
    bars = axes.barh(rows, wrote, left=waited, color=COLOURS[0], label="writing")
    axes.bar_label(bars, [f"{one.tokens_per_s:.0f} tokens/s" for one in samples], padding=4)
    axes.set(xlabel="seconds since the call", ylabel="draft")
    axes.set_title("How long a draft takes", loc="left")
    axes.set_xlim(0, max(one.whole_s for one in samples) * 1.25)
    axes.set_yticks(rows)
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=2, frameon=False)
    return axes
