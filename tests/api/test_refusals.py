"""Rejected requests: a problem+json without internals, with the headers of every response."""

from __future__ import annotations

import json
import re
import sys

import pytest

from pipeline.engines.fake import MemoryStore
from pipeline.errors import StoreError
from tests.api.calling import IDEA, FakeApi, Response, as_response, event
from tests.api.pausing import Gate, HeldText

ID = "0" * 32
ORIGIN = "https://stories.example.org"
# Python 3.11 and 3.12 cannot read lists that deep; 3.13 reads them, and they are no string.
TOO_DEEP = "not JSON" if sys.version_info < (3, 13) else "context"
SECURE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


@pytest.fixture(scope="module")
def api() -> FakeApi:
    return FakeApi(origin=ORIGIN)


def padded(size: int) -> str:
    body = json.dumps({"context": IDEA, "variant": 1})
    return body + " " * (size - len(body))


def test_a_body_up_to_16_kb_is_read(api: FakeApi) -> None:
    assert api.post(body=padded(16_384)).status in {200, 202}
    response = api.post(body=padded(16_385))
    assert (response.status, response.problem) == (413, "too-large")


def test_bytes_are_counted_not_characters(api: FakeApi) -> None:
    assert api.post(body=json.dumps({"context": "é" * 8_500}, ensure_ascii=False)).status == 413


@pytest.mark.parametrize("kind", ["text/plain", "", "application/jsonx", "multipart/form-data; boundary=x"])
def test_another_media_type_than_json_is_rejected(api: FakeApi, kind: str) -> None:
    response = as_response(
        api.handler(event("POST", "/", '{"context": "a snail"}', {"content-type": kind}), None)
    )
    assert (response.status, response.problem) == (415, "unsupported-media-type")
    assert "application/json" in response.json["detail"]


@pytest.mark.parametrize("path", ["/pin", f"/stories/{ID}/en/published"])
def test_a_put_is_held_to_the_same_limits_as_a_post(api: FakeApi, path: str) -> None:
    plain = event("PUT", path, "{}", {"content-type": "text/plain"})
    for response, code in (
        (api("PUT", path, padded(16_385)), 413),
        (as_response(api.handler(plain, None)), 415),
    ):
        assert response.status == code
        assert response.problem in {"too-large", "unsupported-media-type"}
        assert_no_internals(response)
    assert api("PUT", path, "{").problem == "bad-request"


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_media_type_has_no_case_and_may_have_parameters(api: FakeApi, kind: str) -> None:
    request = event("POST", "/stories", '{"context": "a shy snail"}', {"CONTENT-TYPE": kind})
    assert as_response(api.handler(request, None)).status == 202


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "body"),
        ("{", "not JSON"),
        ("null", "body"),
        ("[]", "body"),
        ("\ufeff{}", "not JSON"),
        ('{"context": ' + "[" * 8000, "not JSON"),
        ('{"context": ' + "[" * 8000 + "]" * 8000 + "}", TOO_DEEP),
        ('{"context": "a snail", "variant": ' + "9" * 5000 + "}", "not JSON"),
        ('{"context": "a snail", "variant": NaN}', "variant"),
        ('{"context": "a snail", "variant": 1e400}', "variant"),
        ("{}", "context"),
        ('{"context": null}', "context"),
        ('{"context": ""}', "context"),
        ('{"context": "\\ud800"}', "context"),
        ('{"\\ud800": 1, "context": "a snail"}', ""),
        ('{"context": "a snail", "locale": "../../etc"}', "locale"),
        ('{"context": "a snail", "locale": null}', "locale"),
        ('{"context": "a snail", "variant": "1"}', "variant"),
        ('{"context": "a snail", "variant": true}', "variant"),
        ('{"context": "a snail", "variant": -1}', "variant"),
        ('{"context": "a snail", "variant": 9007199254740992}', "variant"),
        ('{"context": "a snail", "experimental": "yes"}', "experimental"),
        ('{"context": "a snail", "Locale": "fr"}', "Unknown field 'Locale'"),
    ],
)
def test_a_malformed_body_is_rejected_and_its_field_named(api: FakeApi, body: str, detail: str) -> None:
    response = api.post(body=body)
    assert (response.status, response.problem) == (400, "bad-request")
    assert detail in response.json["detail"]
    assert_no_internals(response)


