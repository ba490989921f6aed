"""The built page as one stage serves it: its config.json names the API, its headers the origins."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from string import Template
from typing import Any

from infra.frontend.backend import Backend, origin_of
from infra.stack import RefusedError

_ROOT = Path(__file__).resolve().parents[2]
DIST = _ROOT / "frontend" / "dist"
HEADERS = _ROOT / "customHttp.yml"
_CONFIG = "config.json"
# The first day that a zip can tell: equal pages are equal bytes, whenever they were built.
_ALWAYS = (1980, 1, 1, 0, 0, 0)


def headers_for(file: Path, backend: Backend) -> str:
    """Amplify's customHeaders (YAML), with the origins in place. Raises RefusedError: no such template."""
    if not file.is_file():
        raise RefusedError(f"{file} is not there: it says the page's headers.")
    template = Template(file.read_text("utf-8"))
    origins = {"API_ORIGIN": origin_of(backend.api), "MEDIA_ORIGIN": " ".join(backend.media)}
    named = set(template.get_identifiers()) if template.is_valid() else set()
    if named != set(origins):
        raise RefusedError(
            f"{file} must name ${{API_ORIGIN}} and ${{MEDIA_ORIGIN}}, and no other: without them the page's "
            "Content-Security-Policy would keep it from its API or its stories."
        )
    return template.substitute(origins)


def check_built(dist: Path) -> None:
    """Raises RefusedError: it is not."""
    if not (dist / "index.html").is_file():
        raise RefusedError(f"The page is not built ({dist} has no index.html): make frontend.")


def packed(dist: Path, backend: Backend) -> bytes:
    """`dist` as a zip, with the stage's config.json; `dist` stays as it is. Raises RefusedError: no build."""
    check_built(dist)
    files = {file.relative_to(dist).as_posix(): file.read_bytes() for file in _files(dist)}
    files[_CONFIG] = json.dumps({**_config(dist / _CONFIG), "api": backend.api}).encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, body in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _ALWAYS)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            zipped.writestr(entry, body)
    return archive.getvalue()


def _files(dist: Path) -> list[Path]:
    return [file for file in dist.rglob("*") if file.is_file()]


def _config(file: Path) -> dict[str, Any]:
    """What the build put there besides the API."""
    if not file.is_file():
        return {}
    try:
        told = json.loads(file.read_text("utf-8"))
        return dict(told)
    except (ValueError, TypeError) as error:
        raise RefusedError(f"{file} is not a JSON object ({error}): make frontend.") from error
