"""What became of a run, from the store alone: also of one that was killed, or is still going on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pipeline.app import App
from pipeline.batch.budget import total
from pipeline.batch.publishing import Pair, complete_of, pairs, readable, streamed
from pipeline.batch.report.tally import Missing, Tally
from pipeline.batch.report.variety import Variety, story, variety
from pipeline.batch.runs import NARRATE, WRITE, ChunkRecord, Failure, Run
from pipeline.storage import keys, ledger
from pipeline.storage.digest import canonical
from pipeline.storage.ledger import Payment
from pipeline.types import Usage

# So many stories are read for what is told of texts and lengths; ids are digests, so the first are as any.
_READ = 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """Seconds of work in each stage, and how often the chunk was begun."""

    number: int
    write: float
    narrate: float
    attempts: int


@dataclass(frozen=True, slots=True)
class Rates:
    """stories_per_hour: stories × locales of this run, by its wall time; the others by the engines' own time.
    None: nothing was made."""

    stories_per_hour: float | None
    tokens_per_second: float | None
    audio_seconds_per_second: float | None


@dataclass(frozen=True, slots=True)
class Report:
    """planned = made + skipped (made before) + failed + left (the budget was reached) + missing: each story ×
    locale of the catalog is exactly one of them.

    verdict: red where more failed or are missing than the catalog bears. stopped: by the budget, which is no
    fault. dollars: of all engines that the price table knows. wall: seconds from the plan to the last thing
    that a record tells. seconds: of work, by stage. audio: how long a story × locale sounds, in seconds, of
    those that were read.
    """

    run: str
    catalog: dict[str, Any]
    profile: str
    began: float
    stories: int
    planned: int
    made: int
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

    @property
    def is_red(self) -> bool:
        return self.verdict == "red"

    @property
    def causes(self) -> dict[str, int]:
        """How many failed by which problem, the most first; what is missing as "unfinished"."""
        found = Counter(one.problem for one in self.failed)
        found["unfinished"] += len(self.missing)
        return dict((+found).most_common())


def report(app: App, run: Run) -> Report:
    """Kept as runs/<id>/report.json and .html, in place of an earlier one. Raises NotFoundError: no run."""
    from pipeline.batch.report.page import page  # draws, with packages that nothing else here needs

    found = gathered(app, run)
    app.store.put(keys.run(run.id, "report.json"), canonical(asdict(found)))
    app.store.put(keys.run(run.id, "report.html"), page(found).encode())
    return found


def gathered(app: App, run: Run) -> Report:
    """Nothing is kept. Raises NotFoundError: no such run."""
    about = run.about()
    records = tuple(run.records())
    wanted = [pair for _, pair in pairs(run)]
    complete = complete_of(app.store, wanted)
    tally = Tally(run, records, frozenset(complete))
    prices = ledger.price_table()
    spent = total(*(one.paid for one in records))
    rows = ledger.rows(spent, prices)
    wall = max((one.began + one.seconds for one in records), default=about.began) - about.began
    red = len(tally.failed) + len(tally.missing) > about.catalog["max_failed"]
    sample = sorted(complete)[:_READ]
    return Report(
        run=run.id,
        catalog=about.catalog,
        profile=about.profile,
        began=about.began,
        stories=about.stories,
        planned=len(wanted),
        made=tally.made,
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
        rates=_rates(spent, tally.made, wall),
        by_locale=dict(sorted(Counter(locale for _, locale in complete).items())),
        chunks=_chunks(records),
        audio=_audio(app, sample),
        variety=_variety(app, sample),
    )


def _by_stage(records: Iterable[ChunkRecord]) -> dict[str, float]:
    seconds = dict.fromkeys((WRITE, NARRATE), 0.0)
    for one in records:
        seconds[one.stage] += one.seconds
    return {stage: round(took, 3) for stage, took in seconds.items()}


def _chunks(records: Iterable[ChunkRecord]) -> tuple[Chunk, ...]:
    found: dict[int, dict[str, ChunkRecord]] = defaultdict(dict)
    for one in records:
        found[one.number][one.stage] = one
    return tuple(
        Chunk(
            number,
            write=stages[WRITE].seconds if WRITE in stages else 0.0,
            narrate=stages[NARRATE].seconds if NARRATE in stages else 0.0,
            attempts=max(one.attempts for one in stages.values()),
        )
        for number, stages in sorted(found.items())
    )


def _rates(spent: Iterable[Payment], made: int, wall: float) -> Rates:
    verbs: dict[str, Usage] = defaultdict(Usage)
    for one in spent:
        verbs[one.verb] += one.usage
    written, spoken = verbs["complete"], verbs["speak"]
    return Rates(
        _per(made * 3600, wall),
        _per(written.completion_tokens, written.seconds),
        _per(spoken.audio_seconds, spoken.seconds),
    )


def _per(amount: float, seconds: float) -> float | None:
    return round(amount / seconds, 3) if amount and seconds > 0 else None


def _audio(app: App, sample: Sequence[Pair]) -> tuple[float, ...]:
    manifests = streamed(lambda pair: readable(app.store, pair), sample)
    return tuple(round(one.duration_ms / 1000, 1) for one in manifests if one)


def _variety(app: App, sample: Sequence[Pair]) -> Variety:
    ids = dict.fromkeys(story_id for story_id, _ in sample)
    told = streamed(lambda story_id: story(app.store, story_id), ids)
    return variety([one for one in told if one])