@pytest.mark.parametrize(
    ("context", "code", "problem"),
    [
        (" ", 400, "empty-idea"),
        ("x" * 301, 400, "long-idea"),
        ("x", 400, "short-idea"),
        ("see www.example.com", 400, "address"),
        ("lis, który boi się deszczu", 400, "unknown-idea-language"),
        ("一只害羞的蜗牛", 400, "unknown-idea-language"),
        ("a snail with a gun that kills", 422, "unsafe-violence"),
        ("un loup qui tue le chasseur", 422, "unsafe-violence"),
        ("a snail that wants to die", 422, "unsafe-self-harm"),
    ],
)
def test_a_bad_idea_is_rejected(api: FakeApi, context: str, code: int, problem: str) -> None:
    for path in ("/", "/stories"):
        response = api.post(path, {"context": context})
        assert (response.status, response.problem) == (code, problem)
        assert_no_internals(response)


def test_an_idempotency_key_has_1_to_255_characters(api: FakeApi) -> None:
    assert api.post(key="x" * 255).status == 202
    for key in ("", "x" * 256):
        response = api("POST", "/stories", {"context": IDEA}, headers={"Idempotency-Key": key})
        assert (response.status, response.problem) == (400, "bad-request")
        assert "idempotency-key" in response.json["detail"]


@pytest.mark.parametrize(
    "path",
    [
        "/stories/../en",
        "/stories/../../etc/passwd/en",
        f"/stories/{ID}/../en",
        f"/stories/{ID}/..",
        f"/stories/{ID.upper()[:-1]}A/en",
        f"/stories/{ID}0/en",
        f"/stories/{ID}\n/en",
        f"/stories/{ID}/en\n",
        f"/stories/{ID}/e",
        f"/stories/{ID}/\x00\x00",
        f'/stories/{ID}/"fr"',
        f"/stories/{ID}/" + "e" * 36,
    ],
)
def test_an_address_with_no_valid_id_or_locale_is_rejected(api: FakeApi, path: str) -> None:
    response = api.get(path)
    assert response.status in {400, 404}
    assert response.problem in {"bad-request", "not-found", "unknown-locale"}
    assert_no_internals(response)


@pytest.mark.parametrize("name", ["..", f"{ID}0", f"{ID[1:]}A", f"pp{ID[1:]}", "%2e%2e", "*", "en/../x"])
def test_no_other_name_than_an_id_is_deleted_or_published(api: FakeApi, name: str) -> None:
    calls = [
        ("DELETE", f"/stories/{name}", None),
        ("PUT", f"/stories/{name}/en/published", {"published": True}),
    ]
    for method, path, body in calls:
        response = api(method, path, body)
        assert response.status in {400, 404, 405}
        assert response.problem in {"bad-request", "not-found", "method-not-allowed"}
        assert_no_internals(response)


@pytest.mark.parametrize(
    "query", [{"cursor": "x"}, {"cursor": ""}, {"cursor": f"en.{ID}\n"}, {"cursor": "../.."}]
)
def test_a_malformed_cursor_is_rejected(api: FakeApi, query: dict[str, str]) -> None:
    response = api.get("/stories", query=query)
    assert (response.status, response.problem) == (400, "bad-request")
    assert "'cursor'" in response.json["detail"]
    assert_no_internals(response)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/", "POST"),
        ("DELETE", f"/stories/{ID}/en", "GET, HEAD"),
        ("PATCH", "/stories", "GET, HEAD, POST"),
        ("GET", f"/stories/{ID}/locales", "POST"),
        ("HEAD", "/", "POST"),
        ("POST", "/stories/x/en/", "GET, HEAD"),
        ("BREW", "/stories", "GET, HEAD, POST"),
    ],
)
def test_another_method_is_a_405_that_lists_the_allowed_ones(
    api: FakeApi, method: str, path: str, allowed: str
) -> None:
    response = api(method, path, "{}" if method == "POST" else None)
    assert (response.status, response.problem) == (405, "method-not-allowed")
    assert response.headers["allow"] == f"{allowed}, OPTIONS"
    assert FakeApi()(method, path).headers["allow"] == allowed


@pytest.mark.parametrize("path", ["/nothing", "/STORIES", "//", "/media/x", "/stories/a/b/c"])
def test_an_unknown_address_is_not_found(api: FakeApi, path: str) -> None:
    response = api.get(path)
    assert (response.status, response.problem) == (404, "not-found")


