"""What a run lists: all of its catalog that is complete, at once, and never what a person said no to."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.batch.plan import plan
from pipeline.batch.publishing import Published, publish, withdraw
from pipeline.batch.runs import Run
from pipeline.batch.work import narrate, write
from pipeline.engines.fake import MemoryStore
from pipeline.errors import NotFoundError, RequestError, StoreError
from pipeline.steps.accept import accept
from pipeline.steps.run import run as run_step
from pipeline.storage import keys, shelf
from pipeline.storage.stories import manifests
from tests.batch.catalogs import IDEAS, Mute, batch_app, finished, listed, tales
from tests.making import Listener


def ids(run: Run) -> list[str]:
    return sorted({item.id for item in run.all_items()})


def test_everything_that_the_catalog_names_is_listed_with_its_tags_and_nothing_else(tmp_path: Path) -> None:
    app = batch_app()
    stranger = accept(app, "a fox of another catalog")
    run_step(app, stranger, "en", Listener())
    run = finished(app, tales(tmp_path, [{"context": IDEAS[0], "tags": ["sea"]}, IDEAS[1]], tags=["night"]))
    assert listed(app.store) == set()
    assert publish(app, run) == Published(cards=4, withheld=0, incomplete=0)
    assert listed(app.store) == {(story_id, locale) for story_id in ids(run) for locale in ("en", "fr")}
    tags = {card.tags for card in shelf.page(app.store).cards}
    assert tags == {("night", "sea"), ("night",)}


def test_what_was_there_before_the_run_is_listed_too(tmp_path: Path) -> None:
    app = batch_app()
    finished(app, tales(tmp_path, IDEAS[:1]))
    run = finished(app, tales(tmp_path, IDEAS[:2]), "two")
    publish(app, run)
    assert len(listed(app.store)) == 4


def test_what_is_not_complete_is_left_out_and_the_rest_is_listed(tmp_path: Path) -> None:
    app = batch_app(speech=Mute("teapot"))
    run = finished(app, tales(tmp_path))
    assert publish(app, run) == Published(cards=4, withheld=0, incomplete=2)
    assert len(listed(app.store)) == 4


def test_half_a_run_lists_what_it_made(tmp_path: Path) -> None:
    app = batch_app()
    plan(app, tales(tmp_path), "one", chunk_size=1)
    run = Run(app.store, "one")
    write(app, run, 1)
    narrate(app, run, 1)
    write(app, run, 2)
    assert publish(app, run) == Published(cards=2, withheld=0, incomplete=4)


@pytest.mark.parametrize("harm", ["{", '{"story_id": 1}', "\xff"])
def test_a_damaged_manifest_keeps_no_other_from_being_listed(tmp_path: Path, harm: str) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    app.store.put(keys.manifest(ids(run)[0], "en"), harm.encode("latin-1"))
    assert publish(app, run) == Published(cards=5, withheld=0, incomplete=1)


class Cut(MemoryStore):
    """Its disk is full when the third card is kept."""

    def put_if_absent(self, key: str, data: bytes) -> bool:
        if "/cards/" in key and len(list(self.list("catalogs/published/cards/"))) == 2:
            raise StoreError("no room", problem="disk-full")
        return super().put_if_absent(key, data)


def test_a_publishing_that_was_cut_short_shows_nothing_and_the_next_shows_all(tmp_path: Path) -> None:
    store = Cut()
    app = batch_app(store)
    run = finished(app, tales(tmp_path))
    with pytest.raises(StoreError):
        publish(app, run)
    assert len(list(store.list("catalogs/published/cards/"))) >= 2
    assert listed(app.store) == set()
    whole = batch_app(copied(store))
    publish(whole, Run(whole.store, run.id))
    assert len(listed(whole.store)) == 6


def copied(store: MemoryStore) -> MemoryStore:
    copy = MemoryStore()
    for key in store.list(""):
        copy.put(key, store.get(key))
    return copy


def test_published_twice_is_as_once(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    first = publish(app, run)
    before = shelf.page(app.store)
    assert publish(app, run) == first
    assert shelf.page(app.store) == before


def test_a_story_is_withheld_in_all_its_languages_or_in_one(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    first, other, third = ids(run)
    assert publish(app, run, {first, f"{other}/fr"}) == Published(cards=3, withheld=3, incomplete=0)
    assert listed(app.store) == {(other, "en"), (third, "en"), (third, "fr")}


def test_what_was_withheld_once_is_not_listed_by_a_later_run_but_by_hand_it_is(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    withheld = ids(run)[0]
    publish(app, run, [withheld[:8]])
    later = finished(app, tales(tmp_path), "two")
    assert publish(app, later) == Published(cards=4, withheld=2, incomplete=0)
    assert withheld not in {story_id for story_id, _ in listed(app.store)}
    (english, _) = manifests(app.store, withheld)
    shelf.publish(app.store, english)
    assert (withheld, "en") in listed(app.store)


@pytest.mark.parametrize("slip", ["deadbeef", "no id at all", "", "{first}/de", "{first}/", "../x", "abc"])
def test_a_slip_in_what_is_withheld_publishes_nothing(tmp_path: Path, slip: str) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    with pytest.raises(RequestError) as caught:
        publish(app, run, [ids(run)[1], slip.format(first=ids(run)[0])])
    assert caught.value.problem == "bad-id"
    assert listed(app.store) == set()
    assert list(app.store.list("catalogs/")) == []


def test_withdrawn_stories_are_listed_no_longer_and_a_later_run_may_list_them(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path))
    publish(app, run)
    withdraw(app.store, "one")
    assert listed(app.store) == set()
    with pytest.raises(RequestError, match="withdrawn"):
        publish(app, run)
    publish(app, finished(app, tales(tmp_path), "two"))
    assert len(listed(app.store)) == 6


def test_withdrawing_what_was_never_published_and_publishing_no_run_say_so(tmp_path: Path) -> None:
    app = batch_app()
    finished(app, tales(tmp_path))
    with pytest.raises(NotFoundError, match="nothing was published with run one"):
        withdraw(app.store, "one")
    with pytest.raises(NotFoundError, match="there is no run two"):
        publish(app, Run(app.store, "two"))
    assert list(app.store.list("catalogs/")) == []


def test_editions_of_a_catalogs_voice_are_listed_beside_the_locales_own_and_withheld_alone(
    tmp_path: Path,
) -> None:
    app = batch_app()
    publish(app, finished(app, tales(tmp_path, IDEAS[:1])))
    run = finished(app, tales(tmp_path, IDEAS[:1], voice="low", pace=0.9), "two")
    (story_id,) = ids(run)
    assert publish(app, run, [f"{story_id[:6]}/fr-x-low-p90"]) == Published(cards=1, withheld=1, incomplete=0)
    editions = [card.edition for card in shelf.page(app.store).cards]
    assert sorted(editions) == ["en", "en-x-low-p90", "fr"]
    assert [card.edition for card in shelf.page(app.store, "en").cards] == ["en-x-low-p90", "en"]
