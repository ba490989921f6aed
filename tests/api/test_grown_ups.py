"""The shelf, the PIN, and what is guarded by it: at home, on a deployment with a sign-in, and without one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.api import cards
from pipeline.api.gateway import Api
from pipeline.api.guard import Guard, SignedIn
from pipeline.api.in_process import home
from pipeline.api.in_process.home import Home
from pipeline.api.service import OnDemand
from pipeline.config.profiles import profile
from pipeline.steps import status
from pipeline.storage import family, keys
from tests.api.calling import FakeApi, Response, as_response, event

PIN = {"X-Pin": "25801973"}


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cheap hash."""
    monkeypatch.setattr(home.pin, "_N", 2)


def guarded(guard: Any, **more: Any) -> FakeApi:
    """An API with this kind of guard; with a PIN where it has one."""
    api = FakeApi(**more)
    own: Guard = guard(api.app.store if guard is Home else api.app)
    api.handler = Api(OnDemand(api.app, api.runner, guard=own), api.wait, api.origin)
    if own.needs_pin:
        own.choose_pin("25801973", "")
    return api


def finished(api: FakeApi, context: str, *more: str, **caller: Any) -> str:
    """The id of a story that is done in English and `more`."""
    story_id: str = ask(api, "POST", "/", {"context": context}, **caller).json["id"]
    for locale in more:
        ask(api, "POST", f"/stories/{story_id}/locales", {"locale": locale}, **caller)
        api.followed(f"/stories/{story_id}/{locale}")
    return story_id


def ask(api: FakeApi, method: str, path: str, body: Any = None, user: str = "", **more: Any) -> Response:
    """user: who is signed in."""
    headers = {"Content-Type": "application/json", **more.pop("headers", {})}
    sent = event(method, path, None if body is None else json.dumps(body), headers, **more)
    if user:
        sent["requestContext"]["authorizer"] = {"claims": {"sub": user}}
    return as_response(api.handler(sent, None))


def shelf(api: FakeApi, user: str = "", **query: str) -> list[dict[str, Any]]:
    response = ask(api, "GET", "/shelf", user=user, query=query)
    assert response.status == 200, response
    stories: list[dict[str, Any]] = response.json["stories"]
    return stories


def test_the_shelf_at_home_has_a_card_a_story_newest_first_in_the_readers_language() -> None:
    api = guarded(Home)
    first, second = finished(api, "a shy snail", "fr", "es"), finished(api, "a brave hen at sea")
    ask(api, "POST", f"/stories/{first}/locales", {"locale": "fr"})
    newer, older = shelf(api)
    assert (newer["id"], newer["locale"], newer["locales"]) == (second, "en", ["en"])
    assert (older["id"], older["locale"], older["locales"]) == (first, "es", ["en", "es", "fr"])
    assert [card["locale"] for card in shelf(api, locale="fr")] == ["en", "fr"]
    assert older["title"] == api.get(f"/stories/{first}/es").json["title"]
    assert (older["published"], older["private"], older["quick"]) == (False, False, True)
    assert older["created"] <= newer["created"]
    assert older["created"].endswith("+00:00")
    assert "revises" not in older


def test_a_private_story_is_on_the_shelf_edited_in_its_place_and_deleted_with_its_folder() -> None:
    api = guarded(Home)
    usual = finished(api, "a brave boat")
    order = {"context": "a shy snail", "hero": {"name": "Siobhan"}}
    first = ask(api, "POST", "/", order).json["id"]
    card = shelf(api)[0]
    assert (card["id"], card["private"], card["published"]) == (first, True, False)
    assert card["expires"] == api.get(f"/stories/{first}/en").json["expires"]
    change = {"locale": "en", "changes": [{"segment": 2, "text": "She sat in the warm sand."}]}
    edited = ask(api, "POST", f"/stories/{first}/edits", change, headers=PIN).json["id"]
    api.followed(f"/stories/{edited}/en")
    assert [card["id"] for card in shelf(api)] == [edited, usual]
    assert ask(api, "DELETE", f"/stories/{edited}", headers=PIN).status == 204
    assert [card["id"] for card in shelf(api)] == [usual]
    assert [key for key in api.store.list("") if key.startswith("private/")] == []


