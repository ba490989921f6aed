from __future__ import annotations

from pipeline.storage import keys

ID = "4f1c" * 8


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
