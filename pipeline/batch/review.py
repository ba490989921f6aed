"""What a person looks at before a run is published: whatever a check found fault with, and a sample.

Only what readers do not have yet: what is listed already, or was refused once, is not asked about again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.app import App
from pipeline.batch.html import plain, rendered
from pipeline.batch.publishing import Pair, complete_of, pairs, readable, streamed
from pipeline.batch.runs import Run
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage import shelf as catalog
from pipeline.storage.digest import digest
from pipeline.story.locales import language
from pipeline.types import Check, Manifest

_IN_FULL = 10
# More than that nobody reads, and no browser shows with ease.
_ON_THE_PAGE = 2000
_LONGEST = 2000  # characters; a story has some 600
_PAGE = 1000
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A story × locale as a person reads it. found: what the checks found, in words; empty for a sample."""

    id: str
    locale: str
    title: str
    text: str
    idea: str
    found: tuple[str, ...]
    mp3: str

    @property
    def direction(self) -> str:
        return "rtl" if language(self.locale) in _RIGHT_TO_LEFT else "ltr"


@dataclass(frozen=True, slots=True)
class Review:
    """total: stories × locales that publishing would newly list. sample: of those without a finding."""

    run: str
    catalog: str
    policy: str
    total: int
    flagged: tuple[Shown, ...] = ()
    sample: tuple[Shown, ...] = ()

    @property
    def is_needed(self) -> bool:
        return bool(self.flagged or self.sample)

    def markdown(self) -> str:
        """For an approval's form, or a terminal: the first ten in full. Texts are only ever text."""
        shown = (*self.flagged, *self.sample)
        parts = [
            f"**{self.total}** stories × languages of the catalog **{self.catalog}** are ready (run "
            f"`{self.run}`). A check found fault with **{len(self.flagged)}**; **{len(self.sample)}** more "
            f"are shown {'as a sample' if self.policy == 'sample' else 'as well'}.",
            f"To publish them is to list them all, also those not shown. To leave some out: "
            f"`stories catalog publish {self.run} --except ID` (or `ID/fr` for one language). "
            "To refuse all: publish nothing; what is made stays, and costs nothing again.",
        ]
        parts += [_in_full(one) for one in shown[:_IN_FULL]]
        if (more := len(shown) - _IN_FULL) > 0:
            parts.append(f"… and {more} more: `{keys.run(self.run, 'review.html')}` in the store.")
        return "\n\n".join(parts) + "\n"


def due(app: App, run: Run) -> Review:
    """By the catalog's policy; kept as runs/<id>/review.html where there is something to look at.

    "none": nothing. "sample": flagged ones, and a share of the others, the same however often it is asked, at
    least one. "all": all. Raises NotFoundError: no such run.
    """
    about = run.about()
    policy = about.catalog["publish"]["review"]
    fresh = _unlisted(app.store, run)
    review = Review(run.id, about.catalog["name"], policy, len(fresh))
    if policy == "none":
        return review
    chosen = set(fresh) if policy == "all" else _sample(fresh, about.catalog["publish"]["sample"])
    flagged, sample = [], []
    for manifest in streamed(lambda pair: readable(app.store, pair), fresh):
        if manifest is None:
            continue
        shown = _shown(manifest)
        if shown.found:
            flagged.append(shown)
        elif (manifest.story_id, manifest.locale) in chosen:
            sample.append(shown)
    review = replace(review, flagged=tuple(flagged), sample=tuple(sample))
    if review.is_needed:
        app.store.put(keys.run(run.id, "review.html"), page(review, app.store).encode())
    return review


def page(review: Review, store: Store) -> str:
    """HTML, whole in one file; sounds are linked where the store's files lie beside it."""
    return rendered(
        "review.html",
        review=review,
        flagged=review.flagged[:_ON_THE_PAGE],
        sample=review.sample[: max(0, _ON_THE_PAGE - len(review.flagged))],
        shown=len(review.flagged) + len(review.sample),
        most=_ON_THE_PAGE,
        sounds=store.url(keys.run(review.run)).startswith("file:"),
    )


def _unlisted(store: Store, run: Run) -> tuple[Pair, ...]:
    """What is complete of the run, and neither listed nor refused."""
    out = catalog.withheld(store)
    if run.about().done:
        out |= _listed(store)
    return tuple(pair for pair in complete_of(store, (pair for _, pair in pairs(run))) if pair not in out)


def _listed(store: Store) -> frozenset[Pair]:
    found: set[Pair] = set()
    cursor = ""
    while True:
        told = catalog.page(store, cursor=cursor, size=_PAGE)
        found.update((card.id, card.locale) for card in told.cards)
        if not (cursor := told.cursor):
            return frozenset(found)


def _sample(fresh: Iterable[Pair], share: float) -> set[Pair]:
    """A story's place in the draw is its digest's."""
    places = {pair: int(digest(["review", *pair])[:8], 16) / 2**32 for pair in fresh}
    chosen = {pair for pair, place in places.items() if place < share}
    return chosen or set(sorted(places, key=lambda pair: places[pair])[:1])


def _shown(manifest: Manifest) -> Shown:
    return Shown(
        manifest.story_id,
        manifest.locale,
        _clean(manifest.title),
        _clean(" ".join(segment.text for segment in manifest.segments)),
        _clean(manifest.context),
        tuple(_in_words(check) for check in manifest.checks if not check.passed),
        manifest.mp3,
    )


def _in_words(check: Check) -> str:
    figure = "" if check.figure is None else f": {check.figure}"
    return _clean(f"{check.name}{figure}{f' ({check.bound})' if check.bound else ''}")


def _clean(text: str) -> str:
    """In one line, without what would move a terminal's cursor or turn the text around it."""
    kept = (char for char in text if char.isspace() or not _moves(char))
    return " ".join("".join(kept).split())[:_LONGEST]


def _moves(char: str) -> bool:
    """Controls; overrides, embeddings and isolates of the bidirectional algorithm (UAX 9)."""
    return unicodedata.category(char) == "Cc" or "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


def _in_full(one: Shown) -> str:
    found = f"  \nfound: {plain('; '.join(one.found))}" if one.found else ""
    return (
        f"**{plain(one.title) or '(no title)'}** ({plain(one.locale)}, `{one.id[:12]}`){found}\n\n"
        f"> {plain(one.text)}"
    )
