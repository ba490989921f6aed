"""Which run is reviewed, and what is read of it, also where it is damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import pipeline
from pipeline.engines.fake import MemoryStore
from pipeline.errors import RequestError
from pipeline.notebooks.review.run import Parameters, listing, read
from pipeline.storage import keys
from pipeline.storage.shelf import Publication
from tests.notebooks.review.reviewed import app, committed, name, planned


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


def test_without_a_run_id_the_newest_run_of_the_catalog_is_reviewed(store: MemoryStore) -> None:
    assert parameters().run(store).id == "new"
    assert parameters(catalog="tales").run(store).id == "old"
    assert parameters(run_id="old").run(store).id == "old"


@pytest.mark.parametrize(
    ("changed", "first", "hint"),
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
def test_a_wrong_parameter_is_named_with_a_hint(
    store: MemoryStore, changed: dict[str, Any], first: str, hint: str
) -> None:
    message = refused(store, **changed)
    assert message.startswith(f"{first}: ")
    assert hint in message
    assert "\n" not in message


def test_a_store_without_runs_is_explained() -> None:
    assert "stories catalog run" in refused(MemoryStore())
    assert "stories catalog run" in refused(MemoryStore(), run_id="gone")


def test_a_run_whose_own_file_is_damaged_is_named(store: MemoryStore) -> None:
    store.put("runs/old/run.json", b"{")
    assert refused(store, run_id="old").startswith("run_id='old': its run.json is damaged")


def test_a_relative_store_is_in_the_projects_folder(tmp_path: Path) -> None:
    assert parameters().settings.out == Path(pipeline.__file__).parents[1] / "out"
    assert parameters(out=str(tmp_path)).settings.out == tmp_path


def test_everything_is_read_by_default() -> None:
    fake = app()
    run = planned(fake.store, [1, 2], locales=("en", "fr"))
    committed(fake.store, 1, "One.", locales=("en", "fr"))
    committed(fake.store, 2, "Two.", locales=("fr",))
    contents = read(fake, run)
    assert contents.ids == (name(1), name(2))
    assert set(contents.narrations) == {(name(1), "en"), (name(1), "fr"), (name(2), "fr")}
    assert contents.in_words == "English texts read: 2, narrations: 3. That is everything that is made."


def test_a_sample_is_the_first_by_id_and_is_called_a_sample() -> None:
    fake = app()
    run = planned(fake.store, [3, 1, 2])
    for number in (1, 2, 3):
        committed(fake.store, number, "One.")
    contents = read(fake, run, most=2)
    assert contents.ids == (name(1), name(2))
    assert "A sample: 2 of 3 stories" in contents.in_words


def test_a_single_language_is_read_with_its_english_text() -> None:
    fake = app()
    run = planned(fake.store, [1, 2], locales=("en", "fr"))
    committed(fake.store, 1, "One.", locales=("en", "fr"))
    committed(fake.store, 2, "Two.")
    contents = read(fake, run, locale="fr")
    assert (list(contents.stories), list(contents.narrations)) == ([name(1)], [(name(1), "fr")])


def test_damaged_files_are_named_and_the_rest_is_read() -> None:
    fake = app()
    store = fake.store
    run = planned(store, [1, 2, 3, 4, 5])
    for number in (1, 2, 3, 4, 5):
        committed(store, number, "One.")
    store.put(keys.text(name(1), "en"), b'{"story": ')
    store.put(keys.text(name(2), "en"), store.get(keys.text(name(2), "en")).replace(b'["One."]', b"[7]"))
    store.put(keys.manifest(name(3), "en"), b"[]")
    contents = read(fake, run)
    assert set(contents.stories) == {name(3), name(4), name(5)}
    assert contents.unreadable == (
        (keys.text(name(1), "en"), "damaged"),
        (keys.text(name(2), "en"), "damaged"),
        (keys.manifest(name(3), "en"), "damaged or gone"),
    )


def test_an_empty_run_is_explained() -> None:
    fake = app()
    contents = read(fake, planned(fake.store, [1]))
    assert (contents.ids, contents.complete) == ((), 0)
    assert contents.in_words.startswith("Nothing of this run is complete")


def test_the_listing_says_what_readers_have() -> None:
    fake = app()
    run = planned(fake.store, [1])
    assert listing(fake.store, run) == "not published"
    Publication(fake.store, run.id).issue()
    assert listing(fake.store, run) == "published"
    Publication(fake.store, run.id).withdraw()
    assert listing(fake.store, run) == "withdrawn"
