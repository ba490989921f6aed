"""make, list, show, play, locales, publish, models and cost on the fake profile."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from pipeline import bootstrap
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage import shelf
from pipeline.storage.records import dump
from pipeline.story.offers import offer
from tests.command import Stories
from tests.making import Listener

IDEA = "a shy snail"


def test_make_prints_the_story_its_mp3_and_how_to_continue(stories: Stories) -> None:
    done = stories("make", IDEA)
    assert done.status == 0
    assert "and the Little Lantern  [en]" in done.out
    assert "Made by AI (fake)." in done.out
    address = re.search(r"file://(\S+\.mp3)", done.out)
    assert address
    assert Path(address.group(1)).read_bytes()[:3] == b"ID3"
    for part in ("write", "judge", "speak", "store", "s in all", "--new", "--locale it"):
        assert part in done.err


def test_json_output_is_the_stored_manifests(stories: Stories) -> None:
    done = stories("make", IDEA, "--json", "--locale", "en", "--locale", "fr", "--locale", "fr-CA")
    lines = done.out.splitlines()
    assert [json.loads(line)["locale"] for line in lines] == ["en", "fr"]
    for line in lines:
        manifest = json.loads(line)
        stored = stories.out / "stories" / manifest["story_id"] / manifest["locale"] / "manifest.json"
        assert stored.read_text("utf-8") == line


def test_the_command_and_the_steps_give_the_same_manifest(stories: Stories, tmp_path: Path) -> None:
    done = stories("make", "l'été d'un escargot", "--variant", "7", "--json", "--locale", "fr")
    app = build_app(Settings(profile="fake", out=tmp_path / "other"))
    manifest = run(app, accept(app, "l'été d'un escargot", 7), "fr", Listener())
    assert done.out == dump(manifest).decode() + "\n"


def test_make_takes_a_length_and_an_audience_by_name_or_in_free_words(stories: Stories) -> None:
    (longer,) = stories("make", IDEA, "--length", "good-night", "--audience", "tiny", "--json").manifests
    assert longer["length"] == "good-night"
    assert len(longer["scenes"]) == 3
    (free,) = stories("make", IDEA, "--audience", "grown-up pirates", "--json").manifests
    assert free["audience"] == "grown-up pirates"
    refused = stories("make", IDEA, "--length", "epic")
    assert refused.status == 5
    assert "choose from short, good-night, long" in refused.err


def test_a_length_that_is_not_offered_is_made_as_an_experiment_and_says_so(
    stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "offer", lambda _: offer("qwen2.5-coder-1.5b"))
    refused = stories("make", IDEA, "--length", "good-night")
    assert refused.status == 5
    assert "--experimental" in refused.err
    done = stories("make", IDEA, "--length", "good-night", "--experimental", "--json")
    assert done.manifests[0]["length"] == "good-night"
    assert "good-night: an experiment, not measured to be done well" in done.err


def test_a_second_make_writes_nothing(stories: Stories) -> None:
    first = stories("make", IDEA, "--json")
    (manifest,) = first.manifests
    assert (manifest["variant"], manifest["locale"]) == (0, "en")
    before = stories.files()
    again = stories("make", IDEA, "--json")
    assert again.out == first.out
    assert "it was made before" in again.err
    assert stories.files() == before


def test_an_id_prefix_translates_a_story_made_before(stories: Stories) -> None:
    (english,) = stories("make", IDEA, "--json").manifests
    (italian,) = stories("make", "--id", english["story_id"][:6], "--locale", "it", "--json").manifests
    assert italian["story_id"] == english["story_id"]
    assert italian["segments"][0]["text"] == f"[it] {english['segments'][0]['text']}"
    assert re.search(r"^story@\d+ .*fake/text/1 +1 ", stories("cost").out, re.MULTILINE)  # one completion


def test_new_draws_a_variant_and_prints_how_to_repeat_it(stories: Stories) -> None:
    done = stories("make", IDEA, "--new", "--json")
    drawn = re.findall(r"--variant (\d+)", done.err)[0]
    assert done.manifests[0]["variant"] == int(drawn) < 2**53
    assert stories("make", IDEA, "--variant", drawn, "--json").out == done.out
    assert stories("make", IDEA, "--new", "--json").manifests[0]["variant"] != int(drawn)


@pytest.mark.parametrize(
    "idea", ["-a shy snail", "--help", "'; rm -rf ~ #", '$(touch x) "x"', "é🐱 {x} %s $5"]
)
def test_an_idea_is_only_text(stories: Stories, idea: str) -> None:
    assert stories("make", "--json", "--", idea).manifests[0]["context"] == idea


def test_list_and_show(stories: Stories) -> None:
    assert "no stories yet" in stories("list").err
    english, french = stories("make", IDEA, "--locale", "en", "--locale", "fr", "--json").manifests
    heading, *rows = stories("list").out.splitlines()
    assert heading.split() == ["id", "locale", "length", "title", "idea"]
    assert len(rows) == 2
    assert all(IDEA in row and english["story_id"][:12] in row for row in rows)
    shown = stories("show", english["story_id"][:4], "--locale", "fr").out
    assert french["segments"][0]["text"].split(",")[0] in shown
    assert french["mp3"] in shown
    assert re.search(r"^words +yes +\d+ +80 to 120$", shown, re.MULTILINE)
    assert "fake/translation/1" in shown
    assert "variant 0" in shown
    assert "[en]" not in shown


def test_show_in_a_missing_language_says_how_to_make_it(stories: Stories) -> None:
    (manifest,) = stories("make", IDEA, "--json").manifests
    done = stories("show", manifest["story_id"], "--locale", "it")
    assert done.problem == "not-found"
    assert f"stories make --id {manifest['story_id'][:8]} --locale TAG" in done.err


def test_locales_are_listed_with_engines_and_quality(stories: Stories) -> None:
    rows = [re.split(r"  +", line) for line in stories("locales").out.splitlines()]
    assert rows[0] == ["locale", "quality", "translation", "voice", "labels"]
    assert [row[0] for row in rows[1:]] == ["en", "fr", "it", "es", "de", "pt", "nl", "ar"]
    assert rows[1][1:] == ["fake", "written in it", "fake/speech/1 fake", "fake"]
    assert rows[2][2] == "fake/translation/1"
    experimental = stories("locales", "--profile", "embedded").out
    assert re.search(r"^ar .*\(experimental\) +llama\.cpp/.* draft translation", experimental, re.MULTILINE)
    assert re.search(r"^pt +fair +firefox/en-pt-d9687357\+pt-en-6c3b7af0/1 ", experimental, re.MULTILINE)


def test_translators_are_listed_and_fetched_where_they_can_be_had(stories: Stories) -> None:
    listed = stories("models").out
    assert re.search(r"^firefox-en-pt +22 MB +MPL-2\.0 +here +translator", listed, re.MULTILINE)
    assert re.search(r"^firefox-en-fr +37 MB +MPL-2\.0 +to fetch +translator", listed, re.MULTILINE)
    env = stories.environment() | {"STORIES_MODELS_MIRROR": str(stories.directory / "mirror")}
    fetched = stories("models", "fetch", "firefox-en-fr", env=env)
    assert fetched.status == 0
    assert "no translator for fr here, the language model drafts it" in fetched.err
    assert "firefox-en-pt: its 3 files are whole" in stories("models", "verify", "firefox-en-pt").out
    assert stories("models", "verify", "firefox-en-fr").problem == "missing-weights"


def test_doctor_says_which_languages_have_a_translator(stories: Stories) -> None:
    missing = stories("doctor", "--profile", "embedded").out
    assert "ok  translators: here: pt; the language model drafts fr, it, es, de, nl, ar" in missing
    assert "ok  translators: here: pt\n" in stories("doctor", "--profile", "draft").out
    assert "translators" not in stories("doctor").out


def test_models_are_listed_with_size_and_licence(stories: Stories) -> None:
    done = stories("models")
    assert re.search(r"^smollm2-135m +98 MB +Apache-2\.0 +to fetch +writer", done.out, re.MULTILINE)
    assert str(stories.models) in done.err


def test_cost_counts_calls_tokens_characters_seconds_and_money(stories: Stories) -> None:
    (manifest,) = stories("make", IDEA, "--json").manifests
    done = stories("cost")
    speech = next(line.split() for line in done.out.splitlines() if line.startswith("speak"))
    usage = manifest["usage"]["speak"]
    assert speech[2:7] == ["10", "0", "0", str(usage["characters"]), f"{usage['audio_seconds']:.1f}"]
    assert speech[-1] == "0.0000"
    assert "US$ 0.0000 in all, by prices of 20" in done.err


def test_play_gives_the_mp3_to_a_player(stories: Stories) -> None:
    (manifest,) = stories("make", IDEA, "--json").manifests
    player, played = stories.directory / "bin" / "mpg123", stories.directory / "played"
    player.parent.mkdir()
    player.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {shlex.quote(str(played))}\n')
    player.chmod(0o755)
    done = stories("play", manifest["story_id"][:8], env=stories.environment(PATH=str(player.parent)))
    assert done.status == 0, done.err
    option, path = played.read_text().splitlines()
    assert option == "-q"
    assert (stories.directory / path).samefile(stories.out / manifest["mp3"])


def test_play_without_a_player_names_the_file(stories: Stories) -> None:
    (manifest,) = stories("make", IDEA, "--json").manifests
    done = stories("play", manifest["story_id"][:8], env=stories.environment(PATH=str(stories.directory)))
    assert done.problem == "no-player"
    assert manifest["mp3"] in done.err


def test_make_plays_each_sentence_as_it_is_spoken_and_what_was_made_before_whole(stories: Stories) -> None:
    played = stories.directory / "played"
    player = stories.directory / "bin" / "mpv"
    player.parent.mkdir()
    player.write_text(f'#!/bin/sh\nprintf "%s\\n" "$2" >> {shlex.quote(str(played))}\n')
    player.chmod(0o755)
    environment = stories.environment(PATH=str(player.parent))
    done = stories("make", IDEA, "--locale", "fr", "--play", "--json", env=environment)
    (manifest,) = done.manifests
    paths = [(stories.directory / path).resolve() for path in played.read_text().splitlines()]
    assert paths == [(stories.out / segment["audio"]).resolve() for segment in manifest["segments"]]
    played.unlink()
    stories("make", IDEA, "--locale", "fr", "--play", env=environment)
    assert (stories.directory / played.read_text().strip()).samefile(stories.out / manifest["mp3"])


def test_make_without_a_player_says_so_before_anything_is_paid(stories: Stories) -> None:
    done = stories("make", IDEA, "--play", env=stories.environment(PATH=str(stories.directory)))
    assert done.problem == "no-player"
    assert "ffplay" in done.err
    assert not (stories.out / "cache").exists()


def test_publish_lists_a_story(stories: Stories) -> None:
    manifest = stories("make", IDEA, "--json", "--locale", "en", "--locale", "fr").manifests[0]
    store = build_app(Settings(profile="fake", out=stories.out)).store
    assert shelf.page(store).cards == ()
    done = stories("publish", manifest["story_id"][:8], "--locale", "fr")
    assert f"{manifest['story_id'][:8]} fr is published: [fr] " in done.err
    assert [(card.id, card.locale) for card in shelf.page(store).cards] == [(manifest["story_id"], "fr")]
    stories("publish", manifest["story_id"][:8])
    assert [card.locale for card in shelf.page(store).cards] == ["en", "fr"]


def test_another_voice_and_pace_is_a_story_of_its_own_from_the_same_text(stories: Stories) -> None:
    own = stories("make", IDEA, "--json").manifests[0]
    (slow,) = stories("make", IDEA, "--voice", "Low", "--pace", "0.8", "--json").manifests
    assert (slow["story_id"], slow["locale"]) == (own["story_id"], "en")
    assert (slow["voice"], slow["pace"]) == ("low", 0.8)
    assert slow["mp3"].startswith(f"stories/{own['story_id']}/en-x-low-p80/")
    assert [part["text"] for part in slow["segments"]] == [part["text"] for part in own["segments"]]
    listed = stories("list").out
    assert " en " in listed
    assert " en-x-low-p80 " in listed
    assert own["mp3"] in stories("show", own["story_id"], "--locale", "en").out.split("[en-x-low-p80]")[0]
    shown = stories("show", own["story_id"], "--locale", "en-x-low-p80").out
    assert slow["mp3"] in shown
    assert own["mp3"] not in shown


def test_a_voice_or_a_pace_that_is_not_there_is_refused_before_anything_is_made(stories: Stories) -> None:
    refused = stories("make", IDEA, "--locale", "fr", "--voice", "heart")
    assert refused.problem == "unknown-voice"
    assert "there are fake, low" in refused.complaints[0]
    assert stories("make", IDEA, "--pace", "1.5").problem == "bad-pace"
    assert not stories.out.exists()
