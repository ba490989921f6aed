"""A store with a bit of everything, and what its readers get from it while it is whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.campaign import stores
from bench.campaign.hooks import Plan
from bench.campaign.processes import Child, command
from bench.campaign.running import folder as new_folder
from bench.campaign.talking import call, followed

IDEA, KEYED = "a shy snail and the kite", "a shy snail sees the moon"
TAP = {"Idempotency-Key": "one tap"}
_LINE = "a brave teapot"


@dataclass(frozen=True)
class Whole:
    """objects: keys. views: of each edition, without URLs, by its path. sounds: SHA-256 by the path of the
    URL. files: of the stories, by key. listed: how many the server lists."""

    root: Path
    objects: tuple[str, ...]
    views: dict[str, str]
    sounds: dict[str, str]
    files: dict[str, str]
    listed: int


@dataclass
class Read:
    """What a server's readers got. refused: statuses of answers that were no success, by path."""

    views: dict[str, str] = field(default_factory=dict)
    sounds: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)


def commands(root: Path, catalog: Path) -> list[list[str]]:
    """What makes everything in the store again."""
    out = ["--out", str(root)]
    languages = ["--locale", "en", "--locale", "fr"]
    return [["make", IDEA, *languages, *out], ["catalog", "run", str(catalog), "--publish", *out]]


def catalog_file(folder: Path) -> Path:
    path = folder / "tales.yaml"
    settings = {"name": "tales", "locales": ["en", "fr"], "publish": {"review": "none"}}
    path.write_text(json.dumps({**settings, "entries": [_LINE]}), "utf-8")
    return path


@lru_cache(maxsize=1)
def whole() -> Whole:
    """Of this process; removed at the next campaign's start."""
    folder = new_folder()
    root = folder / "out"
    for arguments in commands(root, catalog_file(folder)):
        child = command(arguments, folder / "log")
        if child.wait():
            raise RuntimeError(child.text[-500:])
    server = serve(root, folder / "server.log")
    try:
        address = server.address()
        answer = call(address, "POST", "/stories", {"context": KEYED, "variant": 0}, TAP)
        if answer is None or followed(address, answer.headers["location"], 30).get("status") != "done":
            raise RuntimeError("the store is not whole")
        paths = sorted(f"/stories/{story_id}/{locale}" for story_id, locale in editions(root))
        read = look(address, paths)
    finally:
        server.kill()
    if read.refused:
        raise RuntimeError(f"the store is not whole: {read.refused}")
    objects = tuple(stores.keys(root))
    return Whole(root, objects, read.views, read.sounds, stores.published(root), len(read.listed))


def editions(root: Path) -> Iterator[tuple[str, str]]:
    for path in (root / "stories").glob("*/*/manifest.json"):
        yield path.parts[-3], path.parts[-2]


def serve(root: Path, log: Path) -> Child:
    return command(["serve", "--port", "0", "--out", str(root)], log, Plan())


def look(address: str, paths: list[str]) -> Read:
    """Every list, view and sound, and the key once more."""
    read = Read()
    for path in ("/stories", "/locales", "/health"):
        answer = call(address, "GET", path)
        if answer is None or answer.status != 200:
            read.refused[path] = answer.status if answer else 0
        elif path == "/stories":
            read.listed = {f"/stories/{card['id']}/{card['locale']}" for card in answer.json["stories"]}
    for path in paths:
        answer = call(address, "GET", path)
        if answer is None or answer.status != 200:
            read.refused[path] = answer.status if answer else 0
        elif answer.json["status"] == "done":
            _take(read, address, path, answer.json)
    answer = call(address, "POST", "/stories", {"context": KEYED, "variant": 0}, TAP)
    if answer is None or answer.status not in {200, 202}:
        read.refused["/stories by its key"] = answer.status if answer else 0
    return read


def _take(read: Read, address: str, path: str, view: dict[str, Any]) -> None:
    read.views[path] = json.dumps(_without_urls(view), sort_keys=True)
    urls = [view.get("mp3Url"), *(segment.get("audioUrl") for segment in view["segments"])]
    for url in filter(None, urls):
        answer = call(address, "GET", str(url))
        place = urlsplit(str(url)).path
        if answer is None or answer.status != 200:
            read.refused[place] = answer.status if answer else 0
        else:
            read.sounds[place] = hashlib.sha256(answer.body).hexdigest()


def _without_urls(value: Any) -> Any:
    """Nor the locales in which a story is complete, which others decide."""
    if isinstance(value, dict):
        return {
            name: _without_urls(item)
            for name, item in value.items()
            if not name.endswith("Url") and name != "locales"
        }
    return [_without_urls(item) for item in value] if isinstance(value, list) else value


def copied(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    return target
