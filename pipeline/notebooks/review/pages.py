"""What a reviewer reads and hears: the verdict, outliers, near-duplicates, translations, and a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pipeline.batch.html import duration
from pipeline.batch.publishing import Pair
from pipeline.batch.report.figures import Report
from pipeline.batch.report.plots import plots
from pipeline.errors import StoreError
from pipeline.notebooks import html
from pipeline.notebooks.drawing import COLOURS
from pipeline.notebooks.html import Page, paragraph
from pipeline.notebooks.review.outliers import FAR
from pipeline.notebooks.review.run import RunContents
from pipeline.notebooks.review.tables import narration_row
from pipeline.ports import Store
from pipeline.storage.digest import digest
from pipeline.storage.keys import WRITTEN_IN

if TYPE_CHECKING:
    from pandas import DataFrame

# An executed notebook of some 5 MB still opens at once; sounds in it are a third larger than their files.
_LISTEN_BYTES, _OUTLIER_BYTES = 2_200_000, 1_250_000
# Where a model writes one story only, all pairs are near-duplicates: their exact number does not matter.
MOST_DUPLICATES = 1000
# The report page's plots take their colours from the page around them.
_PLOTS = Markup(
    '<div style="display:flex;flex-wrap:wrap;gap:1.5em;--one:{};--two:{};--line:#999999">{}</div>'
)
_PLOT = Markup('<figure style="margin:0;width:380px"><figcaption><b>{}</b></figcaption>{}</figure>')


def verdict(report: Report, listing: str) -> Page:
    """The run at a glance. listing: what readers have of it."""
    rates = report.rates
    rows = [
        ("verdict", report.verdict + (", stopped by its budget" if report.stopped else "")),
        ("run", f"{report.run} of {report.catalog['name']}, by the profile {report.profile}"),
        ("begun", f"{datetime.fromtimestamp(report.began, UTC):%Y-%m-%d %H:%M} UTC"),
        ("readers", listing),
        ("stories × languages wanted", report.planned),
        ("made", report.made),
        ("made before", report.skipped),
        ("left by the budget", report.left),
        ("failed", len(report.failed)),
        ("missing", len(report.missing)),
        ("from plan to end", duration(report.wall)),
        ("stories × languages an hour", rates.stories_per_hour),
        ("tokens a second of the writer", rates.tokens_per_second),
        ("seconds of sound a second of the voice", rates.audio_seconds_per_second),
        (f"US$, by prices of {report.prices}", f"{report.dollars:.4f}"),
    ]
    return html.page(html.grid(("what", "figure"), rows))


def run_plots(report: Report) -> Page:
    """The plots of the run's report page: lengths, work, failures and why, money, engines' time."""
    drawn = Markup("").join(_PLOT.format(title, svg) for title, svg in plots(report))
    return html.page(_PLOTS.format(COLOURS[0], COLOURS[5], drawn))


def sample(contents: RunContents, listen: int) -> list[Pair]:
    """A random sample, the same at each call for a run: one of each language first, then others until there
    are `listen`; 0: none."""
    if listen == 0:
        return []
    shuffled = sorted(contents.narrations, key=lambda pair: digest(["listen", contents.run, *pair]))
    first = {locale: (story_id, locale) for story_id, locale in reversed(shuffled)}.values()
    ordered = sorted(shuffled, key=lambda pair: pair not in first)
    return ordered[: max(listen, len(first))]


def listening(store: Store, contents: RunContents, listen: int) -> Page:
    """The sample, each with its player, transcript and figures."""
    chosen = sample(contents, listen)
    if not chosen:
        return html.sentence(f"Nothing is played: {'listen is 0' if listen == 0 else 'nothing is made'}.")
    players = _players(store, contents, chosen, _LISTEN_BYTES)
    return html.page(*map(lambda pair, player: _sampled(contents, pair, player), chosen, players))


def outliers(store: Store, contents: RunContents, rows: DataFrame, most: int = 3) -> Page:
    """The number of outliers, and the farthest, each with its player and text. rows: outliers.outliers."""
    if not len(rows):
        return html.page()
    farthest = rows.head(most)
    pairs = list(zip(farthest["id"], farthest["locale"], strict=True))
    players = _players(store, contents, pairs, _OUTLIER_BYTES)
    cards = [
        html.card(
            _title(contents, pair),
            _why(row),
            player + paragraph(_text(contents, pair)),
            COLOURS[5] if abs(row["far"]) >= FAR else COLOURS[0],
        )
        for pair, player, row in zip(pairs, players, farthest.to_dict("records"), strict=True)
    ]
    count = int((rows["far"].abs() >= FAR).sum())
    return html.page(paragraph(f"Further than {FAR}: {count:,} of {len(rows):,}."), *cards)


def near_duplicates(
    contents: RunContents, duplicates: Sequence[tuple[int, int, float]], most: int = 3
) -> Page:
    """Near-duplicates side by side. duplicates: MOST_DUPLICATES at most; each two places in contents.stories,
    and the share of their runs of three words that they have in common."""
    ids = list(contents.stories)
    parts = []
    for first, second, shared in duplicates[:most]:
        pairs = [(ids[first], WRITTEN_IN), (ids[second], WRITTEN_IN)]
        heading = [f"{_title(contents, pair)} ({pair[0][:8]})" for pair in pairs]
        parts.append(html.grid(heading, [[_text(contents, pair) for pair in pairs]]))
        parts.append(paragraph(f"They share {100 * shared:.0f} % of their runs of three words."))
    count = f"{len(duplicates):,}{' or more' if len(duplicates) == MOST_DUPLICATES else ''}"
    return html.page(paragraph(f"Pairs of stories that are nearly the same: {count}."), *parts)


def translations(contents: RunContents) -> Page:
    """A story of each language, sentence by sentence beside its English, with its labels."""
    chosen = [pair for pair in sample(contents, 1) if pair[1] != WRITTEN_IN]
    cards = [_beside_english(contents, pair) for pair in sorted(chosen, key=lambda pair: pair[1])]
    return html.page(*cards) if cards else html.sentence("No translation was made.")


def _beside_english(contents: RunContents, pair: Pair) -> Markup:
    manifest, english = contents.narrations[pair], contents.stories.get(pair[0])
    source = (english.story.title, *english.story.segments) if english else ()
    target = (manifest.title, *(segment.text for segment in manifest.segments))
    rows = zip_longest(source, target, fillvalue="")
    body = html.grid([WRITTEN_IN, manifest.locale], rows)
    return html.card(manifest.title, _about(contents, pair), body, COLOURS[2])


def _sampled(contents: RunContents, pair: Pair, player: Markup) -> Markup:
    figures = narration_row(contents, contents.narrations[pair])
    wait = "not known" if figures["longest_wait"] is None else f"{figures['longest_wait']} s"
    line = (
        f"{figures['seconds']} s, {figures['words_per_minute']} words a minute; "
        f"longest wait from word to word {wait}"
    )
    body = player + paragraph(_text(contents, pair)) + paragraph(line)
    return html.card(_title(contents, pair), _about(contents, pair), body, COLOURS[4])


def _players(store: Store, contents: RunContents, pairs: Sequence[Pair], most: int) -> Iterator[Markup]:
    """A player for each, while their sounds together have no more than `most` bytes."""
    left = most
    for pair in pairs:
        manifest = contents.narrations.get(pair)
        if manifest is None:
            yield paragraph("It was not narrated in this language.")
            continue
        try:
            sound = store.get(manifest.mp3)
        except StoreError:
            yield paragraph(f"The sound is gone from the store: {manifest.mp3}")
            continue
        if len(sound) > left:
            yield paragraph(f"Too much to keep on one page; it is {manifest.mp3} in the store.")
        else:
            left -= len(sound)
            yield html.player(sound)


def _about(contents: RunContents, pair: Pair) -> Markup:
    manifest = contents.narrations[pair]
    confidence = narration_row(contents, manifest)["confidence"]
    language = "" if confidence is None else f"· {confidence:.2f} sure that it is {manifest.locale}"
    return Markup("{} · <code>{}</code> · {} {}").format(
        manifest.locale, manifest.story_id[:12], html.badges(manifest.labels) or "no label", language
    )


def _why(row: dict[Any, Any]) -> Markup:
    figure = row["figure"].replace("_", " ")
    text = f"{figure} {row['value']:.3g}, where {row['usual']:.3g} is usual: {abs(row['far']):.1f} away"
    return Markup("{} · <code>{}</code> · <b>{}</b>").format(row["locale"], row["id"][:12], text)


def _title(contents: RunContents, pair: Pair) -> str:
    if manifest := contents.narrations.get(pair):
        return manifest.title
    return contents.stories[pair[0]].story.title if pair[0] in contents.stories else ""


def _text(contents: RunContents, pair: Pair) -> str:
    if manifest := contents.narrations.get(pair):
        return " ".join(segment.text for segment in manifest.segments)
    return (
        contents.stories[pair[0]].story.text if pair[0] in contents.stories else "(its text cannot be read)"
    )