def responses_of_every_kind(api: FakeApi) -> list[Response]:
    return [
        api("POST", "/", {"context": IDEA, "variant": 4}),
        api.post(),
        api.get("/health"),
        api.get("/nothing"),
        api("PUT", "/stories"),
        api.get(f"/stories/{ID}/en"),
        api.post(body="{"),
        api.post(body={"context": IDEA, "locale": "tlh"}),
        api.post(body=" " * 20_000),
        as_response(api.handler(event("POST", "/", "{}", {"origin": ORIGIN}), None)),
    ]


def test_every_response_has_the_security_headers(api: FakeApi) -> None:
    responses = responses_of_every_kind(api)
    assert {response.status for response in responses} == {200, 202, 400, 404, 405, 413, 415}
    for response in responses:
        assert SECURE.items() <= response.headers.items()
        assert "max-age=" in response.headers["strict-transport-security"]


def cross_origin(api: FakeApi, origin: str) -> list[Response]:
    """Responses of every kind to a page of `origin`."""
    headers = {"content-type": "application/json", "origin": origin}
    requests = [
        event("GET", "/health", None, headers),
        event("POST", "/stories", '{"context": "a shy snail"}', headers),
        event("POST", "/stories", "{", headers),
        event("POST", "/stories", " " * 20_000, headers),
        event("POST", "/stories", "", {"origin": origin}),
        event("GET", "/nothing", None, headers),
        event("PUT", "/stories", None, headers),
        event("GET", f"/stories/{ID}/en", None, headers),
    ]
    return [as_response(api.handler(request, None)) for request in requests]


def test_a_page_of_the_origin_may_read_every_response(api: FakeApi) -> None:
    for response in cross_origin(api, ORIGIN):
        assert response.headers["access-control-allow-origin"] == ORIGIN, response
        assert {"location", "retry-after"} <= {
            name.strip().lower() for name in response.headers["access-control-expose-headers"].split(",")
        }
        assert "origin" in response.headers["vary"].lower()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://stories.example.org.evil.example"]
)
def test_a_page_of_another_origin_may_read_none(api: FakeApi, origin: str) -> None:
    for response in cross_origin(api, origin):
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_without_an_origin_there_are_no_cors_headers() -> None:
    for response in cross_origin(FakeApi(), ORIGIN):
        assert not [name for name in response.headers if name.startswith("access-control-")]


def test_a_preflight_lists_the_allowed_methods_and_headers(api: FakeApi) -> None:
    headers = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type,idempotency-key",
    }
    response = as_response(api.handler(event("OPTIONS", "/stories", None, headers), None))
    assert response.status == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    allowed = re.split(r"[,\s]+", response.headers["access-control-allow-headers"].lower())
    assert {"content-type", "idempotency-key"} <= set(allowed)
    assert {"GET", "POST"} <= set(re.split(r"[,\s]+", response.headers["access-control-allow-methods"]))


def test_a_full_queue_is_a_429_with_retry_after() -> None:
    gate = Gate()
    api = FakeApi(text=HeldText(gate), workers=1, waiting=1)
    held = [api.post().headers["location"] for _ in range(2)]
    for path in ("/", "/stories"):
        response = api.post(path, key=f"tap {path}")
        assert (response.status, response.problem) == (429, "queue-full")
        assert re.fullmatch("[1-9][0-9]*", response.headers["retry-after"])
        assert response.headers["retry-after"] in response.json["detail"]
    gate.open()
    for location in held:
        api.followed(location)
    assert api.post("/", key="tap /").status == 200


class DeadDisk(MemoryStore):
    def get(self, key: str) -> bytes:
        raise StoreError("cannot use /srv/data/stories (Input/output error)", problem="unwritable")


@pytest.mark.parametrize("path", ["/health", f"/stories/{ID}/en"])
def test_a_broken_store_is_a_500_without_its_path(path: str) -> None:
    api = FakeApi(store=DeadDisk())
    response = api.get(path)
    assert (response.status, response.problem) == (500, "unwritable")
    assert_no_internals(response)


def test_an_unexpected_error_is_a_500_without_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    api = FakeApi()
    api.get("/locales")
    monkeypatch.setattr("pipeline.storage.shelf.page", lambda *_: 1 / 0)
    response = api.get("/stories")
    assert (response.status, response.problem) == (500, "failed")
    assert_no_internals(response)


def assert_no_internals(response: Response) -> None:
    internals = ("Traceback", "/srv", "Error", "pipeline", "fake/", "site-packages", "pydantic", ".py", "^")
    assert not [text for text in internals if text in response.body]
