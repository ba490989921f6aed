"""The page in a real browser, against the server and the draft profile's real engines."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.frontend.evening import BIN, ENVIRONMENT, FRONTEND, spend
from tests.frontend.house import ROOT, House

pytestmark = pytest.mark.browser
# The issue's: a word is shown no later and no earlier than this.
_HIGHLIGHT_MS = 150
_MOST_JAVASCRIPT = 90_000
Report = dict[str, Any]


def _npm(*words: str) -> None:
    command = [str(BIN / "npm"), "--prefix", str(FRONTEND), "--loglevel=error", *words]
    run = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.fixture(scope="module")
def built() -> Path:
    """frontend/dist of the sources as they are."""
    lock, installed = FRONTEND / "package-lock.json", FRONTEND / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        _npm("ci", "--no-audit", "--no-fund")
        installed.touch()
    _npm("run", "build")
    return FRONTEND / "dist"


@pytest.fixture(scope="module")
def house(built: Path, smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("served"))
    house.start()
    try:
        yield house
    finally:
        house.stop()


@pytest.fixture(scope="module")
def evening(house: House) -> Report:
    seen = spend(house)
    print({name: round(seconds) for name, seconds in seen["seconds"].items()})  # noqa: T201 - seen with -s
    return seen


@pytest.fixture(scope="module")
def scenes(evening: Report) -> Report:
    """What each scene saw; one that broke off says where."""
    seen: Report = evening["scenes"]
    return seen


def test_every_scene_is_played_to_its_end(scenes: Report) -> None:
    broken = [
        f"{name}: {seen['failed']}\n{seen['shown']}" for name, seen in scenes.items() if "failed" in seen
    ]
    assert not broken, "\n\n".join(broken)


def test_the_first_sentence_sounds_while_the_rest_is_made(scenes: Report) -> None:
    heard = scenes["listening"]
    assert heard["whileMaking"]
    assert heard["title"].startswith(heard["storyTitle"])


@pytest.mark.parametrize(("part", "words"), [("first", 10), ("highlight", 15), ("fast", 15)])
def test_the_word_shown_is_the_word_that_sounds(scenes: Report, part: str, words: int) -> None:
    """While it is made and over into the whole mp3; the last sentences to the end; the same at speed 1.5."""
    shown = scenes["listening"][part]
    print(f"highlight, {part}: {shown}")  # noqa: T201 - seen with -s, or at a failure
    assert shown["words"] >= words
    assert shown["worst"] <= _HIGHLIGHT_MS, shown
    assert shown["silent"] == 0
    assert shown["toTheEnd"] or part == "first"


def test_another_language_goes_on_at_the_same_sentence(scenes: Report) -> None:
    assert scenes["switching"] == {"sentence": 3, "url": "pt", "language": "pt"}


def test_arabic_runs_from_right_to_left(scenes: Report) -> None:
    assert scenes["arabic"] == {"page": "rtl", "book": "rtl", "overflow": 0}


def test_the_page_s_language_and_night_stay_chosen(scenes: Report) -> None:
    assert scenes["settings"] == {"language": "nl", "theme": "dark"}


def test_the_keyboard_is_enough(scenes: Report) -> None:
    assert scenes["keyboard"] == {"heard": True, "paused": True}


def test_arrows_and_buttons_go_ten_seconds(scenes: Report) -> None:
    assert scenes["seeking"] == {
        "arrowRight": 10_000,
        "arrowLeft": -10_000,
        "forward": 10_000,
        "back": -10_000,
        "slider": 5000,
        "start": 0,
    }


def test_two_quick_taps_leave_a_sound_that_can_be_stopped(scenes: Report) -> None:
    assert scenes["doubleTap"] == {"says": "Pause"}


def test_a_headphone_s_keys_are_followed(scenes: Report) -> None:
    assert scenes["mediaKeys"] == {
        "title": True,
        "held": ["paused", True],
        "resumed": "playing",
        "sought": 12_000,
        "back": 2000,
        "forward": 12_000,
        "letGo": True,
    }


def test_the_sleep_timer_goes_round_fades_and_stops(scenes: Report) -> None:
    assert scenes["sleepTimer"] == {
        "round": True,
        "before": 1,
        "fading": True,
        "timer": "0",
        "loudAgain": True,
    }


def test_the_mp3_is_a_download_with_the_story_s_name(scenes: Report) -> None:
    file = scenes["download"]
    assert file["name"] == f"{file['title']}.mp3"
    assert file["type"] == "audio/mpeg"
    assert file["disposition"].startswith("attachment; filename")
    assert file["mp3"]
    assert file["whole"]


def test_the_catalog_is_filtered_by_language(scenes: Report) -> None:
    assert scenes["catalog"] == {"all": True, "filtered": ["pt"], "length": True}


def test_a_link_opens_the_story_on_another_device(scenes: Report) -> None:
    link = {"ours": True, "same": True, "book": "en", "language": "fr", "errors": []}
    assert scenes["deepLink"] == link


def test_stories_heard_are_kept_and_forgotten_when_asked(scenes: Report) -> None:
    assert scenes["recent"] == {"kept": True, "left": 0}


def test_another_one_is_another_story_of_the_same_idea_and_waits_among_the_recent(scenes: Report) -> None:
    idea = "a lantern that is afraid of moths"
    assert scenes["another"] == {
        "idea": idea,
        "key": True,
        "name": idea,
        "polled": 0,
        "sentences": True,
        "playing": 0,
    }


def test_hostile_words_are_only_words(scenes: Report) -> None:
    seen = {"shown": True, "overflow": 0, "status": 400, "hacked": False, "images": 0}
    assert scenes["hostile"] == seen


def test_an_early_tap_waits_for_the_page_to_be_set_up(scenes: Report) -> None:
    assert scenes["eager"] == {"notes": 0}


def test_a_full_line_is_waited_for_with_one_key(scenes: Report) -> None:
    seen = scenes["queueFull"]
    assert "keeps its place in the line" in seen["note"]
    assert (seen["tries"], seen["keys"], seen["waited"]) == (3, 1, True)


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        ("refused", "a gentler one"),
        ("offline", "cannot be reached"),
        ("missing", "not on the shelf"),
        ("notConfigured", "config.json"),
        ("failed", "No story came out well enough"),
        ("noSound", "The text is here all the same"),
        ("downAndUp", "cannot be reached"),
    ],
)
def test_trouble_says_so_and_there_is_a_way_on(scenes: Report, scene: str, words: str) -> None:
    """Each of these scenes then takes the way on, and ends only if it leads somewhere."""
    assert words in scenes[scene]["note"]


def test_a_server_that_comes_back_goes_on_with_the_story_without_a_tap(scenes: Report) -> None:
    seen = scenes["downAndUp"]
    assert (seen["counting"], seen["same"], seen["left"]) == (1, True, 0)


def test_an_address_that_ran_out_in_mid_play_is_renewed(scenes: Report) -> None:
    """The server refused it once, the page asked for the story again, and the sound went on from there."""
    assert scenes["renewal"] == {"views": 2, "refusals": [403], "forward": True, "notes": 0}


def test_no_view_breaks_an_accessibility_rule_by_day_or_night(evening: Report) -> None:
    assert len(evening["axe"]) >= 36
    assert {view: rules for view, rules in evening["axe"].items() if rules} == {}


def test_nothing_goes_wrong_unseen_and_nothing_goes_elsewhere(evening: Report) -> None:
    assert evening["errors"] == []
    assert evening["strangers"] == []


def test_the_page_is_light(built: Path) -> None:
    scripts = (built / "assets").glob("*.js")
    assert 0 < sum(len(gzip.compress(script.read_bytes())) for script in scripts) < _MOST_JAVASCRIPT


def test_the_types_are_those_of_the_api_s_document(built: Path) -> None:
    _npm("run", "types", "--", "--check")


def test_the_composables_keep_their_word(built: Path) -> None:
    _npm("test")
