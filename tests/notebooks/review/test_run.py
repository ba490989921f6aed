"""Which run is reviewed, and what is read of it, however damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.engines.fake import MemoryStore
from pipeline.errors import RequestError
from pipeline.notebooks.review import run as review
from pipeline.notebooks.review.parameters import Parameters
from pipeline.storage import keys
from pipeline.storage.shelf import Publication
from tests.notebooks.review.reviewed import app, name, planned, told


def parameters(**changed: Any) -> Parameters:
    return Parameters(**{"profile": "fake", "out": "out", **changed})


def refused(store: MemoryStore, **changed: Any) -> str:
    with pytest.raises(RequestError) as raised:
        parameters(**changed).run(store)
    return str(raised.value)


@pytest.fixture
def store() -> MemoryStore:
    """Two runs: "old" of tales, "new" of rhymes."""
    store = MemoryStore()
    planned(store, [1], "old", began=1000)
    planned(store, [2], "new", catalog="rhymes", began=2000)
    return store


def test_no_run_id_means_the_newest_of_that_catalog(store: MemoryStore) -> None:
    assert parameters().run(store).id == "new"
    assert parameters(catalog="tales").run(store).id == "old"
    assert parameters(run_id="old").run(store).id == "old"


@pytest.mark.parametrize(
    ("changed", "first", "todo"),
    [
        ({"profile": "none"}, "profile='none'", "embedded"),
        ({"listen": -1}, "listen='-1'", "0 or more"),
        ({"listen": True}, "listen='True'", "whole number"),
        ({"most": 0}, "most='0'", "1 or more"),
        ({"most": "all"}, "most='all'", "whole number"),
        ({"run_id": 3}, "run_id='3'", "quotes"),
        ({"run_id": "gone"}, "run_id='gone'", "the newest are new, old"),
        ({"run_id": "../x"}, "run_id='../x'", "the newest are new, old"),
        ({"catalog": "poems"}, "catalog='poems'", "there are rhymes, tales"),
        ({"catalog": "tales", "run_id": "new"}, "catalog='tales'", "run new is of rhymes"),
        ({"locale": "fr"}, "locale='fr'", "languages are en"),
    ],
)
def test_a_bad_parameter_is_named_with_what_to_do(
    store: MemoryStore, changed: dict[str, Any], first: str, todo: str
) -> None:
    said = refused(store, **changed)
    assert said.startswith(f"{first}: ")
    assert todo in said
    assert "\n" not in said


def test_a_store_without_runs_says_how_to_make_one() -> None:
    assert "stories catalog run" in refused(MemoryStore())
    assert "stories catalog run" in refused(MemoryStore(), run_id="gone")


def test_a_run_whose_own_file_is_damaged_is_named(store: MemoryStore) -> None:
    store.put("runs/old/run.json", b"{")
    assert refused(store, run_id="old").startswith("run_id='old': its run.json is damaged")


def test_a_relative_store_is_told_from_the_projects_folder(tmp_path: Path) -> None:
    assert parameters().settings.out == Path(pipeline.__file__).parents[1] / "out"
    assert parameters(out=str(tmp_path)).settings.out == tmp_path


def test_all_is_read_and_said_to_be_all() -> None:
    told_app = app()
    run = planned(told_app.store, [1, 2], locales=("en", "fr"))
    told(told_app.store, 1, "One.", locales=("en", "fr"))
    told(told_app.store, 2, "Two.", locales=("fr",))
    reading = review.read(told_app, run)
    assert reading.ids == (name(1), name(2))
    assert set(reading.editions) == {(name(1), "en"), (name(1), "fr"), (name(2), "fr")}
    assert reading.in_words == "English texts read: 2, narrations: 3. That is everything that is made."


def test_a_sample_is_the_first_by_id_and_says_so() -> None:
    told_app = app()
    run = planned(told_app.store, [3, 1, 2])
    for one in (1, 2, 3):
        told(told_app.store, one, "One.")
    reading = review.read(told_app, run, most=2)
    assert reading.ids == (name(1), name(2))
    assert "A sample: 2 of 3 stories" in reading.in_words


def test_one_language_is_read_with_the_english_it_was_told_from() -> None:
    told_app = app()
    run = planned(told_app.store, [1, 2], locales=("en", "fr"))
    told(told_app.store, 1, "One.", locales=("en", "fr"))
    told(told_app.store, 2, "Two.")
    reading = review.read(told_app, run, locale="fr")
    assert (list(reading.stories), list(reading.editions)) == ([name(1)], [(name(1), "fr")])


def test_what_is_damaged_or_gone_is_named_and_the_rest_is_read() -> None:
    told_app = app()
    store = told_app.store
    run = planned(store, [1, 2, 3, 4, 5])
    for one in (1, 2, 3, 4, 5):
        told(store, one, "One.")
    store.put(keys.text(name(1), "en"), b'{"story": ')
    store.put(keys.text(name(2), "en"), store.get(keys.text(name(2), "en")).replace(b'["One."]', b"[7]"))
    store.put(keys.manifest(name(3), "en"), b"[]")
    reading = review.read(told_app, run)
    assert set(reading.stories) == {name(3), name(4), name(5)}
    assert reading.unreadable == (
        (keys.text(name(1), "en"), "damaged"),
        (keys.text(name(2), "en"), "damaged"),
        (keys.manifest(name(3), "en"), "damaged or gone"),
    )


def test_nothing_made_is_said() -> None:
    told_app = app()
    reading = review.read(told_app, planned(told_app.store, [1]))
    assert (reading.ids, reading.made) == ((), 0)
    assert reading.in_words.startswith("Nothing of this run is complete")


def test_what_readers_have_of_a_run_is_told() -> None:
    told_app = app()
    run = planned(told_app.store, [1])
    assert review.listing(told_app.store, run) == "not published"
    Publication(told_app.store, run.id).issue()
    assert review.listing(told_app.store, run) == "published"
    Publication(told_app.store, run.id).withdraw()
    assert review.listing(told_app.store, run) == "withdrawn"
