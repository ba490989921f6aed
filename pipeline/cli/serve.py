"""`stories serve`: the API on this machine until Ctrl-C."""

from __future__ import annotations

import logging
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline.bootstrap import build_app, build_runner, build_store, tidy, weights
from pipeline.cli.background import fetching_translators, sweeping
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import tell
from pipeline.cli.weights import fetch
from pipeline.config import project
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.ports import Store

if TYPE_CHECKING:
    from pipeline.api.gateway import Api
    from pipeline.api.service import OnDemand

# In the project's folder.
_PAGE = "frontend/dist"
# Seconds that POST / waits for a story here, where no gateway ends the request.
_WAIT = "290"
_GRACE_SECONDS = 3
# Bytes of a file that needs a block on any disk.
_BLOCK = 4096


def add(commands: Commands, shared: ArgumentParser) -> None:
    parser = add_command(commands, shared, "serve", serve, "the API (and the page) on this machine")
    parser.add_argument(
        "--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only; 0.0.0.0: your network too"
    )
    parser.add_argument("--port", type=int, default=8000, help="default: 8000; 0: any that is free")
    parser.add_argument(
        "--url",
        default="",
        help="how others reach it, where that is neither a numeric address nor this machine's own name",
    )
    parser.add_argument(
        "--proxy",
        default="",
        metavar="ADDRESS",
        help="of a proxy whose X-Forwarded-For and X-Forwarded-Proto are believed; default: none",
    )
    parser.add_argument(
        "--page", metavar="DIR", type=Path, help=f"the built page (default: {_PAGE} in the project's folder)"
    )


def serve(options: Namespace) -> None:
    """Raises ConfigError: the port is taken, a package or a setting is missing."""
    from pipeline.api.guard import Nobody
    from pipeline.api.in_process.home import Home
    from pipeline.api.service import OnDemand
    from pipeline.cli.greeting import greet
    from pipeline.cli.signing import build_signer
    from pipeline.exports import formats
    from pipeline.server.allowed_hosts import own_names
    from pipeline.server.asgi import build_server
    from pipeline.server.connections import connections_of, file_handles, pushed_of
    from pipeline.server.listening import listen, run
    from pipeline.server.push.endpoint import Endpoint
    from pipeline.server.push.hub import Hub
    from pipeline.server.push.tickets import Tickets
    from pipeline.server.reach import Reach
    from pipeline.server.signed_urls import MediaStore, secret

    settings = _settings(options)
    is_files, page = _is_files(settings), _page(options.page)
    if not settings.aws.workflow:
        fetch(weights(settings, ()), settings)
    store: Any = build_store(settings)
    key = secret(store) if is_files else b""
    listening = listen(options.host, options.port)
    bound, port, *_ = listening.getsockname()
    base = options.url.rstrip("/") or f"http://{_shown(options.host)}:{port}"
    reach = Reach(bound, port, options.url.rstrip("/"))
    media = MediaStore(store, base, key, settings.aws.url_seconds) if is_files else None
    hub, tickets = Hub(), Tickets(options.url.rstrip("/"))
    app = replace(build_app(settings, media or store), changes=hub)
    guard = Home(store) if is_files else Nobody()
    exports = formats.available() if media else ()
    runner = build_runner(app, settings)
    stories = OnDemand(app, runner, tickets=tickets, guard=guard, exports=exports)
    most = pushed_of(connections_of(file_handles()))
    tidy(settings)
    asgi = build_server(
        _api(stories, settings, partial(_write, store) if is_files else None),
        media,
        store.path if is_files else None,
        page,
        settings.serving.origin,
        sound=app.store.url("any.mp3"),
        names=(*own_names(), options.host, urlsplit(base).hostname or ""),
        as_called=not options.url,
        sounds=app.sounds,
        reach=reach,
        endpoint=Endpoint(app, hub, tickets, most, settings.serving.origin),
        signer=build_signer(settings),
    )
    greet(settings, base, reach, page is not None)
    try:
        # After the app was built: what translates is decided for as long as it runs.
        with fetching_translators(settings), sweeping(store if is_files else None):
            run(asgi, listening, options.proxy, _GRACE_SECONDS, partial(_stop, stories, 0))
    finally:
        _stop(stories, _GRACE_SECONDS)
        _leave(stories)


def _api(stories: OnDemand, settings: Settings, check: Callable[[], None] | None) -> Api:
    """Ready for requests; stories that were accepted before the last stop are being made again."""
    from pipeline.api.gateway import Api
    from pipeline.api.in_process.runner import InProcess

    serving, life = settings.serving, settings.aws.url_seconds
    api = Api(stories, serving.wait, serving.origin, life, check)
    api.warm()
    _log_to_stderr()
    if isinstance(stories.runner, InProcess) and (count := stories.runner.resume()):
        tell(f"resuming stories that were accepted before: {count}")
    return api


def _write(store: Store) -> None:
    """Raises StoreError: the disk is full, or may only be read."""
    store.put("server/health", bytes(_BLOCK))


def _stop(stories: OnDemand, seconds: float) -> None:
    from pipeline.api.in_process.runner import InProcess

    stories.stopping.set()
    if isinstance(stories.runner, InProcess):
        stories.runner.stop(seconds)


def _leave(stories: OnDemand) -> None:
    from pipeline.api.in_process.runner import InProcess

    if isinstance(stories.runner, InProcess):
        stories.runner.leave()


def _settings(options: Namespace) -> Settings:
    """With the default of a personal machine: it waits longer."""
    return Settings.from_options({"STORIES_WAIT": _WAIT, **os.environ}, options)


def _is_files(settings: Settings) -> bool:
    return bool(profile(settings.profile)["store"] == "files")


def _page(named: Path | None) -> Path | None:
    """The built page's folder; None where it is not built. The current folder's own is not trusted. Raises
    ConfigError: the named one is no folder.
    """
    if named:
        if not named.is_dir():
            raise ConfigError(f"--page {named} is no folder: name the built page's, as {_PAGE}")
        return named
    checkout = project.folder()
    return checkout / _PAGE if checkout and (checkout / _PAGE).is_dir() else None


def _shown(host: str) -> str:
    if host in {"", "0.0.0.0"}:  # noqa: S104 - shown, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


class _LineFormatter(logging.Formatter):
    """A line for each request or failed story; the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        fields = record.__dict__
        time = self.formatTime(record, "%H:%M:%S")
        if record.msg == "request":
            # The caller chooses the path: it may neither begin a line nor control this terminal.
            path = "".join(char if char.isprintable() else "?" for char in fields["path"])
            line = f"{time} {fields['status']} {fields['method']} {path} {fields['milliseconds']:.0f} ms"
        else:
            line = f"{time} {record.levelname.lower()}: {record.getMessage()} {fields.get('problem', '')}"
            line += f" {fields['story_id'][:8]} {fields['locale']}" if "locale" in fields else ""
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter())
    logger = logging.getLogger("pipeline")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
