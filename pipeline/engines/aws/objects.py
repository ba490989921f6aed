"""Names of objects in S3: valid keys, content types, the name of a download. Pure."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from pipeline.errors import StoreError

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "epub": "application/epub+zip",
    "html": "text/html; charset=utf-8",
    "jpg": "image/jpeg",
    "json": "application/json",
    "m4a": "audio/mp4",
    "md": "text/markdown; charset=utf-8",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "wav": "audio/wav",
    "xml": "application/xml",
}
_DEFAULT_TYPE = "application/octet-stream"
# S3 user guide, "Object key naming": 1,024 bytes of UTF-8.
_LONGEST_KEY = 1024
# RFC 5987, attr-char: what needs no percent sign, beyond letters and digits.
_PLAIN = "!#$&+-.^_`|~"


def checked_key(key: str) -> str:
    """The key itself. Raises StoreError "bad-key" for one that a file store or a URL cannot hold."""
    if not all(key.split("/")) or _is_bad(key):
        raise _bad_key(key)
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself. Raises StoreError "bad-key" where no key can start with it."""
    if prefix.startswith("/") or _is_bad(prefix):
        raise _bad_key(prefix)
    return prefix


def content_type(key: str) -> str:
    """By the key's extension."""
    return _TYPES.get(key.rpartition(".")[2].lower(), _DEFAULT_TYPE)


def attachment(filename: str) -> str:
    """A Content-Disposition that saves under `filename` (RFC 6266): a plain name for old readers, and the
    whole one in UTF-8 (RFC 5987) where the plain one cannot say it."""
    name = "".join(
        "_" if char in "/\\" else char for char in filename if unicodedata.category(char)[0] != "C"
    ).strip(" .")
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = "".join("_" if char in '"%' else char for char in folded).strip()
    if not plain or plain.startswith("."):
        plain = f"story{plain}"
    encoded = "" if plain == name else f"; filename*=UTF-8''{quote(name or plain, safe=_PLAIN)}"
    return f'attachment; filename="{plain}"{encoded}'


def _is_bad(key: str) -> bool:
    return (
        "\\" in key
        or not {".", ".."}.isdisjoint(key.split("/"))
        or any(unicodedata.category(char) in {"Cc", "Cs"} for char in key)
        or len(key.encode("utf-8", "replace")) > _LONGEST_KEY
    )


def _bad_key(key: str) -> StoreError:
    return StoreError(f"not a key: {key[:80]!r}", problem="bad-key")
