"""Which lengths and age bands a writer does: `python -m bench.lengths LENGTH AUDIENCE [--ideas N]`.

A story of each of the first N ideas of bench/readers/ideas.txt; prints how many passed, each scene within
three drafts. The stories, with why drafts were refused, and their times are in
bench/out/lengths/LENGTH-AUDIENCE.md. Calls are cached beside it: the command goes on after any stop.
The model is asked also for what offers.toml does not offer it: that table follows from these figures.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from pipeline.app import App
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.errors import ContentRejectedError
from pipeline.ports import NoProgress
from pipeline.steps.accept import accept
from pipeline.steps.generate import generate
from pipeline.story.offers import offer
from pipeline.story.text import words
from pipeline.types import Story

HERE = Path(__file__).parent
OUT = HERE / "out" / "lengths"
IDEAS = HERE / "readers" / "ideas.txt"


@dataclass
class Outcome(NoProgress):
    """What became of an idea. story: None where it was refused. notes: why drafts were."""

    idea: str
    story: Story | None = None
    grade: object = None
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        self.notes.append(text)


def outcome(app: App, idea: str, length: str, audience: str) -> Outcome:
    result, started = Outcome(idea), time.perf_counter()
    try:
        text = generate(app, accept(app, idea, 0, audience, length), result)
    except ContentRejectedError:
        pass
    else:
        result.story = text.story
        result.grade = next((check.figure for check in text.checks if check.name == "readability"), None)
    result.seconds = time.perf_counter() - started
    return result


def report(outcomes: list[Outcome]) -> str:
    """A summary, then each story by its scenes with the drafts that were refused."""
    passed = [each for each in outcomes if each.story]
    first = sum(not each.notes for each in passed)
    parts = [f"{len(passed)} of {len(outcomes)} passed, {first} without a refused draft."]
    for each in outcomes:
        count = len(words(each.story.text)) if each.story else 0
        about = f"{count} words, grade {each.grade}, {each.seconds:.0f} s" if each.story else "REFUSED"
        parts.append(f"## {each.idea} ({about})")
        parts += [f"- {note}" for note in each.notes]
        parts += scenes(each.story) if each.story else []
    return "\n\n".join(parts) + "\n"


def scenes(story: Story) -> list[str]:
    """Its title, then a paragraph a scene."""
    starts = [*(story.scenes or (0,)), len(story.segments)]
    texts = (" ".join(story.segments[begin:end]) for begin, end in pairwise(starts))
    return [f"**{story.title}**", *texts]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("length")
    parser.add_argument("audience")
    parser.add_argument("--ideas", type=int, default=8)
    parser.add_argument("--model", default="")
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    app = build_app(Settings(profile="embedded", out=OUT / "store", model=options.model))
    app = replace(app, offer=offer("fake"))  # everything
    ideas = IDEAS.read_text("utf-8").splitlines()[: options.ideas]
    # The first one alone: it reads the long beginnings of the prompts, which the others share.
    outcomes = [outcome(app, ideas[0], options.length, options.audience)]
    with ThreadPoolExecutor(app.text.parallel) as pool:
        outcomes += pool.map(lambda idea: outcome(app, idea, options.length, options.audience), ideas[1:])
    text = report(outcomes)
    path = OUT / f"{options.length}-{options.audience}.md"
    path.write_text(text, "utf-8")
    print(f"{text.partition(chr(10))[0]} {path}")


if __name__ == "__main__":
    main()
