"""A whole run on one machine: tried again where that may help, reported whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline.app import App
from pipeline.batch import running
from pipeline.batch.plan import plan
from pipeline.batch.reading import CatalogFile
from pipeline.batch.report.figures import Report
from pipeline.batch.running import known
from pipeline.batch.runs import Run
from pipeline.engines.fake import FakeSpeech, MemoryStore
from pipeline.errors import ConfigError, RequestError, StoreError, ThrottledError
from pipeline.ports import Advance, Progress, Store
from pipeline.storage import keys
from pipeline.types import Narration, Voice
from tests.batch.catalogs import IDEAS, Mute, batch_app, listed, tales
from tests.making import Listener, ScriptedText


class Tired(FakeSpeech):
    """Is busy at its first so many calls that hold `word`."""

    def __init__(self, word: str, times: int) -> None:
        self.word, self.times = word, times
        self.spoken: list[str] = []

    def synthesize(self, text: str, voice: Voice) -> Narration:
        if self.word in text.lower() and self.times:
            self.times -= 1
            raise ThrottledError("asked too often")
        self.spoken.append(f"{voice.locale} {text}")
        return super().synthesize(text, voice)


class Breaking(FakeSpeech):
    """Raises at its n-th call."""

    def __init__(self, at: int, error: BaseException) -> None:
        self.at, self.error = at, error
        self.spoken: list[str] = []

    def synthesize(self, text: str, voice: Voice) -> Narration:
        if len(self.spoken) == self.at:
            raise self.error
        self.spoken.append(f"{voice.locale} {text}")
        return super().synthesize(text, voice)


def run(
    app: App,
    file: CatalogFile,
    run_id: str,
    progress: Progress,
    chunk_size: int = 0,
    budget: float | None = None,
    pause: Callable[[float], None] = lambda _: None,
) -> Report:
    return running.run(app, plan(app, file, run_id, chunk_size, budget), progress, pause)


def kept(store: Store, run_id: str = "one") -> bool:
    return {keys.run(run_id, f"report.{kind}") for kind in ("json", "html")} <= set(store.list("runs/"))


def impatient(pauses: list[float]) -> Callable[[float], None]:
    return pauses.append


def test_a_run_makes_all_reports_it_and_publishes_nothing(tmp_path: Path) -> None:
    app, progress = batch_app(), Listener()
    figures = run(app, tales(tmp_path), "one", progress, chunk_size=2)
    assert (figures.made, figures.planned, figures.verdict) == (6, 6, "green")
    assert kept(app.store)
    assert listed(app.store) == set()
    assert [note.split(" (")[0] for note in progress.notes] == [
        "chunk 1 of 2: written",
        "chunk 1 of 2: 4 made",
        "chunk 2 of 2: written",
        "chunk 2 of 2: 2 made",
    ]


def test_a_run_with_nothing_to_do_calls_nobody(tmp_path: Path) -> None:
    store = batch_app().store
    run(batch_app(store), tales(tmp_path), "one", Listener())
    text, speech = ScriptedText(), Tired("", 0)
    text.fingerprint = "fake/text/1"
    again = run(batch_app(store, text=text, speech=speech), tales(tmp_path), "two", Listener())
    assert (again.made, again.skipped, text.prompts, speech.spoken) == (0, 6, [], [])


def test_a_busy_engine_is_asked_again_after_growing_pauses_and_only_for_what_is_missing(
    tmp_path: Path,
) -> None:
    pauses: list[float] = []
    speech = Tired("teapot", 2)
    figures = run(batch_app(speech=speech), tales(tmp_path), "one", Listener(), 3, pause=impatient(pauses))
    assert (figures.made, len(figures.failed)) == (6, 0)
    # Sentences of one story alone: what two of them share, two threads may say at once.
    own = [
        text for text in speech.spoken if any(word in text for word in ("snail", "teapot", "cannot sleep"))
    ]
    assert len(own) == len(set(own)) >= 6
    assert 1 <= len(pauses) <= 2
    assert pauses == sorted(set(pauses))


def test_what_stays_busy_is_tried_three_times_and_the_rest_of_the_catalog_is_made(tmp_path: Path) -> None:
    pauses: list[float] = []
    app, progress = batch_app(speech=Mute("teapot", busy=True)), Listener()
    figures = run(app, tales(tmp_path), "one", progress, 1, pause=impatient(pauses))
    assert (figures.made, figures.is_red) == (4, True)
    assert {failure.attempts for failure in figures.failed} == {3}
    assert len(pauses) == 2
    assert any(note.startswith("chunk 2 of 3: 0 made, 2 FAILED") for note in progress.notes)
    assert any("asked too often" in note and "again in" in note for note in progress.notes)


def test_what_fails_for_good_is_tried_once(tmp_path: Path) -> None:
    pauses: list[float] = []
    figures = run(
        batch_app(speech=Mute("teapot")), tales(tmp_path), "one", Listener(), pause=impatient(pauses)
    )
    assert ({failure.attempts for failure in figures.failed}, pauses) == ({1}, [])


class Moves(Listener):
    """Remembers each move of the whole run's bar."""

    def __init__(self) -> None:
        super().__init__()
        self.moves: list[int] = []

    @contextmanager
    def step(self, name: str, total: int, unit: str) -> Iterator[Advance]:
        yield self.moves.append if name == "catalog" else lambda _: None


