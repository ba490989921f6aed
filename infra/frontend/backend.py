"""What a page must know of its stage: where the API is, and where the signed URLs of its stories lead."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config

from infra.stack import RefusedError, outputs, stack_of

# A host or an IPv4 address and a port: nothing that could end a directive of the Content-Security-Policy.
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_WANTED = "https://host[:port] is wanted (http:// on loopback only, for a page over https may call no other)"


@dataclass(frozen=True)
class Backend:
    """api: the URL below which the API answers, without a slash at its end. media: the mp3s' origins."""

    api: str
    media: tuple[str, ...]

    @classmethod
    def of(cls, api: str, *media: str) -> Backend:
        """media: origins, or URLs there. Raises RefusedError: no URL that a page may call."""
        origin_of(api)
        return cls(api.rstrip("/"), tuple(dict.fromkeys(origin_of(one) for one in media)))


def origin_of(url: str) -> str:
    """scheme://host[:port]. Raises RefusedError: no URL that a page may call."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise RefusedError(f"{url!r} is no address of the web: {_WANTED}.") from None
    secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not secure or not _HOST.fullmatch(parts.netloc.lower()):
        raise RefusedError(f"{url!r} is no address that a page may call: {_WANTED}.")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def backend_of(session: Any, stage: str) -> Backend:
    """From the outputs of the stage's stack. Raises RefusedError: no stack, or one of another kind."""
    stack = stack_of(stage)
    try:
        told = outputs(session, stack)
    except RefusedError as refusal:
        way = f"make deploy STAGE={stage}, or say where the API is: ARGS='--api URL --media ORIGIN'"
        raise RefusedError(f"{str(refusal).rstrip('.')}: {way}.") from refusal
    try:
        return Backend.of(told["ApiUrl"], *_signed(session, told["BucketName"]))
    except KeyError as missing:
        raise RefusedError(f"{stack} has no output {missing}: deploy it anew, make deploy.") from missing


def allowed_origin(session: Any, stage: str) -> str:
    """The page that the stage's API lets call it; "*" is any."""
    told = session.client("cloudformation").describe_stacks(StackName=stack_of(stage))["Stacks"][0]
    given = {one["ParameterKey"]: one["ParameterValue"] for one in told.get("Parameters", ())}
    return str(given.get("AllowedOrigin", "*"))


def _signed(session: Any, bucket: str) -> list[str]:
    """URLs as botocore signs them: of the bucket's host in its region, and of the global one.

    The global one is what "auto" gives, and for a bucket's first hours S3 redirects from there to the other:
    a page's policy has to know both. A store that stands in for S3 has one host for all.
    """
    hosts = [_url(session, bucket, "auto")]
    if bucket in str(urlsplit(hosts[0]).hostname):
        hosts.append(_url(session, bucket, "virtual"))
    return hosts


def _url(session: Any, bucket: str, style: str) -> str:
    client = session.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": style}))
    return str(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "any.mp3"}))