def test_pages_of_the_shelf_pass_over_what_is_not_made() -> None:
    api = guarded(Home)
    stories = [finished(api, f"a shy snail number {number}") for number in range(3)]
    for number in range(12):
        family.add(api.store, family.HOME, f"{number:032x}", "en", 4_000_000_000 + number)
    page = ask(api, "GET", "/shelf").json
    assert ([card["id"] for card in page["stories"]], page["cursor"]) == (stories[::-1], None)
    cards_, cursor = cards.page(api.app, family.HOME, "", "", 2)
    assert [card["id"] for card in cards_] == stories[:0:-1]
    more, end = cards.page(api.app, family.HOME, "", cursor, 2)
    assert ([card["id"] for card in more], end) == (stories[:1], "")
    assert ask(api, "GET", "/shelf", query={"cursor": "x"}).problem == "bad-request"


def test_every_label_of_a_quick_look_is_known() -> None:
    for name, is_quick in (("draft", True), ("fake", True), ("embedded", False), ("aws", False)):
        rows = profile(name)["locales"].values()
        labels = [each.get("labels", ()) for row in rows for each in (row, row.get("otherwise", row))]
        assert {not cards.QUICK.isdisjoint(each) for each in labels} == {is_quick}, name


def test_who_is_not_signed_in_has_no_shelf_and_changes_nothing() -> None:
    for api in (FakeApi(), guarded(SignedIn)):
        story_id = finished(api, "a shy snail")
        assert ask(api, "GET", "/shelf").problem == "no-shelf"
        assert list(api.store.list("shelves/")) == []
        before = {key: api.store.get(key) for key in api.store.list("stories/")}
        for method, path, body in (
            ("DELETE", f"/stories/{story_id}", None),
            ("PUT", f"/stories/{story_id}/en/published", {"published": True}),
            ("PUT", "/pin", {"pin": "25801973"}),
        ):
            response = ask(api, method, path, body, headers=PIN)
            assert (response.status, response.problem) == (403, "grown-up-needed")
        assert {key: api.store.get(key) for key in api.store.list("stories/")} == before
        assert ask(api, "GET", "/pin").json == {"needed": False, "set": False}


def test_each_signed_in_family_has_its_own_shelf_and_its_own_stories() -> None:
    api = guarded(SignedIn)
    mine = finished(api, "a shy snail", user="a")
    theirs = finished(api, "a brave hen at sea", user="b")
    assert [card["id"] for card in shelf(api, "a")] == [mine]
    # A story that another family asked for is not this one's, neither in another language nor word for word.
    ask(api, "POST", f"/stories/{theirs}/locales", {"locale": "fr"}, user="a")
    variant = api.get(f"/stories/{theirs}/en").json["variant"]
    ask(api, "POST", "/", {"context": "a brave hen at sea", "variant": variant}, user="a")
    assert [card["id"] for card in shelf(api, "a")] == [mine]
    assert [card["id"] for card in shelf(api, "b")] == [theirs]
    assert ask(api, "DELETE", f"/stories/{theirs}", user="a").problem == "grown-up-needed"
    assert ask(api, "DELETE", f"/stories/{mine}", user="a").status == 204
    assert (shelf(api, "a"), len(shelf(api, "b"))) == ([], 1)


def test_a_deleted_story_is_gone_at_once_and_may_be_asked_for_anew() -> None:
    api = guarded(Home, publish=True)
    story_id = finished(api, "a shy snail", "fr")
    assert api.get(f"/stories/{story_id}/en").status == 200  # and is kept for seconds
    assert ask(api, "DELETE", f"/stories/{story_id}").problem == "wrong-pin"
    response = ask(api, "DELETE", f"/stories/{story_id}", headers=PIN)
    assert (response.status, response.body) == (204, "")
    for method, path, body in (
        ("GET", f"/stories/{story_id}/en", None),
        ("POST", f"/stories/{story_id}/locales", {"locale": "es"}),
        ("DELETE", f"/stories/{story_id}", None),
    ):
        assert ask(api, method, path, body, headers=PIN).problem == "not-found"
    assert (shelf(api), api.get("/stories").json["stories"]) == ([], [])
    assert [key for key in api.store.list("") if not key.startswith(("claims/makers/", "server/"))] == []
    assert api.get(f"/stories/{finished(api, 'a shy snail')}/en").status == 200


def test_a_story_that_was_deleted_while_it_waited_is_forgotten() -> None:
    """Its request was read before, and its marker written after it was gone."""
    api = guarded(Home)
    story_id = finished(api, "a shy snail")
    assert ask(api, "DELETE", f"/stories/{story_id}", headers=PIN).status == 204
    api.runner.finish(story_id, "fr", 60)
    assert list(api.store.list("stories/")) == []


