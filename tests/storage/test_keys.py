from __future__ import annotations

import inspect
from typing import Any

from pipeline.storage import keys

ID = "4f1c" * 8
# The name of a lock, and what private folders are called.
NO_KEYS = {keys.maker, keys.folder_of, keys.folder_in, keys.bare}
ARGUMENTS: dict[str, Any] = {"str": "a", "int": 1, "bytes": b"", "Any": {}}


def test_every_key_is_in_a_listed_folder() -> None:
    functions = [
        function
        for name, function in inspect.getmembers(keys, inspect.isfunction)
        if function.__module__ == keys.__name__ and function.__annotations__["return"] == "str"
        if not name.startswith("_") and function not in NO_KEYS
    ]
    made_of = [inspect.signature(function).parameters.values() for function in functions]
    written = {
        function(*(ARGUMENTS[parameter.annotation] for parameter in parameters)).partition("/")[0]
        for function, parameters in zip(functions, made_of, strict=True)
    }
    assert {"stories", "cache", "runs"} <= written
    assert written | {"audio"} == set(keys.FOLDERS)  # audio/: sounds of older stores
    assert keys.HEALTH.partition("/")[0] in keys.FOLDERS


def test_files_of_a_story_share_a_folder() -> None:
    assert keys.request(ID) == f"stories/{ID}/request.json"
    assert keys.text(ID, "en") == f"stories/{ID}/story.json"
    assert keys.text(ID, "fr") == f"stories/{ID}/fr/text.json"
    assert keys.manifest(ID, "en") == f"stories/{ID}/en/manifest.json"


def test_an_mp3_is_named_by_its_content() -> None:
    # printf 'mp3 bytes' | sha256sum
    assert keys.mp3(ID, "fr", b"mp3 bytes") == f"stories/{ID}/fr/05786cc55616be04.mp3"


def test_quarantine_key_holds_the_old_key_and_depends_on_content() -> None:
    first, second = keys.quarantine("cache/x.json", b"one"), keys.quarantine("cache/x.json", b"other")
    assert first != second
    assert first.startswith("quarantine/cache/x.json.")
