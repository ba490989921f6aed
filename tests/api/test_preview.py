"""What a chat reads of a link to a story."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from pipeline.api.preview import preview
from pipeline.errors import NotFoundError
from pipeline.storage import keys, shelf
from pipeline.storage.records import dump
from pipeline.types import Manifest, ManifestSegment
from tests.api.calling import FakeApi, as_response, event

HOST = {"host": "stories.home:8000", "x-forwarded-proto": "http"}
ID = "0a" * 16


class Page(HTMLParser):
    """Its elements, with their attributes, and the text of all."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def meta(self, name: str) -> str | None:
        metas = (attributes for tag, attributes in self.elements if tag == "meta")
        return next((attributes["content"] for attributes in metas if name in attributes.values()), None)

    def first(self, tag: str) -> dict[str, str | None]:
        return next(attributes for name, attributes in self.elements if name == tag)


def published(api: FakeApi, title: str = "The snail", text: str = "A snail went.", locale: str = "en") -> str:
    """The address of the preview of a story on the shelf, which no engine made."""
    segments = (ManifestSegment(text, "cache/a.mp3", 0, 1000, ()),)
    manifest = Manifest(ID, locale, title, "a snail", "a snail", 0, segments, "a.mp3", 1000, (), {})
    api.store.put(keys.manifest(ID, locale), dump(manifest))
    shelf.publish(api.store, manifest)
    return f"/stories/{ID}/{locale}/preview"


def test_published_story_shows_title_picture_and_first_sentence() -> None:
    api = FakeApi(publish=True)
    story = api.followed(api.post().headers["location"])
    response = api.get(f"/stories/{story['id']}/en/preview", headers=HOST)
    page = Page(response.body)
    assert response.headers["content-type"] == "text/html"
    assert page.meta("og:title") == story["title"]
    assert page.meta("og:description") == story["segments"][0]["text"]
    assert page.meta("og:image") == f"http://stories.home:8000{story['coverPngUrl']}"
    assert page.meta("twitter:card") == "summary"
    assert page.first("a")["href"] == f"http://stories.home:8000/#/story/{story['id']}/en"
    assert "made by AI" in page.text
    assert response.headers["cache-control"] == "public, max-age=300"


def test_a_page_elsewhere_and_the_stage_are_in_the_addresses() -> None:
    api = FakeApi(origin="https://stories.example")
    path = published(api)
    request = event("GET", path, headers={"Host": "abc.execute-api.eu-west-1.amazonaws.com"})
    request["requestContext"]["path"] = f"/dev{path}"
    page = Page(as_response(api.handler(request, None)).body)
    assert page.first("a")["href"] == f"https://stories.example/#/story/{ID}/en"
    image = page.meta("og:image") or ""
    assert image.startswith(f"https://abc.execute-api.eu-west-1.amazonaws.com/dev/stories/{ID}/cover.png")


def test_text_of_a_story_is_never_markup() -> None:
    api = FakeApi()
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    page = Page(api.get(published(api, title=hostile, text=hostile), headers=HOST).body)
    assert (page.meta("og:title"), page.meta("og:description")) == (hostile, hostile)
    assert {tag for tag, _ in page.elements}.isdisjoint({"script"})
    assert not [attributes for _, attributes in page.elements if "onerror" in attributes]


def test_policy_allows_its_own_style_and_picture_and_no_script() -> None:
    api = FakeApi()
    response = api.get(published(api), headers=HOST)
    policy = response.headers["content-security-policy"]
    style = re.search("<style>(.*)</style>", response.body)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; img-src 'self'; style-src 'sha256-{digest}';")
    assert "script-src" not in policy


def test_preview_speaks_the_story_s_language_and_a_long_sentence_is_cut() -> None:
    api = FakeApi()
    page = Page(api.get(published(api, text="كان " * 99, locale="ar"), headers=HOST).body)
    assert (page.first("html")["lang"], page.first("html")["dir"]) == ("ar", "rtl")
    assert "استمع" in page.text
    assert len(page.meta("og:description") or "") == 200


def test_story_that_is_not_published_has_no_preview() -> None:
    api = FakeApi()
    story = api.followed(api.post().headers["location"])
    assert api.get(f"/stories/{story['id']}/en/preview").problem == "not-found"
    path = published(api)
    assert api.get(path, headers=HOST).status == 200
    shelf.withhold(api.store, ID, "en")
    assert api.get(path, headers=HOST).problem == "not-found"


def test_no_preview_where_the_page_s_address_is_not_known() -> None:
    api = FakeApi(origin="*")
    assert api.get(published(api), headers=HOST).problem == "not-found"


def test_private_story_has_no_preview_even_if_it_were_on_the_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "is_listed", lambda *_: True)
    with pytest.raises(NotFoundError):
        preview(FakeApi().app, f"p{ID}", "en", "https://api.example", "https://page.example")
