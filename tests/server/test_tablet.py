"""The tablet's address, for a page on this machine."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipeline.server import qr
from pipeline.server.reach import Reach
from pipeline.server.tablet import tablet_routes

OPEN = Reach("192.168.1.23", 8000)


def client(reach: Reach = OPEN, caller: str = "127.0.0.1", name: str = "localhost") -> TestClient:
    app = Starlette(routes=tablet_routes(reach))
    return TestClient(app, base_url=f"http://{name}:8000", client=(caller, 5000))


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "book.localhost"])
def test_a_page_on_this_machine_receives_the_address_and_its_code(name: str) -> None:
    page = client(name=name)
    assert page.get("/tablet.json").json() == {"open": True, "addresses": ["http://192.168.1.23:8000/"]}
    code = page.get("/tablet.svg")
    assert code.headers["content-type"] == "image/svg+xml"
    assert code.content == qr.svg("http://192.168.1.23:8000/")
    assert code.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("caller", "name"),
    [("192.168.1.40", "192.168.1.23"), ("192.168.1.40", "localhost"), ("127.0.0.1", "stories.home")],
    ids=["a tablet", "a tablet with a forged name", "a proxy on this machine"],
)
def test_anybody_else_gets_neither(caller: str, name: str) -> None:
    page = client(caller=caller, name=name)
    for address in ("/tablet.json", "/tablet.svg"):
        response = page.get(address)
        assert (response.status_code, "192.168.1.23:" in response.text) == (404, False)


def test_a_server_of_this_machine_only_says_so() -> None:
    page = client(Reach("127.0.0.1", 8000))
    assert page.get("/tablet.json").json() == {"open": False, "addresses": []}
    assert page.get("/tablet.svg").status_code == 404


def test_a_code_is_a_picture_and_nothing_else() -> None:
    """Its cells are looked at by a test of the page in a browser; here, what else an SVG may hold."""
    root = ElementTree.fromstring(qr.svg("http://192.168.1.23:8000/"))
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "path"}
    assert qr.svg("http://192.168.1.23:8000/") != qr.svg("http://192.168.1.24:8000/")


def test_a_code_in_a_terminal_has_its_three_corners() -> None:
    """The finder pattern of ISO/IEC 18004: 7 by 7, in three corners; dark is what is left black."""
    lines = qr.blocks("http://192.168.1.23:8000/").splitlines()
    halves = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
    rows = [[halves[sign][half] for sign in line] for line in lines for half in (0, 1)]
    size = len(rows[0])
    inner = [row[2 : size - 2] for row in rows[2 : size - 2]]
    finder = [[1] * 7, [1, 0, 0, 0, 0, 0, 1], *[[1, 0, 1, 1, 1, 0, 1]] * 3, [1, 0, 0, 0, 0, 0, 1], [1] * 7]
    assert [row[:7] for row in inner[:7]] == finder
    assert [row[-7:] for row in inner[:7]] == finder
    assert [row[:7] for row in inner[-7:]] == finder
    assert len(inner) == len(inner[0]) == size - 4
