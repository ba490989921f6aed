"""`stories verify`, and what list, make, play and the API do with a damaged store."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.engines.embedded.files import FileStore
from pipeline.errors import DamagedError
from tests.api.calling import FakeApi
from tests.command import Stories

IDEA = "a shy snail"


def manifest(stories: Stories) -> dict[str, str]:
    (made_manifest,) = stories("make", IDEA, "--json").manifests
    return made_manifest


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def test_a_whole_store_has_no_faults(stories: Stories) -> None:
    manifest(stories)
    done = stories("verify")
    assert (done.status, done.out) == (0, "")
    assert "objects, all whole" in done.err


def test_damage_is_named_and_healed_and_kept(stories: Stories) -> None:
    story = manifest(stories)
    mp3, text = stories.out / story["mp3"], stories.out / "stories" / story["story_id"] / "story.json"
    sound, letters = mp3.read_bytes(), text.read_bytes()
    mp3.write_bytes(b"")
    text.write_bytes(letters.replace(b"snail", b"snarl"))
    done = stories("verify", story["story_id"][:8])
    assert (done.status, done.problem) == (DamagedError.exit_status, "damaged")
    assert f"{story['mp3']}  damaged" in done.out
    assert "story.json" in done.out
    healed = stories("verify", "--heal", "--json")
    assert healed.status == 0
    result = json.loads(healed.out)
    assert {(row["fault"], row["todo"]) for row in result["faults"]} == {("damaged", "healed")}
    assert (mp3.read_bytes(), text.read_bytes()) == (sound, letters)
    aside = (stories.out / "quarantine").rglob("story.json.*")
    assert [path.read_bytes() for path in aside] == [letters.replace(b"snail", b"snarl")]
    assert stories("verify").status == 0


def test_what_cannot_be_healed_stays_named_with_what_to_do(stories: Stories) -> None:
    manifest(stories)
    run = stories.out / "runs" / "one" / "run.json"
    run.parent.mkdir(parents=True)
    run.write_text("{")
    done = stories("verify", "--heal")
    assert done.status == DamagedError.exit_status
    assert "run its catalog again" in done.out
    assert run.read_text() == "{"


def test_verify_of_an_unknown_story_says_so(stories: Stories) -> None:
    assert stories("verify", "deadbeef").problem == "not-found"


def test_list_names_a_damaged_manifest_lists_the_others_and_make_mends_it(stories: Stories) -> None:
    first = manifest(stories)
    stories("make", IDEA, "--locale", "fr")
    path = stories.out / "stories" / first["story_id"] / "en" / "manifest.json"
    data = path.read_bytes()
    cut(path)
    done = stories("list")
    assert done.status == 0
    assert len(done.out.splitlines()) == 2
    assert f"stories/{first['story_id']}/en/manifest.json was damaged" in done.err
    again = stories("make", IDEA, "--json")
    assert (again.status, again.manifests) == (0, [json.loads(data)])
    assert path.read_bytes() == data


@pytest.mark.parametrize("damage", ["cut", "empty", "deleted"])
def test_make_mends_a_damaged_mp3(stories: Stories, damage: str) -> None:
    path = stories.out / manifest(stories)["mp3"]
    data = path.read_bytes()
    {"cut": cut, "empty": lambda path: path.write_bytes(b""), "deleted": Path.unlink}[damage](path)
    done = stories("make", IDEA)
    assert done.status == 0
    assert "made again, from what was paid for" in done.err
    assert path.read_bytes() == data


def test_a_damaged_mp3_is_not_played(stories: Stories) -> None:
    story = manifest(stories)
    cut(stories.out / story["mp3"])
    done = stories("play", story["story_id"])
    assert done.problem == "damaged-record"
    assert f"stories make --id {story['story_id'][:8]} --locale en" in done.err


@pytest.mark.parametrize("part", ["mp3", "sentence", "manifest"])
def test_the_api_mends_a_damaged_part_when_its_story_is_asked_for_again(tmp_path: Path, part: str) -> None:
    store = FileStore(tmp_path)
    api = FakeApi(store)
    location = api.post(body={"context": IDEA, "variant": 0}).headers["location"]
    story = api.followed(location)
    (path,) = (key for key in store.list("stories/") if key.endswith("manifest.json"))
    body = json.loads(store.get(path))
    key = {"mp3": body["mp3"], "sentence": body["segments"][3]["audio"], "manifest": path}[part]
    cut(store.path(key))
    store.path(path).with_name("status.json").unlink()  # a hint, of five minutes
    other = FakeApi(store)
    view = other.get(location).json
    assert (view["status"], view["retryable"]) == ("failed", True)
    assert other.post(body={"context": IDEA, "variant": 0}).status == 202
    mended = other.followed(location)
    assert (mended["title"], mended["story"]) == (story["title"], story["story"])
    assert len(other.text.calls) == 0
