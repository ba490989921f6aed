"""The addresses for a tablet, and a QR code of the best: for a page that is opened on this machine itself."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from pipeline.api.gateway import NO_ADDRESS
from pipeline.server import qr
from pipeline.server.allowed_hosts import name_of
from pipeline.server.proxy import problem_response
from pipeline.server.reach import Reach

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Another site's page may not show it.
    "Cross-Origin-Resource-Policy": "same-origin",
}


def tablet_routes(reach: Reach) -> list[BaseRoute]:
    """GET routes, which are not there for a request from elsewhere."""

    def addresses(request: Request) -> Response:
        if not _is_own(request):
            return problem_response(NO_ADDRESS)
        page = {"open": reach.is_open, "addresses": [f"{url}/" for url in reach.urls()]}
        return JSONResponse(page, headers=_HEADERS)

    def code(request: Request) -> Response:
        urls = reach.urls() if _is_own(request) else ()
        if not urls:
            return problem_response(NO_ADDRESS)
        return Response(qr.svg(f"{urls[0]}/"), media_type="image/svg+xml", headers=_HEADERS)

    return [Route("/tablet.json", addresses), Route("/tablet.svg", code)]


def _is_own(request: Request) -> bool:
    """Both ends are this machine: behind a proxy on it, every client has its address, but not its name."""
    name = name_of(request.headers.get("host", ""))
    is_named = name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
    return is_named and _is_loopback(request.client.host if request.client else "")


def _is_loopback(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return ip.is_loopback
