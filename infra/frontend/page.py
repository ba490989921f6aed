"""The built page as one stage serves it: its config.json names the API, its headers the origins."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from string import Template

from infra.frontend.backend import Backend, origin_of
from infra.stack import RefusedError

_ROOT = Path(__file__).resolve().parents[2]
DIST = _ROOT / "frontend" / "dist"
HEADERS = _ROOT / "customHttp.yml"
_CONFIG = "config.json"


def headers_for(file: Path, backend: Backend) -> str:
    """Amplify's customHeaders (YAML) with the origins filled in. Raises RefusedError: not such a template."""
    if not file.is_file():
        raise RefusedError(f"{file} does not exist: it holds the page's headers.")
    template = Template(file.read_text("utf-8"))
    origins = {"API_ORIGIN": origin_of(backend.api), "MEDIA_ORIGIN": " ".join(backend.media)}
    if not template.is_valid() or set(template.get_identifiers()) != set(origins):
        raise RefusedError(
            f"{file} must name ${{API_ORIGIN}} and ${{MEDIA_ORIGIN}}, and no other: without them the page's "
            "Content-Security-Policy would block its API or its stories."
        )
    return template.substitute(origins)


def check_built(dist: Path) -> None:
    """Raises RefusedError: no build."""
    if not (dist / "index.html").is_file():
        raise RefusedError(f"The page is not built ({dist} has no index.html): make frontend.")


def zipped(dist: Path, backend: Backend) -> bytes:
    """`dist` as a zip with the stage's config.json; the files in `dist` do not change."""
    config = dist / _CONFIG
    settings = json.loads(config.read_text("utf-8")) if config.is_file() else {}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(dist.rglob("*")):
            if file.is_file() and file != config:
                target.write(file, file.relative_to(dist).as_posix())
        target.writestr(_CONFIG, json.dumps({**settings, "api": backend.api}))
    return archive.getvalue()
