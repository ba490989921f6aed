"""Pictures of stories over HTTP and in views."""

from __future__ import annotations

import base64
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from pipeline.api import views
from pipeline.app import App
from pipeline.engines.fake import MemoryStore
from pipeline.exports import covers as composed
from pipeline.server.asgi import build_server
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage import cards, keys
from pipeline.storage.records import load_manifest
from tests.api.calling import FakeApi
from tests.making import Listener, fake_app

PNG = b"\x89PNG\r\n\x1a\n"
NOBODY = "0" * 32


@pytest.fixture
def app() -> App:
    return fake_app(MemoryStore())


def story_of(app: App, *locales: str) -> str:
    story_id = accept(app, "a shy snail", 5)
    for locale in locales:
        run(app, story_id, locale, Listener())
    return story_id


def test_a_view_names_pictures_that_the_api_has() -> None:
    api = FakeApi()
    view = api.followed(api.post().headers["location"])
    day, night = api.get(view["coverUrl"].partition("?")[0]), api.get(view["coverNightUrl"].partition("?")[0])
    assert day.status == night.status == 200
    assert day.headers["content-type"] == "image/svg+xml"
    assert day.headers["cache-control"] == "private, max-age=86400"
    assert day.headers["x-content-type-options"] == "nosniff"
    assert ElementTree.fromstring(day.body).tag == "{http://www.w3.org/2000/svg}svg"
    assert day.body != night.body
    bitmap = api.get(view["coverPngUrl"].partition("?")[0])
    assert bitmap.headers["content-type"] == "image/png"
    assert base64.b64decode(bitmap.body).startswith(PNG)


def test_the_server_sends_the_png_as_bytes() -> None:
    api = FakeApi()
    view = api.followed(api.post().headers["location"])
    with TestClient(build_server(api.handler, None, None, None), "http://localhost") as client:
        response = client.get(view["coverPngUrl"])
    assert response.content.startswith(PNG)
    assert response.headers["content-length"] == str(len(response.content))


@pytest.mark.parametrize("name", ["cover.svg", "cover-night.svg", "cover.png"])
def test_a_story_that_is_not_written_has_no_picture(name: str) -> None:
    api = FakeApi()
    assert api.get(f"/stories/{NOBODY}/{name}").problem == "not-found"
    assert api.get(f"/stories/x/{name}").problem == "bad-request"


def test_where_stories_have_no_pictures_no_view_names_one(app: App) -> None:
    bare = replace(app, covers=None)
    story_id = story_of(bare, "en")
    view = views.view(bare, story_id, "en")
    card = views.card_view(bare, cards.Card(story_id, "en", "The Snail", 1000))
    assert not [name for name in (*view, *card) if name.startswith("cover")]


def test_a_cover_says_what_it_shows_in_the_language_of_the_edition(app: App) -> None:
    story_id = story_of(app, "en", "fr")
    english, french = (views.view(app, story_id, locale) for locale in ("en", "fr"))
    assert english["coverUrl"] == french["coverUrl"]
    assert english["coverText"].startswith(f"Cover picture of the story “{english['title']}”")
    assert french["coverText"].startswith(f"Image de couverture de l’histoire « {french['title']} »")
    card = views.card_view(app, cards.Card(story_id, "fr", "L’escargot", 1000))
    assert card["coverText"] == "Image de couverture de l’histoire « L’escargot »"
    assert card["coverUrl"] == english["coverUrl"]


def test_an_edition_whose_english_text_is_gone_still_has_its_view(app: App) -> None:
    story_id = story_of(app, "en", "fr")
    app.store.put(keys.text(story_id, "en"), b"{")
    view = views.view(app, story_id, "fr")
    assert view["coverText"] == f"Image de couverture de l’histoire « {view['title']} »"


def mp3_of(app: App, story_id: str, locale: str) -> bytes:
    key = keys.manifest(story_id, locale)
    return app.store.get(load_manifest(app.store.get(key), key).mp3)


def test_without_what_draws_pngs_the_vector_is_there_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composed, "find_spec", lambda _: None)
    api = FakeApi()
    view = api.followed(api.post().headers["location"])
    assert api.get(view["coverPngUrl"].partition("?")[0]).problem == "not-found"
    assert api.get(view["coverUrl"].partition("?")[0]).status == 200


def test_mp3s_are_the_same_with_and_without_covers(app: App) -> None:
    bare = replace(fake_app(MemoryStore()), covers=None)
    assert mp3_of(app, story_of(app, "en"), "en") == mp3_of(bare, story_of(bare, "en"), "en")


def test_an_edition_from_before_there_were_covers_is_read_as_it_is(app: App) -> None:
    before = replace(app, covers=None)
    story_id = story_of(before, "en")
    mp3 = mp3_of(before, story_id, "en")
    run(app, story_id, "en", Listener())
    assert mp3_of(app, story_id, "en") == mp3
    assert views.view(app, story_id, "en")["coverUrl"].startswith(f"/stories/{story_id}/cover.svg")
