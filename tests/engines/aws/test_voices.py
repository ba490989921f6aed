"""The table is held against botocore's own model of the service, and the service is botocore's Stubber."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipeline.engines.aws.voices import PollyVoice, Table, compare, parse, read_table, refresh, render
from pipeline.errors import ConfigError, UnavailableError
from tests.engines.aws.stubbed import Stubbed

SMALL = Table(
    "2026-01",
    {"en": "Joanna", "ar": "Hala", "nl": "Laura"},
    (
        PollyVoice("Hala", "ar-AE", ("neural",)),
        PollyVoice("Zeina", "arb", ("standard",)),
        PollyVoice("Joanna", "en-US", ("neural", "standard")),
        PollyVoice("Matthew", "en-US", ("neural", "standard")),
        PollyVoice("Laura", "nl-NL", ("neural",)),
        PollyVoice("Lotte", "nl-NL", ("standard",)),
    ),
)


@pytest.fixture
def polly() -> Iterator[Stubbed]:
    stubbed = Stubbed("polly")
    yield stubbed
    stubbed.stub.assert_no_pending_responses()


def page(*voices: PollyVoice, token: str = "") -> dict[str, Any]:
    """A page of a reply."""
    rows = [{"Id": v.id, "LanguageCode": v.language, "SupportedEngines": list(v.engines)} for v in voices]
    return {"Voices": rows, **({"NextToken": token} if token else {})}


def without(*names: str) -> list[PollyVoice]:
    return [voice for voice in SMALL.voices if voice.id not in names]


def test_voices_and_languages_are_those_of_the_service(polly: Stubbed) -> None:
    model = polly.client.meta.service_model
    voices = read_table().voices
    assert {voice.language for voice in voices} <= set(model.shape_for("LanguageCode").enum)
    names = [voice.id for voice in voices]
    assert set(names) <= set(model.shape_for("VoiceId").enum)
    assert len(names) == len(set(names))
    for voice in voices:
        assert voice.engines
        assert set(voice.engines) <= set(model.shape_for("Engine").enum)


def test_every_locale_is_spoken_by_a_neural_voice_of_its_region() -> None:
    table = read_table()
    assert len(table.locales) == 16
    for locale, name in table.locales.items():
        voice = table.get(name)
        assert voice
        assert "neural" in voice.engines
        assert voice.speaks(locale)
        assert "-" not in locale or voice.language == locale


def test_a_language_is_spoken_by_the_voices_of_all_its_regions() -> None:
    names = {voice.id for voice in read_table().speaking("nl-BE", "neural")}
    assert names == {"Laura", "Lisa"}
    assert {voice.id for voice in read_table().speaking("ar", "standard")} == {"Zeina"}
    assert read_table().speaking("tlh", "neural") == ()


def test_a_current_table_has_no_changes(polly: Stubbed) -> None:
    polly.stub.add_response("describe_voices", page(*SMALL.voices), {})
    changes = refresh(polly, table=SMALL, today=date(2026, 12, 1))
    assert not changes
    assert changes.table == replace(SMALL, dated="2026-12-01")


def test_all_pages_are_read(polly: Stubbed) -> None:
    polly.stub.add_response("describe_voices", page(*SMALL.voices[:2], token="two"), {})
    polly.stub.add_response("describe_voices", page(*SMALL.voices[2:4], token="three"), {"NextToken": "two"})
    polly.stub.add_response("describe_voices", page(*SMALL.voices[4:]), {"NextToken": "three"})
    assert not refresh(polly, table=SMALL)


def test_reading_endless_pages_stops_and_a_failing_one_is_an_error(polly: Stubbed) -> None:
    voices = [PollyVoice(f"Voice{n}", "en-US", ("neural",)) for n in range(1_000)]
    polly.stub.add_response("describe_voices", page(*voices, token="1"), {})
    polly.stub.add_response("describe_voices", page(*voices, token="2"), {"NextToken": "1"})
    assert refresh(polly, table=SMALL).new
    polly.stub.add_client_error("describe_voices", "InternalFailure", http_status_code=500)
    with pytest.raises(UnavailableError):
        refresh(polly, table=SMALL)


def test_voices_that_are_gone_are_listed_and_replaced_by_another_of_the_region() -> None:
    changes = compare(SMALL, without("Joanna", "Laura"), "neural", "now")
    assert changes.gone == ("Joanna", "Laura")
    assert changes.moved == {"en": "Matthew", "nl": ""}
    assert changes.table.locales == {"en": "Matthew", "ar": "Hala"}
    assert parse(render(changes.table)) == changes.table


def test_a_voice_that_lost_or_gained_the_engine_is_listed() -> None:
    now = [*without("Joanna", "Zeina"), PollyVoice("Joanna", "en-US", ("standard",))]
    changes = compare(SMALL, [*now, PollyVoice("Zeina", "arb", ("neural", "standard"))], "neural", "now")
    assert (changes.lost, changes.gained, changes.gone) == (("Joanna",), ("Zeina",), ())
    assert changes.moved == {"en": "Matthew"}


def test_a_locale_whose_voice_never_had_the_engine_is_unchanged() -> None:
    assert not compare(SMALL, SMALL.voices, "standard", "now")


def test_new_voices_of_our_languages_are_listed_and_others_left_out(polly: Stubbed) -> None:
    belgian = PollyVoice("Lisa", "nl-BE", ("neural",))
    others = [PollyVoice("Ola", "nb-NO", ("neural",)), PollyVoice("Ruben", "nl-NL", ("standard",))]
    polly.stub.add_response("describe_voices", page(*SMALL.voices, belgian, *others), {})
    changes = refresh(polly, table=SMALL)
    assert changes.new == (belgian,)
    assert changes.table.get("Ruben") is not None
    assert changes.table.get("Ola") is None


def test_what_the_table_says_about_a_voice_is_kept_and_the_service_says_it_of_a_new_one(
    polly: Stubbed,
) -> None:
    table = replace(SMALL, voices=(replace(SMALL.voices[0], about="a woman of the Gulf"), *SMALL.voices[1:]))
    rows = page(*SMALL.voices, PollyVoice("Zayd", "ar-AE", ("neural",)))
    for row in rows["Voices"]:
        row["Gender"] = "Male" if row["Id"] == "Zayd" else "Female"
    polly.stub.add_response("describe_voices", rows, {})
    fresh = refresh(polly, table=table).table
    about = {voice.id: voice.about for voice in parse(render(fresh)).voices}
    assert (about["Hala"], about["Zayd"]) == ("a woman of the Gulf", "a man")


def test_a_written_table_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "voices.toml"
    path.write_text(render(SMALL), "utf-8")
    assert read_table(path) == SMALL
    assert tomllib.loads(path.read_text("utf-8"))["locales"] == dict(SMALL.locales)


def test_names_from_the_service_cannot_break_the_table() -> None:
    odd = PollyVoice('Léa "x"\n[locales]\\', "fr-FR\u2028", ("neural",))
    table = Table("now", {"fr": odd.id}, (odd,))
    assert parse(render(table)) == table


def test_without_a_file_the_shipped_table_counts(tmp_path: Path) -> None:
    assert read_table(tmp_path / "none.toml") == read_table()


@pytest.mark.parametrize(
    "written",
    [
        b"\xff\xfe",
        b"dated = ",
        b"",
        b'dated = "x"\nvoices = 3\n[locales]\n',
        b'dated = "x"\nvoices = [{id = "Lea"}]\n[locales]\n',
        b'dated = "x"\nvoices = []\n[locales]\nfr = "Lea"\n',
        b'dated = "x"\nlocales = "fr"\nvoices = []\n',
    ],
)
def test_a_damaged_table_is_named_with_what_to_do(written: bytes, tmp_path: Path) -> None:
    path = tmp_path / "voices.toml"
    path.write_bytes(written)
    with pytest.raises(ConfigError, match=r"voices\.toml.*stories voices refresh") as caught:
        read_table(path)
    assert caught.value.problem == "bad-voices"
