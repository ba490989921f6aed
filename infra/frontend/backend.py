"""What the page must know of its stage: the API's URL, and the origins of the stories' signed URLs."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config

from infra.stack import RefusedError, describe, outputs, stack_name

# A host name or an IPv4 address, and a port: nothing that could end a directive of a security policy.
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Backend:
    """api: the URL below which the API answers, without a final slash. media: the mp3s' origins."""

    api: str
    media: tuple[str, ...]

    @classmethod
    def of(cls, api: str, *media: str) -> Backend:
        """media: origins, or URLs of them. Raises RefusedError: a URL that a page may not call."""
        origin_of(api)
        return cls(api.rstrip("/"), tuple(dict.fromkeys(map(origin_of, media))))

    @classmethod
    def of_stack(cls, session: Any, stage: str) -> Backend:
        """From the outputs of the stage's stack. Raises RefusedError: no such stack, or an old one."""
        stack = stack_name(stage)
        try:
            values = outputs(session, stack)
        except RefusedError as refusal:
            hint = f"make deploy STAGE={stage}, or name the API with ARGS='--api URL --media ORIGIN'"
            raise RefusedError(f"{str(refusal).rstrip('.')}: {hint}.") from refusal
        try:
            return cls.of(values["ApiUrl"], *_signed_urls(session, values["BucketName"]))
        except KeyError as missing:
            raise RefusedError(f"{stack} has no output {missing}: deploy it again, make deploy.") from missing


def origin_of(url: str) -> str:
    """scheme://host[:port]. Raises RefusedError: not a URL that a page may call."""
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    except ValueError:
        secure = False
    if not secure or not _HOST.fullmatch(parts.netloc.lower()):
        raise RefusedError(
            f"{url!r} is not an address that a page may call: give https://host[:port] "
            "(http:// on loopback only)."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def allowed_origin(session: Any, stage: str) -> str:
    """The origin that the stage's API accepts calls from; "*" is any."""
    parameters = describe(session, stack_name(stage)).get("Parameters", ())
    values = {item["ParameterKey"]: item["ParameterValue"] for item in parameters}
    return str(values.get("AllowedOrigin", "*"))


def _signed_urls(session: Any, bucket: str) -> list[str]:
    """URLs of the bucket's global host ("auto" signs these) and of its region's ("virtual").

    S3 redirects from the first to the second in a bucket's first hours, so the page's policy allows both.
    A store that replaces S3 (AWS_ENDPOINT_URL_S3) has one host for all buckets.
    """
    url = _signed_url(session, bucket, "auto")
    return [url, _signed_url(session, bucket, "virtual")] if bucket in str(urlsplit(url).hostname) else [url]


def _signed_url(session: Any, bucket: str, style: str) -> str:
    client = session.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": style}))
    return str(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "any.mp3"}))
