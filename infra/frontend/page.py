"""The built page as one stage serves it: its config.json names the API, its security policy the origins."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable
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


def addresses(session: Any, stack: str) -> tuple[str, list[str], str]:
    """The URLs of the API, of its mp3s, and of its WebSocket API, "" for none.

    Raises RefusedError: no such stack, or an old one.

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
    return api, media, values.get("PushUrl", "")


def origin(url: str) -> str:
    """scheme://host[:port]. Raises RefusedError: not a URL that a page may call."""
    match = _ORIGIN.match(url.lower())
    if not match:
        raise RefusedError(f"{url!r} is not an address that a page may call: give https://host[:port].")
    return match[0]


def headers(template: str, api: str, media: Iterable[str], push: str = "") -> str:
    """Amplify's customHeaders. template: customHttp.yml. api, media, push: URLs. Raises RefusedError."""
    # wss as https, and back.
    pushes = [origin(push.replace("ws", "http", 1)).replace("http", "ws", 1)] if push else []
    return Template(template).substitute(
        API_ORIGIN=" ".join([origin(api), *pushes]), MEDIA_ORIGIN=" ".join(map(origin, media))
    )


def zipped(dist: Path, api: str) -> bytes:
    """`dist` as a zip whose config.json names the API; `dist` does not change. Raises RefusedError."""
    if not (dist / "index.html").is_file():
        raise RefusedError(f"The page is not built ({dist} has no index.html): make frontend.")
    paths = [path for path in dist.rglob("*") if path.is_file()]
    files = {path.relative_to(dist).as_posix(): path.read_bytes() for path in paths}
    settings = {**json.loads(files.get("config.json", b"{}")), "api": api.rstrip("/")}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for name, body in {**files, "config.json": json.dumps(settings).encode()}.items():
            target.writestr(name, body)
    return archive.getvalue()
