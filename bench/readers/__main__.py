"""Stories read by people who do not know who wrote them.

    python -m bench.readers write baseline                 twenty stories of the writer of today
    python -m bench.readers write other --model smollm3-3b any other way to write: a model, a prompt
    python -m bench.readers mix baseline other             one sheet, shuffled and unnamed, and the key to it
    python -m bench.readers score one.csv two.csv          what two readers or more gave, an arm a row

A reader gets sheet.md and nothing else, and returns a CSV: number, idea, plot, hero, ending, language (0, 1
or 2) and aloud (yes or no), as the sheet explains. Files lie in bench/out/readers; protocol: README.md.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path

from bench.readers.agreement import Reading, table

HERE = Path(__file__).parent
OUT = HERE.parent / "out" / "readers"
_SEED = 20261128  # of the order on the sheet


def write(arm: str, model: str, prompt: str, variant: int) -> None:
    """Writes the ideas' stories to <arm>.json: {idea: {"title", "text"}}; no story: {"refused"}."""
    from tqdm import tqdm

    from pipeline.bootstrap import build_app
    from pipeline.config.settings import Settings
    from pipeline.errors import ContentRejectedError
    from pipeline.ports import NoProgress
    from pipeline.steps.accept import accept
    from pipeline.steps.generate import generate

    app = build_app(Settings(profile="embedded", out=OUT / "store", model=model, prompt=prompt))
    stories: dict[str, dict[str, str]] = {}
    for idea in tqdm((HERE / "ideas.txt").read_text("utf-8").splitlines(), unit="story"):
        try:
            story = generate(app, accept(app, idea, variant), NoProgress()).story
        except ContentRejectedError as error:
            stories[idea] = {"refused": str(error)}
        else:
            stories[idea] = {"title": story.title, "text": " ".join(story.segments)}
        (OUT / f"{arm}.json").write_text(json.dumps(stories, indent=1, ensure_ascii=False), "utf-8")
    refused = sum("refused" in story for story in stories.values())
    print(f"{arm}: {len(stories) - refused} of {len(stories)} ideas have a story")


def mix(arms: Sequence[str]) -> None:
    """Writes sheet.md, without names, and key.json: {number: {"arm", "idea"}}."""
    stories = [
        {"arm": arm, "idea": idea, **story}
        for arm in arms
        for idea, story in json.loads((OUT / f"{arm}.json").read_text("utf-8")).items()
        if "text" in story
    ]
    random.Random(_SEED).shuffle(stories)
    parts = [(HERE / "rubric.md").read_text("utf-8")]
    for number, story in enumerate(stories, 1):
        parts.append(f"## {number}. Idea: {story['idea']}\n\n**{story['title']}**\n\n{story['text']}\n")
    (OUT / "sheet.md").write_text("\n".join(parts), "utf-8")
    key = {number: {name: story[name] for name in ("arm", "idea")} for number, story in enumerate(stories, 1)}
    (OUT / "key.json").write_text(json.dumps(key, indent=1, ensure_ascii=False), "utf-8")
    print(f"{len(stories)} stories: {OUT / 'sheet.md'}")


def score(files: Sequence[Path]) -> None:
    """Prints what readers gave each arm, with intervals, and how far readers agree."""
    key = json.loads((OUT / "key.json").read_text("utf-8"))
    print(table([_reading(path) for path in files], {int(number): row["arm"] for number, row in key.items()}))


def _reading(path: Path) -> Reading:
    with path.open(encoding="utf-8", newline="") as file:
        return Reading.of(path.stem, csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.readers", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    writing = verbs.add_parser("write", help="stories of one way to write")
    writing.add_argument("arm")
    writing.add_argument("--model", default="")
    writing.add_argument("--prompt", default="")
    writing.add_argument("--variant", type=int, default=0)
    verbs.add_parser("mix", help="one sheet without names").add_argument("arms", nargs="+")
    verbs.add_parser("score", help="what readers gave").add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    if options.verb == "write":
        write(options.arm, options.model, options.prompt, options.variant)
    elif options.verb == "mix":
        mix(options.arms)
    else:
        score(options.files)


if __name__ == "__main__":
    main()