@pytest.mark.parametrize("speech", [None, Mute("teapot"), Mute("teapot", busy=True)])
def test_the_bar_of_the_whole_run_reaches_its_end_once(tmp_path: Path, speech: FakeSpeech | None) -> None:
    progress = Moves()
    app = batch_app(**({"speech": speech} if speech else {}))
    run(app, tales(tmp_path), "one", progress, 1, pause=lambda _: None)
    # Three stories in two languages, each written and narrated.
    assert (sum(progress.moves), min(progress.moves) >= 0) == (12, True)


def test_stopped_in_the_middle_it_reports_and_the_next_run_pays_for_nothing_twice(tmp_path: Path) -> None:
    whole = Tired("", 0)
    run(batch_app(speech=whole), tales(tmp_path), "whole", Listener())
    store = batch_app().store
    stopped = Breaking(25, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(batch_app(store, speech=stopped), tales(tmp_path), "one", Listener(), 1)
    assert kept(store)
    later = Tired("", 0)
    done = run(batch_app(store, speech=later), tales(tmp_path), "two", Listener(), 1)
    assert done.made + done.skipped == 6
    assert set(stopped.spoken) | set(later.spoken) == set(whole.spoken)
    assert set(stopped.spoken) & set(later.spoken) == set()
    assert {run.id: run.verdict for run in known(store)} == {"one": "red", "two": "green"}


@pytest.mark.parametrize(
    "error",
    [StoreError("no room", problem="disk-full"), ConfigError("no weights", problem="missing-weights")],
)
def test_what_would_fail_every_story_ends_the_run_and_is_reported(tmp_path: Path, error: Exception) -> None:
    app = batch_app(speech=Breaking(25, error))
    with pytest.raises(type(error), match=str(error)):
        run(app, tales(tmp_path), "one", Listener(), 1)
    assert kept(app.store)


class Full(MemoryStore):
    """From the first record on there is no room, not for a report either."""

    def put(self, key: str, data: bytes) -> None:
        if "/records/" in key or "/report." in key:
            raise StoreError(f"no room for {key}", problem="disk-full")
        super().put(key, data)


def test_a_report_that_cannot_be_kept_does_not_hide_what_happened(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no room for runs/one/records/"):
        run(batch_app(Full()), tales(tmp_path), "one", Listener())


def test_a_faulty_catalog_makes_nothing(tmp_path: Path) -> None:
    app = batch_app()
    with pytest.raises(RequestError, match="line 5") as caught:
        run(app, tales(tmp_path, [IDEAS[0], {"context": ""}]), "one", Listener())
    assert caught.value.problem == "bad-catalog"
    assert list(app.store.list("")) == []


def test_a_budget_stops_it_cleanly(tmp_path: Path) -> None:
    figures = run(batch_app(), tales(tmp_path), "one", Listener(), budget=0.0)
    assert (figures.left, figures.stopped, figures.verdict) == (6, True, "green")


def test_runs_are_listed_the_newest_first_with_their_verdicts(tmp_path: Path) -> None:
    store = batch_app().store
    run(batch_app(store, speech=Mute("teapot")), tales(tmp_path), "b", Listener())
    run(batch_app(store), tales(tmp_path), "c", Listener(), budget=0.0)
    plan(batch_app(store), tales(tmp_path), "a")
    assert [(run.id, run.verdict) for run in known(store)] == [
        ("a", ""),
        ("c", "stopped by budget"),
        ("b", "red"),
    ]
    assert Run(store, "a").about().todo == 2
