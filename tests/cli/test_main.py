"""The command end to end on the fake profile, as processes of their own."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from pipeline.bootstrap import build_app
from pipeline.cli.exit_codes import INTERRUPTED
from pipeline.config.settings import Settings
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage import shelf
from pipeline.storage.digest import canonical
from tests.command import Stories
from tests.making import Listener

IDEA = "a shy snail"


def test_make_prints_the_story_where_its_mp3_is_and_how_to_go_on(stories: Stories) -> None:
    done = stories("make", IDEA)
    assert done.status == 0
    assert "and the Little Lantern  [en]" in done.out
    assert "Made by AI (fake)." in done.out
    address = re.search(r"file://(\S+\.mp3)", done.out)
    assert address
    assert Path(address.group(1)).read_bytes()[:3] == b"ID3"
    for part in ("write", "judge", "speak", "store", "s in all", "--new", "--locale it"):
        assert part in done.err


def test_the_manifests_on_stdout_are_the_stored_ones_one_line_each(stories: Stories) -> None:
    done = stories("make", IDEA, "--json", "--locale", "en", "--locale", "fr", "--locale", "fr-CA")
    lines = done.out.splitlines()
    assert [json.loads(line)["locale"] for line in lines] == ["en", "fr"]
    for line in lines:
        told = json.loads(line)
        stored = stories.out / "stories" / told["story_id"] / told["locale"] / "manifest.json"
        assert stored.read_text("utf-8") == line


def test_the_manifest_by_command_is_the_one_by_calling_the_steps(stories: Stories, tmp_path: Path) -> None:
    done = stories("make", "l'été d'un escargot", "--variant", "7", "--json", "--locale", "fr")
    app = build_app(Settings(profile="fake", out=tmp_path / "other"))
    told = run(app, accept(app, "l'été d'un escargot", 7), "fr", Listener())
    assert done.out == canonical(asdict(told)).decode() + "\n"


def test_made_again_it_is_only_read(stories: Stories) -> None:
    first = stories("make", IDEA, "--json")
    before = stories.files()
    again = stories("make", IDEA, "--json")
    assert again.out == first.out
    assert "it was made before" in again.err
    assert stories.files() == before


def test_a_story_made_before_is_told_in_another_language_by_its_id(stories: Stories) -> None:
    (english,) = stories("make", IDEA, "--json").manifests
    done = stories("make", "--id", english["story_id"][:6], "--locale", "it", "--json")
    assert done.manifests[0]["story_id"] == english["story_id"]
    assert done.manifests[0]["segments"][0]["text"] == f"[it] {english['segments'][0]['text']}"
    costs = stories("cost").out
    assert re.search(r"^story@\d+ .*fake/text/1 +1 ", costs, re.MULTILINE)  # one completion


def test_new_draws_a_variant_and_prints_what_makes_it_again(stories: Stories) -> None:
    done = stories("make", IDEA, "--new", "--json")
    (drawn,) = re.findall(r"--variant (\d+)", done.err)[:1]
    assert done.manifests[0]["variant"] == int(drawn) < 2**53
    again = stories("make", IDEA, "--variant", drawn, "--json")
    assert again.out == done.out
    assert stories("make", IDEA, "--new", "--json").manifests[0]["variant"] != int(drawn)


def test_without_words_it_is_variant_0_in_english(stories: Stories) -> None:
    (told,) = stories("make", IDEA, "--json").manifests
    assert (told["variant"], told["locale"]) == (0, "en")


@pytest.mark.parametrize(
    "idea", ["-a shy snail", "--help", "'; rm -rf ~ #", '$(touch x) `touch x` "x"', "é🐱 {x} %s $5"]
)
def test_an_idea_is_only_text(stories: Stories, idea: str) -> None:
    done = stories("make", "--json", "--", idea)
    assert done.manifests[0]["context"] == idea
    assert not (stories.directory / "x").exists()


def test_a_terminal_that_knows_only_ascii_gets_the_story_all_the_same(stories: Stories) -> None:
    narrow = stories.environment(PYTHONIOENCODING="ascii")
    for arguments in (["make", "l'été"], ["list"], ["make", "l'été", "--json"]):
        done = stories(*arguments, env=narrow)
        assert (done.status, "Traceback" in done.err) == (0, False), done.err
    assert done.manifests[0]["context"] == "l'été"


def test_list_and_show_find_what_was_made(stories: Stories) -> None:
    assert "no stories yet" in stories("list").err
    told = stories("make", IDEA, "--locale", "en", "--locale", "fr", "--json").manifests
    listed = stories("list").out.splitlines()
    assert listed[0].split() == ["id", "locale", "length", "title", "idea"]
    assert len(listed) == 3
    assert all(IDEA in line and told[0]["story_id"][:12] in line for line in listed[1:])
    shown = stories("show", told[0]["story_id"][:4], "--locale", "fr").out
    assert told[1]["segments"][0]["text"].split(",")[0] in shown
    assert told[1]["mp3"] in shown
    assert re.search(r"^words +yes +\d+ +80 to 120$", shown, re.MULTILINE)
    assert "fake/translation/1" in shown
    assert "variant 0" in shown
    assert "[en]" not in shown


def test_show_of_a_language_that_is_not_there_says_how_to_make_it(stories: Stories) -> None:
    (told,) = stories("make", IDEA, "--json").manifests
    done = stories("show", told["story_id"], "--locale", "it")
    assert done.status == 20
    assert f"stories make --id {told['story_id'][:8]} --locale TAG" in done.err


def test_locales_tell_engine_voice_and_quality(stories: Stories) -> None:
    rows = [re.split(r"  +", line) for line in stories("locales").out.splitlines()]
    assert rows[0] == ["locale", "quality", "translation", "voice", "labels"]
    assert [row[0] for row in rows[1:]] == ["en", "fr", "it", "es", "de", "pt", "nl", "ar"]
    assert rows[1][1:] == ["fake", "written in it", "fake/speech/1 fake", "fake"]
    assert rows[2][2] == "fake/translation/1"
    experimental = stories("locales", "--profile", "embedded").out
    assert re.search(r"^ar .*\(experimental\)", experimental, re.MULTILINE)


def test_models_are_told_with_size_and_licence(stories: Stories) -> None:
    done = stories("models")
    assert re.search(r"^smollm2-135m +98 MB +Apache-2\.0 +to fetch +writer", done.out, re.MULTILINE)
    assert str(stories.models) in done.err


def test_the_ledger_counts_calls_tokens_characters_seconds_and_money(stories: Stories) -> None:
    (told,) = stories("make", IDEA, "--json").manifests
    done = stories("cost")
    spoken = next(line.split() for line in done.out.splitlines() if line.startswith("speak"))
    usage = told["usage"]["speak"]
    assert spoken[2:7] == ["10", "0", "0", str(usage["characters"]), f"{usage['audio_seconds']:.1f}"]
    assert spoken[-1] == "0.0000"
    assert "US$ 0.0000 in all, by prices of 20" in done.err


def test_play_gives_the_mp3_to_a_player(stories: Stories) -> None:
    (told,) = stories("make", IDEA, "--json").manifests
    player = stories.directory / "bin" / "mpg123"
    player.parent.mkdir()
    player.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {shlex.quote(str(stories.directory / "played"))}\n')
    player.chmod(0o755)
    done = stories("play", told["story_id"][:8], env=stories.environment(PATH=str(player.parent)))
    assert done.status == 0, done.err
    quiet, path = (stories.directory / "played").read_text().splitlines()
    assert quiet == "-q"
    assert (stories.directory / path).samefile(stories.out / told["mp3"])


def test_a_reader_who_has_seen_enough_is_no_fault(stories: Stories) -> None:
    for variant in range(3):
        stories("make", IDEA, "--variant", str(variant))
    for command in ("list", "locales", "cost", "--help", "make --help"):
        line = f"{shlex.quote(sys.executable)} -m pipeline.cli {command} | true; echo ${{PIPESTATUS[0]}}"
        done = subprocess.run(["bash", "-c", line], **{**stories.settings(), "text": True})
        assert (done.stdout, done.stderr) == ("0\n", ""), command


def test_help_names_every_command(stories: Stories) -> None:
    done = stories("--help")
    assert done.status == 0
    for command in ("make", "list", "show", "play", "locales", "models", "cost"):
        assert re.search(rf"^ +{command} ", done.out, re.MULTILINE)


def test_start_up_imports_no_heavy_package() -> None:
    heavy = {"numpy", "xllamacpp", "tqdm", "lingua", "onnxruntime", "mutagen", "urllib3", "kokoro_onnx"}
    heavy |= {"tomlkit", "dotenv", "boto3", "pandas", "matplotlib"}
    script = "import sys, pipeline.cli.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert heavy & set(done.stdout.split()) == set()
    assert "pipeline.steps.run" in done.stdout.split()


# Stopped, and overtaken.


@pytest.mark.parametrize("method", ["complete", "translate", "synthesize"])
def test_ctrl_c_in_the_middle_stops_at_once_and_the_same_command_goes_on(
    stories: Stories, method: str
) -> None:
    whole = Stories(stories.directory / "whole")
    whole.directory.mkdir()
    expected = whole("make", IDEA, "--locale", "fr", "--json").out
    (running,) = stories.slowly(0.1, "make", IDEA, "--locale", "fr", "--json")
    assert running.stderr
    seen = []
    while len(seen) < (4 if method == "synthesize" else 1):
        line = running.stderr.readline()
        assert line, "it ended before it was stopped"
        seen += [line] if line == f"calling {method}\n" else []
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out) == (INTERRUPTED, "")
    assert [line for line in err.splitlines() if line.startswith("stories: ")] == [
        "stories: stopped; the same command goes on where it stopped"
    ]
    assert "Traceback" not in err
    assert not [name for name in stories.files() if "manifest" in name or ".tmp-" in name]
    remembered = len([name for name in stories.files() if name.startswith("cache/")])
    (done,) = stories.slowly(0, "make", IDEA, "--locale", "fr", "--json")
    out, err = done.communicate(timeout=20)
    assert (done.returncode, out) == (0, expected)
    assert err.count("calling ") == 5 + 1 + 10 - remembered


def test_two_processes_making_the_same_story_end_with_one_manifest(stories: Stories) -> None:
    command = ("make", IDEA, "--locale", "en", "--locale", "fr", "--json")
    running = stories.slowly(0.04, *command, how_many=2)
    done = [one.communicate(timeout=60) for one in running]
    assert [one.returncode for one in running] == [0, 0]
    assert done[0][0] == done[1][0]
    # Whoever came second waited: together they made the calls that one alone needs.
    assert sum(err.count("calling ") for _, err in done) == 5 + 1 + 20
    names = stories.files()
    for locale in ("en", "fr"):
        assert len([name for name in names if name.endswith(f"/{locale}/manifest.json")]) == 1
        assert len([name for name in names if f"/{locale}/" in name and name.endswith(".mp3")]) == 1
    assert not [name for name in names if ".tmp-" in name]
    assert stories(*command).out == done[0][0]


def test_a_published_story_is_on_the_catalogs_page(stories: Stories) -> None:
    made = stories("make", IDEA, "--json", "--locale", "en", "--locale", "fr").manifests[0]
    store = build_app(Settings(profile="fake", out=stories.out)).store
    assert shelf.page(store).cards == ()
    done = stories("publish", made["story_id"][:8], "--locale", "fr")
    assert done.status == 0
    assert f"{made['story_id'][:8]} fr is published: [fr] " in done.err
    assert [(card.id, card.locale) for card in shelf.page(store).cards] == [(made["story_id"], "fr")]
    stories("publish", made["story_id"][:8])
    assert [card.locale for card in shelf.page(store).cards] == ["en", "fr"]


@pytest.mark.parametrize("asked", [["publish", "deadbeef"], ["publish", "xyz"]])
def test_what_is_not_there_is_not_published(stories: Stories, asked: list[str]) -> None:
    done = stories(*asked)
    assert done.status != 0
    assert len(done.complaints) == 1


def test_serve_says_what_it_takes(stories: Stories) -> None:
    done = stories("serve", "--help")
    assert done.status == 0
    for part in ("--host", "127.0.0.1", "--port", "8000", "--url", "--profile", "--out"):
        assert part in done.out
