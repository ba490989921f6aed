"""`stories serve`: the API on this machine until Ctrl-C."""

from __future__ import annotations

import logging
import os
import socket
import sys
from argparse import Namespace
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from pipeline.api.runner import InProcess
from pipeline.api.service import OnDemand
from pipeline.bootstrap import build_app, build_runner, build_store, weights
from pipeline.cli.commands import fetch
from pipeline.cli.terminal import tell
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError

_PAGE = Path("frontend/dist")
# A browser, a curl: whoever asks waits as long as the demo's own workflow may take.
_WAIT = "290"
_EXAMPLE = '{"context": "a baby sphynx lost in an Egyptian pyramid", "locale": "fr"}'
_GRACE_SECONDS = 3


def serve(options: Namespace) -> None:
    """Raises ConfigError: the port is taken, a package or a setting is missing."""
    from pipeline.api.gateway import Api
    from pipeline.server.allowed_hosts import own_names
    from pipeline.server.asgi import build_server
    from pipeline.server.signed_urls import MediaStore, secret

    settings = _settings(options)
    is_files = profile(settings.profile)["store"] == "files"
    if not settings.aws.workflow:
        fetch(weights(settings), settings)
    listening = _listen(options.host, options.port)
    base = options.url.rstrip("/") or f"http://{_shown(options.host)}:{listening.getsockname()[1]}"
    store: Any = build_store(settings)
    media = MediaStore(store, base, secret(store), settings.aws.url_seconds) if is_files else None
    app = build_app(settings, media or store)
    runner = build_runner(app, settings)
    serving = settings.serving
    stories = OnDemand(app, runner)
    api = Api(stories, serving.wait, serving.origin)
    api.warm()
    _log_to_stderr()
    if isinstance(runner, InProcess) and (found := runner.resume()):
        tell(f"going on with what was asked for before: {found}")
    tell(_greeting(settings, base, runner))
    path_of = store.path if is_files else None
    asgi = build_server(
        api,
        media,
        path_of,
        _PAGE,
        serving.origin,
        sound=app.store.url("any.mp3"),
        names=(*own_names(), options.host, urlsplit(base).hostname or ""),
        as_called=not options.url,
    )
    _run(asgi, listening, stories)


def _run(asgi: Any, listening: socket.socket, stories: OnDemand) -> None:
    """Until Ctrl-C, which raises KeyboardInterrupt: uvicorn raises the signal again that ended it."""
    import uvicorn

    def stop(seconds: float) -> None:
        stories.stopping.set()
        if isinstance(stories.runner, InProcess):
            stories.runner.stop(seconds)

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            stop(0)  # whoever waits for a story is answered 202 now; uvicorn would wait for them
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        asgi, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=_GRACE_SECONDS
    )
    try:
        Server(config).run(sockets=[listening])
    finally:
        stop(_GRACE_SECONDS)


def _settings(options: Namespace) -> Settings:
    """A machine of one's own waits longer, and lists what is made on it."""
    environ = dict(os.environ)
    environ.setdefault("STORIES_WAIT", _WAIT)
    told = Settings.from_options(environ, options)
    if profile(told.profile)["store"] == "files":
        environ.setdefault("STORIES_PUBLISH", "1")
    return Settings.from_options(environ, options)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=512)
    except (OSError, OverflowError) as error:  # taken, unknown, not allowed; no port has such a number
        why = str(getattr(error, "strerror", error)).partition(" (while")[0]
        raise ConfigError(
            f"cannot listen on {host}:{port} ({why}): choose another with --port",
            problem="bad-setting",
        ) from error


def _shown(host: str) -> str:
    if host in {"", "0.0.0.0"}:  # noqa: S104 - shown, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _greeting(settings: Settings, base: str, runner: object) -> str:
    by = "its own threads" if isinstance(runner, InProcess) else f"the workflow {settings.aws.workflow}"
    page = f"\nThe page: {base}/" if _PAGE.is_dir() else ""
    return (
        f"Stories at {base} (profile {settings.profile}, made by {by}).\n"
        "Ctrl-C ends it; what was accepted goes on at the next start.\n"
        f"Try:  curl --location {base} --header 'Content-Type: application/json' \\\n"
        f"        --data '{_EXAMPLE}'{page}\n"
        f"More: {base}/openapi.json, {base}/locales, {base}/stories"
    )


class _Line(logging.Formatter):
    """One line a request or a failed story; a trace where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        told = record.__dict__
        when = self.formatTime(record, "%H:%M:%S")
        if record.msg == "request":
            # Whoever calls chooses the path: no line of their own, no command to this terminal.
            path = "".join(char if char.isprintable() else "?" for char in told["path"])
            line = f"{when} {told['status']} {told['method']} {path} {told['milliseconds']:.0f} ms"
        else:
            line = f"{when} {record.levelname.lower()}: {record.getMessage()} {told.get('problem', '')}"
            line += f" {told['story_id'][:8]} {told['locale']}" if "locale" in told else ""
        return line + ("\n" + self.formatException(record.exc_info) if record.exc_info else "")


def _log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    logger = logging.getLogger("pipeline")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
