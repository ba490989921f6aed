from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.batch.plan import plan
from pipeline.batch.runs import Run
from pipeline.batch.survey import survey
from pipeline.errors import NotFoundError, RequestError
from pipeline.ports import NoProgress
from pipeline.steps.accept import accept
from pipeline.steps.run import run as run_step
from tests.batch.catalogs import batch_app, catalog


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 4), st.integers(1, 12))
def test_every_pair_is_in_one_chunk_and_no_chunk_is_too_large(
    tmp_path_factory: pytest.TempPathFactory, entries: int, variants: int, size: int
) -> None:
    app = batch_app()
    names = [f"a snail called {number}" for number in range(entries)]
    file = catalog(tmp_path_factory.mktemp("c"), names, locales=["en", "fr"], variants=variants)
    planned = plan(app, file, "r1", chunk_size=size)
    run = Run(app.store, "r1")
    chunks = [list(run.items(number)) for number in range(1, planned.chunks + 1)]
    assert all(0 < len(chunk) <= size for chunk in chunks)
    pairs = [(item.id, locale) for chunk in chunks for item in chunk for locale in item.locales]
    assert len(pairs) == len(set(pairs)) == entries * variants * 2 == planned.todo
    assert planned.chunks == -(-entries * variants // size)


def test_a_huge_catalog_has_no_more_chunks_than_a_scheduler_maps(tmp_path: Path) -> None:
    app = batch_app()
    planned = plan(app, catalog(tmp_path, ["a kite"], variants=100), "r1", chunk_size=1, most_chunks=7)
    assert planned.chunks <= 7
    assert planned.chunk_size == 15


def test_chunks_are_larger_where_a_story_takes_less_time(tmp_path: Path) -> None:
    slow, fast = batch_app(), batch_app()
    file = catalog(tmp_path, ["a kite"], variants=300, locales=["en", "fr"])
    # embedded: 14 + 2 x (28 + 14) s a story: fewer than one in 40 s, so as many as the writer has slots.
    assert plan(replace(slow, profile="embedded"), file, "r1").chunk_size == 4
    assert plan(fast, file, "r1").chunk_size == 200


def test_what_is_made_is_not_in_a_chunk_but_known(tmp_path: Path) -> None:
    app = batch_app()
    run_step(app, accept(app, "a shy snail"), "fr", NoProgress())
    planned = plan(app, catalog(tmp_path, ["a shy snail", "a kite"], locales=["en", "fr"]), "r1")
    run = Run(app.store, "r1")
    assert (planned.todo, planned.done) == (3, 1)
    assert [item.locales for item in run.items(1)] == [("en",), ("en", "fr")]
    assert sorted(len(item.locales) for item in run.all_items()) == [1, 1, 2]


def test_nothing_to_do_is_a_plan_of_no_chunks(tmp_path: Path) -> None:
    app = batch_app()
    run_step(app, accept(app, "a shy snail"), "en", NoProgress())
    planned = plan(app, catalog(tmp_path, ["a shy snail"]), "r1")
    assert (planned.chunks, planned.todo, planned.done) == (0, 0, 1)
    assert Run(app.store, "r1").about().done == 1


def test_a_faulty_catalog_leaves_nothing(tmp_path: Path) -> None:
    app = batch_app()
    with pytest.raises(RequestError, match=r"has 2 faults \(line 1: .*; line 1: ") as caught:
        plan(app, catalog(tmp_path, ["a kite", "<b>x</b>", "<i>y</i>"]), "r1")
    assert caught.value.problem == "bad-catalog"
    assert list(app.store.list("")) == []


def test_a_run_without_a_plan_says_so() -> None:
    with pytest.raises(NotFoundError, match="no run r2"):
        Run(batch_app().store, "r2").about()


@pytest.mark.parametrize("run_id", ["", "../x", "a/b", ".hidden", "a" * 101, "a b"])
def test_a_run_s_id_is_a_name_and_no_path(run_id: str) -> None:
    with pytest.raises(RequestError, match="not a run's id"):
        Run(batch_app().store, run_id)


def test_a_plan_s_budget_goes_before_the_catalog_s(tmp_path: Path) -> None:
    app = batch_app()
    file = catalog(tmp_path, ["a kite"], budget=3)
    plan(app, file, "r1")
    plan(app, file, "r2", budget=0.5)
    assert Run(app.store, "r1").about().catalog["budget"] == 3
    assert Run(app.store, "r2").about().catalog["budget"] == 0.5


def test_a_plan_is_the_survey_s(tmp_path: Path) -> None:
    app = batch_app()
    file = catalog(tmp_path, ["a kite", "a shy snail"], locales=["en", "it"])
    assert plan(app, file, "r1").todo == survey(app, file).todo == 4
