"""Stories on demand apart from HTTP, and beside another server on the same store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline.api.in_process.runner import InProcess
from pipeline.api.models import LocaleOrder, StoryOrder
from pipeline.api.service import OnDemand
from pipeline.engines.fake import MemoryStore
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError, StoriesError
from pipeline.steps import status
from pipeline.steps.committed import is_complete
from tests.api.calling import until
from tests.api.pausing import Gate, HeldText
from tests.making import fake_app

ORDER = StoryOrder(context="a shy snail", variant=7)


def on_demand(store: MemoryStore, gate: Gate | None = None) -> OnDemand:
    app = fake_app(store, text=HeldText(gate) if gate else None)
    return OnDemand(app, InProcess(app))


@pytest.mark.parametrize(
    ("context", "locale", "kind"),
    [("a snail", "tlh", RequestError), ("<b>", "en", RequestError), ("it kills", "en", ContentRejectedError)],
)
def test_a_rejected_order_writes_nothing_and_leaves_its_key_unused(
    context: str, locale: str, kind: type[StoriesError]
) -> None:
    store = MemoryStore()
    stories = on_demand(store)
    with pytest.raises(kind):
        stories.accept(StoryOrder(context=context, locale=locale), key="tap")
    assert list(store.list("")) == []
    assert stories.accept(ORDER, key="tap")


def test_finish_waits_for_another_server_and_makes_nothing() -> None:
    store, gate = MemoryStore(), Gate()
    maker, other = on_demand(store, gate), on_demand(store)
    edition = maker.accept(ORDER)
    maker.begin(edition)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other.finish, edition, 60)
        gate.reached()
        assert not waiting.done()
        gate.open()
        waiting.result(60)
    assert is_complete(store, edition.story_id, "en")
    assert not other.runner._threads  # type: ignore[attr-defined]


def test_waiting_for_another_server_has_a_limit_and_ends_when_this_one_stops() -> None:
    store, gate = MemoryStore(), Gate()
    maker, other = on_demand(store, gate), on_demand(store)
    edition = maker.accept(ORDER)
    maker.begin(edition)
    other.finish(edition, 0.01)
    other.stopping.set()
    other.finish(edition, 3600)
    assert not is_complete(store, edition.story_id, "en")
    gate.open()
    until(lambda: is_complete(store, edition.story_id, "en"))


def test_a_complete_story_is_not_begun_again() -> None:
    stories = on_demand(MemoryStore())
    edition = stories.accept(ORDER)
    stories.finish(edition, 60)
    before = status.read(stories.app.store, edition.story_id, "en")
    stories.begin(edition)
    assert status.read(stories.app.store, edition.story_id, "en") == before


def test_another_locale_has_the_same_id_and_variant() -> None:
    stories = on_demand(MemoryStore())
    story_id = stories.accept(ORDER).story_id
    french = stories.in_locale(story_id, LocaleOrder(locale="fr_CA"))
    assert (french.story_id, french.name, french.variant) == (story_id, "fr", 7)
    with pytest.raises(NotFoundError):
        stories.in_locale("0" * 32, LocaleOrder(locale="fr"))
    with pytest.raises(RequestError):
        stories.in_locale(story_id, LocaleOrder(locale="tlh"))
