"""The built page as one stage serves it: its config.json names the API, its security policy the origins."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from botocore.config import Config

from infra.stack import RefusedError, outputs

# Scheme, host and port: nothing that could end a directive of a security policy.
_ORIGIN = re.compile(
    r"(https://[a-z0-9][a-z0-9.-]*|http://(127\.0\.0\.1|([a-z0-9-]+\.)*localhost))(:[0-9]{1,5})?(?=/|\Z)",
    re.A,
)
_PATH = re.compile(r"(/[a-zA-Z0-9._-]+)*", re.A)


@dataclass(frozen=True)
class Stage:
    """What a stage's page is given. api, media, push: URLs; push: of the WebSocket API, "" for none. sign_in:
    `signIn` of config.json, if it has one."""

    api: str
    media: list[str]
    sign_in: dict[str, str] | None = None
    push: str = ""


def stage_of(session: Any, stack: str) -> Stage:
    """A stack's page. Raises RefusedError: no such stack, or an old one.

    The mp3s have two hosts: the bucket's global one, which signed URLs name, and its region's, to which S3
    redirects from the first in a bucket's first hours.
    """
    values = outputs(session, stack)
    try:
        api, mp3 = values["ApiUrl"], {"Bucket": values["BucketName"], "Key": "any.mp3"}
    except KeyError as missing:
        raise RefusedError(f"{stack} has no output {missing}: deploy it again, make deploy.") from missing
    styles = [
        Config(signature_version="s3v4", s3={"addressing_style": style}) for style in ("auto", "virtual")
    ]
    clients = [session.client("s3", config=style) for style in styles]
    media = [client.generate_presigned_url("get_object", Params=mp3) for client in clients]
    sign_in = json.loads(values["SignIn"]) if "SignIn" in values else None
    return Stage(api, media, sign_in, values.get("PushUrl", ""))


def origin(url: str) -> str:
    """scheme://host[:port]. Raises RefusedError: not a URL that a page may call."""
    match = _ORIGIN.match(url.lower())
    if not match:
        raise RefusedError(f"{url!r} is not an address that a page may call: give https://host[:port].")
    return match[0]


def address(url: str) -> str:
    """An origin with a path and no more. Raises RefusedError: it could end a directive of a policy."""
    path = url[len(origin(url)) :]
    if not _PATH.fullmatch(path):
        raise RefusedError(f"{url!r} is not an address that a policy can name.")
    return url


def headers(template: str, stage: Stage) -> str:
    """Amplify's customHeaders. template: customHttp.yml. Raises RefusedError."""
    # wss as https, and back.
    pushes = [origin(stage.push.replace("ws", "http", 1)).replace("http", "ws", 1)] if stage.push else []
    return Template(template).substitute(
        API_ORIGIN=" ".join([origin(stage.api), *pushes]),
        MEDIA_ORIGIN=" ".join(map(origin, stage.media)),
        TOKEN_ADDRESS=address(stage.sign_in["token"]) if stage.sign_in else "",
    )


def zipped(dist: Path, stage: Stage) -> bytes:
    """`dist` as a zip with the stage's config.json; `dist` does not change. Raises RefusedError."""
    if not (dist / "index.html").is_file():
        raise RefusedError(f"The page is not built ({dist} has no index.html): make frontend.")
    paths = [path for path in dist.rglob("*") if path.is_file()]
    files = {path.relative_to(dist).as_posix(): path.read_bytes() for path in paths}
    given = {"api": stage.api.rstrip("/")} | ({"signIn": stage.sign_in} if stage.sign_in else {})
    settings = {**json.loads(files.get("config.json", b"{}")), **given}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, body in {**files, "config.json": json.dumps(settings).encode()}.items():
            target.writestr(name, body)
    return archive.getvalue()
