"""How fast an engine writes: seconds to the first word and to the last, tokens a second, and the cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from pipeline.app import App
from pipeline.notebooks.drawing import COLOURS, figure_of, label, panels
from pipeline.story.checks import MOST_WORDS
from pipeline.story.drafts import Draft
from pipeline.types import StoryRequest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Sample:
    """A timed draft. first_s, whole_s: seconds from the call to the first piece of text and to the end.
    tokens: of the completion, as the engine counts them."""

    draft: Draft
    first_s: float
    whole_s: float
    tokens: int

    @property
    def tokens_per_s(self) -> float:
        return self.tokens / self.whole_s if self.whole_s else 0.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians of the samples, and US dollars: of an hour, and of a thousand drafts that are written one after
    the other. None where the price of an hour is not known."""

    first_s: float
    whole_s: float
    tokens_per_s: float
    per_hour: float | None
    per_thousand: float | None


def samples(
    app: App, idea: str, count: int, now: Callable[[], float] = time.perf_counter
) -> Iterator[Sample]:
    """The first drafts of `count` variants of an English idea, one after the other, unchecked.

    A cached draft takes no time: give the app an empty store. Raises EngineError.
    """
    for variant in range(count):
        prompt = app.prompt.prompt(StoryRequest(idea, variant), idea, 0)
        times = [now()]

        def arrived(_: str, times: list[float] = times) -> None:
            times.append(now())

        completion = app.text.complete(prompt, arrived)
        end = now()
        start, first = times[0], times[1] if len(times) > 1 else end
        draft = app.prompt.parse(completion, MOST_WORDS)
        yield Sample(draft, first - start, end - start, completion.completion_tokens)


def speed(timed: Sequence[Sample], per_hour: float | None) -> Speed:
    """per_hour: US dollars of the machine that wrote the samples."""
    whole = median(sample.whole_s for sample in timed)
    return Speed(
        first_s=median(sample.first_s for sample in timed),
        whole_s=whole,
        tokens_per_s=median(sample.tokens_per_s for sample in timed),
        per_hour=per_hour,
        per_thousand=None if per_hour is None else per_hour * whole * 1000 / _HOUR_S,
    )


def plot(timed: Sequence[Sample]) -> Figure:
    """A bar for each draft: the wait for its first word, then its writing."""
    (axes,) = panels(width=7.0, height=1.2 + 0.4 * len(timed))
    rows = range(1, len(timed) + 1)
    waits = [sample.first_s for sample in timed]
    writing = [sample.whole_s - sample.first_s for sample in timed]
    axes.barh(rows, waits, color=COLOURS[1], label="until the first word")
    bars = axes.barh(rows, writing, left=waits, color=COLOURS[0], label="writing")
    axes.bar_label(bars, [f"{sample.tokens_per_s:.0f} tokens/s" for sample in timed], padding=4)
    label(axes, "How long a draft takes", "seconds since the call", "draft")
    axes.set_xlim(0, max(sample.whole_s for sample in timed) * 1.25)
    axes.set_yticks(rows)
    axes.invert_yaxis()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=2)
    return figure_of(axes)