def test_a_story_that_is_being_made_is_deleted_later() -> None:
    api = guarded(Home)
    story_id = finished(api, "a shy snail")
    status.queue(api.store, story_id, "fr")
    response = ask(api, "DELETE", f"/stories/{story_id}", headers=PIN)
    assert (response.status, response.problem) == (429, "being-made")
    assert int(response.headers["retry-after"]) > 0
    assert api.get(f"/stories/{story_id}/en").status == 200


def test_a_grown_up_publishes_an_edition_takes_it_back_and_publishes_it_again() -> None:
    api = guarded(Home)
    story_id = finished(api, "a shy snail", "fr")
    path = f"/stories/{story_id}/fr/published"
    assert ask(api, "PUT", path, {"published": True}).problem == "wrong-pin"
    for published in (False, True, True, False, True):
        response = ask(api, "PUT", path, {"published": published}, headers=PIN)
        assert (response.status, response.json) == (200, {"published": published})
        listed = [(card["id"], card["locale"]) for card in api.get("/stories").json["stories"]]
        assert listed == [(story_id, "fr")] * published
        assert [card["published"] for card in shelf(api, locale="fr")] == [published]
    assert [card["published"] for card in shelf(api, locale="en")] == [False]


def test_what_cannot_be_published_is_refused() -> None:
    api = guarded(Home)
    story_id = finished(api, "a shy snail")
    for path, body, code, slug in (
        (f"/stories/p{story_id}/en/published", {"published": True}, 422, "private-story"),
        (f"/stories/{story_id}/fr/published", {"published": True}, 404, "not-found"),
        (f"/stories/{'0' * 32}/en/published", {"published": True}, 404, "not-found"),
        (f"/stories/{story_id}/tlh/published", {"published": True}, 400, "unknown-locale"),
        (f"/stories/{story_id}/en/published", {"published": "yes"}, 400, "bad-request"),
        (f"/stories/{story_id}/en/published", None, 400, "bad-request"),
    ):
        response = ask(api, "PUT", path, body, headers=PIN)
        assert (response.status, response.problem) == (code, slug), path
    assert list(api.store.list("catalogs/")) == []


def test_the_pin_is_chosen_once_and_changed_by_who_knows_it() -> None:
    api = FakeApi()
    api.handler = Api(OnDemand(api.app, api.runner, guard=Home(api.store)), api.wait)
    story_id = finished(api, "a shy snail")
    assert ask(api, "GET", "/pin").json == {"needed": True, "set": False}
    assert ask(api, "DELETE", f"/stories/{story_id}", headers=PIN).problem == "no-pin"
    assert ask(api, "PUT", "/pin", {"pin": "25801973"}).status == 204
    assert ask(api, "GET", "/pin").json == {"needed": True, "set": True}
    for body, slug in (
        ({"pin": "1111"}, "wrong-pin"),
        ({"pin": "1111", "old": "0000"}, "wrong-pin"),
        ({"pin": "11a1"}, "bad-request"),
        ({"pin": 1111}, "bad-request"),
        ({"pin": "123"}, "bad-request"),
        ({}, "bad-request"),
    ):
        assert ask(api, "PUT", "/pin", body).problem == slug
    assert ask(api, "PUT", "/pin", {"pin": "1111", "old": "25801973"}).status == 204
    assert ask(api, "DELETE", f"/stories/{story_id}", headers=PIN).problem == "wrong-pin"
    assert ask(api, "DELETE", f"/stories/{story_id}", headers={"x-pin": "1111"}).status == 204


def test_guessing_is_answered_with_a_wait_and_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    api = guarded(Home)
    story_id = finished(api, "a shy snail")
    with caplog.at_level("DEBUG"):
        for _ in range(5):
            assert ask(api, "DELETE", f"/stories/{story_id}", headers={"X-Pin": "guessing"}).status == 403
        response = ask(api, "DELETE", f"/stories/{story_id}", headers=PIN)
        ask(api, "PUT", "/pin", {"pin": "84626150", "old": "guessing"})
    assert (response.status, response.problem) == (429, "too-many-tries")
    assert int(response.headers["retry-after"]) > 20
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert [pin for pin in ("guessing", "84626150", "25801973") if pin in logged] == []
    assert keys.request(story_id) in api.store.list("stories/")


def test_a_page_elsewhere_may_send_the_pin() -> None:
    api = guarded(Home, origin="https://page.example")
    headers = {"Origin": "https://page.example"}
    response = ask(api, "OPTIONS", "/stories/x", headers=headers)
    assert "X-Pin" in response.headers["access-control-allow-headers"]
    assert {"DELETE", "PUT"} <= set(response.headers["access-control-allow-methods"].split(","))
    assert response.status == 204
