"""The figures of a run, from the store alone: also of a run that was killed, or still goes on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pipeline.app import App
from pipeline.batch.budget import total
from pipeline.batch.publishing import Pair, complete_of, pairs, readable, streamed
from pipeline.batch.report.tally import Missing, Tally
from pipeline.batch.report.variety import Variety, story, variety
from pipeline.batch.runs import NARRATE, WRITE, ChunkRecord, Failure, Run
from pipeline.storage import ledger, shelf
from pipeline.storage.ledger import Payment
from pipeline.types import Usage

# Editions read for figures of texts and lengths; ids are hashes, so the first N are a random sample.
_READ = 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """Seconds of work in each stage, and the number of attempts."""

    number: int
    write: float
    narrate: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Rates:
    """stories_per_hour: editions of this run, by its wall time; the others by the engines' own time.
    None: nothing was made."""

    stories_per_hour: float | None
    tokens_per_second: float | None
    audio_seconds_per_second: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """planned = made + skipped (made before) + failed + left (the budget was reached) + missing: each edition
    of the catalog is counted exactly once.

    verdict: red where more failed or are missing than the catalog allows. stopped: by the budget, which does
    not make it red. dollars: of all engines in the price table. wall: seconds from the plan to the end of the
    last record. seconds: of work, by stage. audio: durations in seconds, of the editions that were read.
    edited: by the id of a planned story, the one that a reviewer made of it, which is published instead.
    """

    run: str
    catalog: dict[str, Any]
    profile: str
    began: float
    stories: int
    planned: int
    made: int  # a stored name
    skipped: int
    left: int
    failed: tuple[Failure, ...]
    missing: tuple[Missing, ...]
    verdict: Literal["green", "red"]
    stopped: bool
    cost: tuple[ledger.Row, ...]
    dollars: float
    prices: str
    wall: float
    seconds: dict[str, float]
    rates: Rates
    by_locale: dict[str, int]
    chunks: tuple[Chunk, ...]
    audio: tuple[float, ...]
    variety: Variety
    edited: dict[str, str] = field(default_factory=dict)

    @property
    def is_red(self) -> bool:
        return self.verdict == "red"

    @property
    def causes(self) -> dict[str, int]:
        """Failures by problem, the most frequent first; missing editions as "unfinished"."""
        causes = Counter(failure.problem for failure in self.failed)
        causes["unfinished"] += len(self.missing)
        return dict((+causes).most_common())


def gathered(app: App, run: Run) -> Report:
    """The report of a run, not yet written. Raises NotFoundError: no such run."""
    about = run.about()
    records = tuple(run.records())
    wanted = [pair for _, pair in pairs(run)]
    complete = complete_of(app.store, wanted)
    tally = Tally(run, records, frozenset(complete))
    prices = ledger.price_table()
    spent = total(*(record.paid for record in records))
    rows = ledger.rows(spent, prices)
    end = max((record.began + record.seconds for record in records), default=about.began)
    wall = end - about.began
    red = len(tally.failed) + len(tally.missing) > about.catalog["max_failed"]
    sample = sorted(complete)[:_READ]
    return Report(
        run=run.id,
        catalog=about.catalog,
        profile=about.profile,
        began=about.began,
        stories=about.stories,
        planned=len(wanted),
        made=tally.finished,
        skipped=tally.skipped,
        left=tally.left,
        failed=tuple(tally.failed),
        missing=tuple(tally.missing),
        verdict="red" if red else "green",
        stopped=tally.left > 0,
        cost=rows,
        dollars=round(sum(row.dollars or 0.0 for row in rows), 6),
        prices=prices["dated"],
        wall=round(wall, 3),
        seconds=_by_stage(records),
        rates=_rates(spent, tally.finished, wall),
        by_locale=dict(sorted(Counter(locale for _, locale in complete).items())),
        chunks=_chunks(records),
        audio=_audio(app, sample),
        variety=_variety(app, sample),
        edited=_edited(run, {story_id for story_id, _ in wanted}),
    )


def _edited(run: Run, ids: set[str]) -> dict[str, str]:
    return {old: new for old, new in shelf.replacements(run.store).items() if new in ids}


def _by_stage(records: Iterable[ChunkRecord]) -> dict[str, float]:
    seconds = dict.fromkeys((WRITE, NARRATE), 0.0)
    for record in records:
        seconds[record.stage] += record.seconds
    return {stage: round(took, 3) for stage, took in seconds.items()}


def _chunks(records: Iterable[ChunkRecord]) -> tuple[Chunk, ...]:
    chunks: dict[int, dict[str, ChunkRecord]] = defaultdict(dict)
    for record in records:
        chunks[record.number][record.stage] = record
    return tuple(
        Chunk(
            number,
            write=stages[WRITE].seconds if WRITE in stages else 0.0,
            narrate=stages[NARRATE].seconds if NARRATE in stages else 0.0,
            attempts=max(record.attempts for record in stages.values()),
        )
        for number, stages in sorted(chunks.items())
    )


def _rates(spent: Iterable[Payment], editions: int, wall: float) -> Rates:
    verbs: dict[str, Usage] = defaultdict(Usage)
    for payment in spent:
        verbs[payment.verb] += payment.usage
    written, spoken = verbs["complete"], verbs["speak"]
    return Rates(
        _per(editions * 3600, wall),
        _per(written.completion_tokens, written.seconds),
        _per(spoken.audio_seconds, spoken.seconds),
    )


def _per(amount: float, seconds: float) -> float | None:
    return round(amount / seconds, 3) if amount and seconds > 0 else None


def _audio(app: App, sample: Sequence[Pair]) -> tuple[float, ...]:
    manifests = streamed(lambda pair: readable(app.store, pair), sample)
    return tuple(round(manifest.duration_ms / 1000, 1) for manifest in manifests if manifest)


def _variety(app: App, sample: Sequence[Pair]) -> Variety:
    ids = dict.fromkeys(story_id for story_id, _ in sample)
    return variety([text for text in streamed(lambda story_id: story(app.store, story_id), ids) if text])
