"""Podcast feeds: a shelf's feed, and the files of its episodes, for whoever has its address."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from pipeline.api import problems
from pipeline.errors import DamagedError, NotFoundError, StoriesError
from pipeline.exports import source, vtt
from pipeline.exports.artwork import artwork
from pipeline.exports.feeds import chapters, rss
from pipeline.exports.feeds.episodes import episodes
from pipeline.exports.feeds.tokens import Feed, find
from pipeline.ports import Store
from pipeline.server.proxy import problem_response, read_only
from pipeline.storage import editions, shelf
from pipeline.storage.sounds import Sounds

PATH = "/feeds/"
PathOf = Callable[[str], Path]
_FEED = re.compile(r"(?P<token>[0-9a-f]{32})\.xml")
_FILE = re.compile(
    r"(?P<token>[0-9a-f]{32})/(?P<story>[0-9a-f]{32})/(?P<edition>[A-Za-z0-9-]{2,35})\.(?P<kind>mp3|vtt|png|json)"
)
_HEADERS = {
    "Cache-Control": "private, max-age=300",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
}


class Feeds:
    """An ASGI application below PATH. path_of: the file of a store's key. base: of all addresses; "": as the
    request names this server.
    """

    def __init__(self, store: Store, path_of: PathOf, sounds: Sounds | None, base: str) -> None:
        self._store = store
        self._path_of = path_of
        self._sounds = sounds
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # In a thread: a feed reads a file a story.
        response = await to_thread.run_sync(self._response, Request(scope, receive))
        await response(scope, receive, send)

    def _response(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return read_only()
        path = request.path_params["path"]
        match = _FEED.fullmatch(path) or _FILE.fullmatch(path)
        try:
            if not match:
                raise NotFoundError("there is no such feed")
            feed = find(self._store, match["token"])
            return self._file(feed, match) if match.re is _FILE else self._feed(feed, request)
        except StoriesError as error:
            return problem_response(problems.of(error))

    def _feed(self, feed: Feed, request: Request) -> Response:
        site = self._base or f"{request.scope['scheme']}://{request.headers['host']}"
        links = rss.Links(f"{site}{PATH}{feed.token}", f"{site}/")
        data = rss.rss(feed.locale, episodes(self._store, feed.locale), links)
        return Response(data, headers=_HEADERS, media_type=rss.MEDIA_TYPE)

    def _file(self, feed: Feed, match: re.Match[str]) -> Response:
        story_id, edition, kind = match["story"], match["edition"], match["kind"]
        is_its_own = editions.locale(edition) == feed.locale
        if not (is_its_own and shelf.is_listed(self._store, story_id, edition)):
            raise NotFoundError("this story is not in the feed")
        story = source.edition(self._store, story_id, edition)
        if kind == "vtt":
            return Response(vtt.vtt(story), headers=_HEADERS, media_type=vtt.MEDIA_TYPE)
        if kind == "json":
            if not story.chapters:
                raise NotFoundError("a story of one scene has no chapters")
            return Response(chapters.chapters(story), headers=_HEADERS, media_type=chapters.MEDIA_TYPE)
        if kind == "png":
            picture = artwork(story)
            return Response(picture.data, headers=_HEADERS, media_type=picture.media_type)
        if self._sounds and not self._sounds.is_whole(story.mp3):
            raise DamagedError("the sound is damaged", problem="damaged-sound")
        return FileResponse(self._path_of(story.mp3), headers=_HEADERS, media_type="audio/mpeg")
