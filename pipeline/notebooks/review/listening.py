"""What a reviewer hears and reads in full: outliers, twins, translations, and a fixed sample."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipeline.batch.publishing import Pair
from pipeline.errors import StoreError
from pipeline.notebooks.drawing import COLOURS
from pipeline.notebooks.review.frames import edition_row
from pipeline.notebooks.review.outliers import FAR
from pipeline.notebooks.review.pages import Page, badges, card, grid, page, paragraph, said
from pipeline.notebooks.review.run import Reading
from pipeline.ports import Store
from pipeline.storage.digest import digest
from pipeline.storage.keys import WRITTEN_IN

if TYPE_CHECKING:
    from pandas import DataFrame, Series

# An executed notebook of some 5 MB still opens at once; sounds in it are a third larger than their files.
_LISTEN_BYTES, _OUTLIER_BYTES = 2_200_000, 1_250_000
# Where a model tells one story only, all pairs are alike: nobody needs them counted.
MOST_TWINS = 1000
_PLAYER = Markup('<audio controls preload="metadata" src="data:audio/mpeg;base64,{}"></audio>')


def sample(reading: Reading, listen: int) -> list[Pair]:
    """The same for a run, however often it is asked: a pair's place in the draw is its digest's. One of each
    language first, then others until there are `listen`; 0: none."""
    if listen == 0:
        return []
    drawn = sorted(reading.editions, key=lambda pair: digest(["listen", reading.run, *pair]))
    first = {locale: (story_id, locale) for story_id, locale in reversed(drawn)}.values()
    ranked = [pair for pair in drawn if pair in first]
    others = [pair for pair in drawn if pair not in first]
    return ranked + others[: max(0, listen - len(ranked))]


def listening(store: Store, reading: Reading, listen: int) -> Page:
    """The sample, each with its player, transcript and figures."""
    chosen = sample(reading, listen)
    if not chosen:
        return said(f"Nothing is played: {'listen is 0' if listen == 0 else 'nothing is made'}.")
    players = _players(store, reading, chosen, _LISTEN_BYTES)
    told = zip(chosen, players, strict=True)
    return page(Markup("").join(_heard(reading, pair, player) for pair, player in told))


def outliers_told(store: Store, reading: Reading, rows: DataFrame, most: int = 3) -> Page:
    """How many of `outliers` are FAR, and the farthest, each with its player and text."""
    if not len(rows):
        return page()
    shown = rows.head(most)
    pairs = list(zip(shown["id"], shown["locale"], strict=True))
    players = _players(store, reading, pairs, _OUTLIER_BYTES)
    found = [
        card(_title(reading, pair), _why(row), player + paragraph(_text(reading, pair)), _colour(row["far"]))
        for pair, player, (_, row) in zip(pairs, players, shown.iterrows(), strict=True)
    ]
    count = int((rows["far"].abs() >= FAR).sum())
    return page(paragraph(f"Further than {FAR}: {count:,} of {len(rows):,}."), *found)


def twins_told(reading: Reading, twins: Sequence[tuple[int, int, float]], most: int = 3) -> Page:
    """Near-duplicates side by side, `most` of them. twins: MOST_TWINS at most; each two places in
    reading.stories, and how much of their runs of three words they share."""
    ids = list(reading.stories)
    found = [
        grid(
            [f"{_title(reading, (ids[at], WRITTEN_IN))} ({ids[at][:8]})" for at in (one, other)],
            [[_text(reading, (ids[at], WRITTEN_IN)) for at in (one, other)]],
        )
        + paragraph(f"They share {100 * shared:.0f} % of their runs of three words.")
        for one, other, shared in twins[:most]
    ]
    many = f"{len(twins):,}{' or more' if len(twins) == MOST_TWINS else ''}"
    return page(paragraph(f"Pairs of stories that tell nearly the same: {many}."), *found)


def translations_told(reading: Reading) -> Page:
    """A story of each language, sentence by sentence beside its English, with its labels."""
    chosen = [pair for pair in sample(reading, 1) if pair[1] != WRITTEN_IN]
    found = [_beside(reading, pair) for pair in sorted(chosen, key=lambda pair: pair[1])]
    return page(*found) if found else said("No translation was made.")


def _beside(reading: Reading, pair: Pair) -> Markup:
    one, english = reading.editions[pair], reading.stories.get(pair[0])
    source = (english.story.title, *english.story.segments) if english else ()
    target = (one.title, *(segment.text for segment in one.segments))
    rows = zip_longest(source, target, fillvalue="")
    return card(one.title, _about(reading, pair), grid([WRITTEN_IN, one.locale], rows), COLOURS[2])


def _heard(reading: Reading, pair: Pair, player: Markup) -> Markup:
    figures = edition_row(reading, reading.editions[pair])
    speed = f"{figures['seconds']} s, {figures['words_per_minute']} words a minute"
    wait = figures["longest_wait"]
    told = f"{speed}; longest wait from word to word {'not known' if wait is None else f'{wait} s'}"
    return card(
        _title(reading, pair),
        _about(reading, pair),
        player + paragraph(_text(reading, pair)) + paragraph(told),
        COLOURS[4],
    )


def _players(store: Store, reading: Reading, pairs: Sequence[Pair], most: int) -> Iterator[Markup]:
    """For each, its sound within the page, while all of them have no more than `most` bytes."""
    left = most
    for pair in pairs:
        one = reading.editions.get(pair)
        try:
            sound = store.get(one.mp3) if one else b""
        except StoreError:
            yield paragraph(f"The sound is gone from the store: {one.mp3 if one else ''}")
            continue
        if one is None:
            yield paragraph("It was not narrated in this language.")
        elif len(sound) > left:
            yield paragraph(f"Too much to keep on one page; it is {one.mp3} in the store.")
        else:
            left -= len(sound)
            yield _PLAYER.format(base64.b64encode(sound).decode())


def _about(reading: Reading, pair: Pair) -> Markup:
    one = reading.editions[pair]
    sure = edition_row(reading, one)["confidence"]
    sure_of = "" if sure is None else f"· {sure:.2f} sure that it is {one.locale}"
    return Markup("{} · <code>{}</code> · {} {}").format(
        one.locale, one.story_id[:12], badges(one.labels) or "no label", sure_of
    )


def _why(row: Series[Any]) -> Markup:
    figure = row["figure"].replace("_", " ")
    told = f"{figure} {row['value']:.3g}, where {row['usual']:.3g} is usual: {abs(row['far']):.1f} away"
    return Markup("{} · <code>{}</code> · <b>{}</b>").format(row["locale"], row["id"][:12], told)


def _colour(far: float) -> str:
    return COLOURS[5] if abs(far) >= FAR else COLOURS[0]


def _title(reading: Reading, pair: Pair) -> str:
    if one := reading.editions.get(pair):
        return one.title
    return reading.stories[pair[0]].story.title if pair[0] in reading.stories else ""


def _text(reading: Reading, pair: Pair) -> str:
    if one := reading.editions.get(pair):
        return " ".join(segment.text for segment in one.segments)
    return reading.stories[pair[0]].story.text if pair[0] in reading.stories else "(its text cannot be read)"
