"""What `stories serve` says when it is ready: where it is, how a tablet reaches it, what to try."""

from __future__ import annotations

from functools import partial

from pipeline.cli.terminal import show_blocks, tell
from pipeline.config.settings import Settings
from pipeline.server import qr
from pipeline.server.reach import Reach

_EXAMPLE = '{"context": "a baby sphynx lost in an Egyptian pyramid", "locale": "fr"}'
_NO_NETWORK = (
    "This machine is in no network now, so no tablet can reach it. "
    "Join your Wi-Fi and start it again: the address then stands here."
)


def greet(settings: Settings, base: str, reach: Reach, has_page: bool) -> None:
    maker = f"the workflow {settings.aws.workflow}" if settings.aws.workflow else "its own threads"
    tell(
        f"Stories at {base} (profile {settings.profile}, made by {maker}).\n"
        "Ctrl-C ends it; accepted stories continue at the next start."
    )
    if reach.is_open:
        _show_way(reach.urls(), has_page)
    page = f"The page: {base}/\n" if has_page else ""
    tell(
        f"Try:  curl --location {base} --header 'Content-Type: application/json' \\\n"
        f"        --data '{_EXAMPLE}'\n"
        f"{page}"
        f"More: {base}/openapi.json, {base}/locales, {base}/stories"
    )


def _show_way(urls: tuple[str, ...], has_page: bool) -> None:
    """The address that is typed on a tablet, and as a code for its camera where there is a page to open."""
    if not urls:
        tell(_NO_NETWORK)
        return
    best, *others = (f"{url}/" for url in urls)
    tell(f"On a tablet or phone in your network: {best}")
    if others:
        tell(f"  or, where that does not open: {', '.join(others)}")
    if has_page:
        show_blocks(partial(qr.blocks, best))
