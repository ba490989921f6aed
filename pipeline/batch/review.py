"""The review before a run is published: every edition that a check flagged, and a sample of the others.

Only editions that are new to readers: what is listed or withheld already is not reviewed again.
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
from pipeline.storage import editions, keys, shelf
from pipeline.storage.digest import digest
from pipeline.story.locales import language
from pipeline.types import Check, Manifest

_IN_FULL = 10
# A page of more is slow in a browser.
_ON_THE_PAGE = 2000
_LONGEST = 2000  # characters; a story has some 600
_PAGE = 1000
_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class Shown:
    """An edition as a person reads it. locale: its name, as in editions.py.

    faults: failed checks, in words; none for a sample.
    """

    id: str
    locale: str
    title: str
    text: str
    idea: str
    faults: tuple[str, ...]
    mp3: str

    @property
    def direction(self) -> str:
        return "rtl" if language(self.locale) in _RIGHT_TO_LEFT else "ltr"


@dataclass(frozen=True, slots=True)
class Review:
    """total: editions that publishing would newly list. sample: of those that no check flagged."""

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
        """For an approval's form, or a terminal: the first ten in full. Texts are escaped."""
        shown = (*self.flagged, *self.sample)
        parts = [
            f"**{self.total}** stories × languages of the catalog **{self.catalog}** are ready (run "
            f"`{self.run}`). A check found fault with **{len(self.flagged)}**; **{len(self.sample)}** more "
            f"are shown {'as a sample' if self.policy == 'sample' else 'as well'}.",
            f"To publish them is to list them all, also those not shown. To leave some out: "
            f"`stories catalog publish {self.run} --except ID` (or `ID/fr` for one language). "
            f"To change words of one: `stories catalog edit {self.run} ID`; it is then published so. "
            "To refuse all: publish nothing; what is made stays, and costs nothing again.",
        ]
        parts += map(_in_full, shown[:_IN_FULL])
        if (more := len(shown) - _IN_FULL) > 0:
            parts.append(f"… and {more} more: `{keys.run(self.run, 'review.html')}` in the store.")
        return "\n\n".join(parts) + "\n"


def due(app: App, run: Run) -> Review:
    """By the catalog's policy; kept as runs/<id>/review.html where there is something to review.

    "none": nothing. "sample": flagged editions, and a share of the others, the same at each call, at least
    one. "all": all. Raises NotFoundError: no such run.
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
        if shown.faults:
            flagged.append(shown)
        elif (manifest.story_id, editions.of(manifest)) in chosen:
            sample.append(shown)
    review = replace(review, flagged=tuple(flagged), sample=tuple(sample))
    if review.is_needed:
        app.store.put(keys.run(run.id, "review.html"), page(review, app.store).encode())
    return review


def page(review: Review, store: Store) -> str:
    """HTML, whole in one file; mp3s are linked where the store's files lie beside it."""
    return rendered(
        "review.html",
        review=review,
        flagged=review.flagged[:_ON_THE_PAGE],
        sample=review.sample[: max(0, _ON_THE_PAGE - len(review.flagged))],
        count=len(review.flagged) + len(review.sample),
        most=_ON_THE_PAGE,
        sounds=store.url(keys.run(review.run)).startswith("file:"),
    )


def _unlisted(store: Store, run: Run) -> tuple[Pair, ...]:
    """Editions of the run that are complete, and neither listed nor withheld."""
    known = shelf.withheld(store)
    if run.about().done:
        known |= _listed(store)
    return tuple(pair for pair in complete_of(store, (pair for _, pair in pairs(run))) if pair not in known)


def _listed(store: Store) -> frozenset[Pair]:
    listed: set[Pair] = set()
    cursor = ""
    while True:
        page = shelf.page(store, cursor=cursor, size=_PAGE)
        listed.update((card.id, card.edition) for card in page.cards)
        if not (cursor := page.cursor):
            return frozenset(listed)


def _sample(fresh: Iterable[Pair], share: float) -> set[Pair]:
    """Drawn by each edition's digest, so that it is the same draw at each call."""
    places = {pair: int(digest(["review", *pair])[:8], 16) / 2**32 for pair in fresh}
    chosen = {pair for pair, place in places.items() if place < share}
    return chosen or set(sorted(places, key=lambda pair: places[pair])[:1])


def _shown(manifest: Manifest) -> Shown:
    return Shown(
        manifest.story_id,
        editions.of(manifest),
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
    """In one line, without characters that move a terminal's cursor or change the direction of text."""
    kept = (char for char in text if char.isspace() or not _moves(char))
    return " ".join("".join(kept).split())[:_LONGEST]


def _moves(char: str) -> bool:
    """Control characters; overrides, embeddings and isolates of the bidirectional algorithm (UAX 9)."""
    return unicodedata.category(char) == "Cc" or "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069"


def _in_full(shown: Shown) -> str:
    faults = f"  \nfound: {plain('; '.join(shown.faults))}" if shown.faults else ""
    return (
        f"**{plain(shown.title) or '(no title)'}** ({plain(shown.locale)}, `{shown.id[:12]}`){faults}\n\n"
        f"> {plain(shown.text)}"
    )
