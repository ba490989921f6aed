"""A sheet of sixty covers to look at: python -m bench.covers [docs/covers.png] [--night].

Of the stories that the bench keeps: story_sheet/ and readers/, at most two of an idea from the latter.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.exports.picture import svg
from pipeline.exports.picture.cast import cast
from pipeline.exports.picture.png import png
from pipeline.story.text import sentences
from pipeline.types import Story

HERE = Path(__file__).parent
_COLUMNS, _ROWS, _SIDE, _GAP = 10, 6, 100, 1
_MOST_OF_AN_IDEA = 2
_WRITTEN = re.compile(r"## \d+\. (.*)\n\n.*\n\n\*\*(.*)\*\*\n(.*)\n")
_READ = re.compile(r"## \d+\. Idea: (.*)\n\n\*\*(.*)\*\*\n\n(.*)\n")


def stories() -> list[tuple[Story, str]]:
    """Story and idea, each title of an idea once."""
    texts = {
        (idea, title): text for idea, title, text in _matches([HERE / "story_sheet/stories.md"], _WRITTEN)
    }
    taken: Counter[str] = Counter()
    for idea, title, text in _matches(sorted((HERE / "readers").rglob("sheet.md")), _READ):
        if (idea, title) not in texts and taken[idea] < _MOST_OF_AN_IDEA:
            texts[idea, title] = text
            taken[idea] += 1
    listed = [(Story("0" * 32, "en", title, sentences(text)), idea) for (idea, title), text in texts.items()]
    return listed[: _COLUMNS * _ROWS]


def _matches(files: list[Path], pattern: re.Pattern[str]) -> Iterator[tuple[str, ...]]:
    for file in files:
        yield from (match.groups() for match in pattern.finditer(file.read_text("utf-8")))


def sheet(night: bool) -> str:
    """All covers in one SVG, ten in a row."""
    cells = []
    for number, (story, idea) in enumerate(stories()):
        x, y = number % _COLUMNS * _SIDE, number // _COLUMNS * _SIDE
        cover = svg(story, idea, night).replace('"sky"', f'"sky{number}"').replace("#sky", f"#sky{number}")
        side = _SIDE - 2 * _GAP
        place = f'x="{x + _GAP}" y="{y + _GAP}" width="{side}" height="{side}"'
        cells.append(cover.replace('width="1000" height="1000"', place, 1))
    size = f'width="{_COLUMNS * _SIDE}" height="{_ROWS * _SIDE}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(cells)}</svg>'


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, nargs="?", default=Path("docs/covers.png"))
    parser.add_argument("--night", action="store_true", help="the versions for a dark room")
    options = parser.parse_args()
    options.file.write_bytes(png(sheet(options.night), _COLUMNS * _SIDE, _ROWS * _SIDE))
    for number, (story, idea) in enumerate(stories(), 1):
        print(number, f"{idea} | {story.title}", cast(story, idea), sep="\t")


if __name__ == "__main__":
    main()
