"""The table is held against botocore's own model of the service, and the service is botocore's Stubber."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.stub import Stubber

from pipeline.engines.aws.voices import (
    Changes,
    PollyVoice,
    Table,
    compare,
    parse,
    read_table,
    refresh,
    render,
)
from pipeline.errors import ConfigError, ThrottledError

# The project's list of neural voices (limits.md), where it names them all.
NEURAL = {
    "ar-AE": {"Hala", "Zayd"},
    "nl-NL": {"Laura"},
    "nl-BE": {"Lisa"},
    "fr-FR": {"Lea", "Remi"},
    "fr-CA": {"Gabrielle", "Liam"},
    "fr-BE": {"Isabelle"},
    "it-IT": {"Bianca", "Adriano"},
    "en-GB": {"Amy", "Emma", "Brian", "Arthur"},
    "es-ES": {"Lucia", "Sergio"},
    "es-MX": {"Mia", "Andres"},
    "es-US": {"Lupe", "Pedro"},
    "de-DE": {"Vicki", "Daniel"},
    "de-AT": {"Hannah"},
    "de-CH": {"Sabrina"},
    "pt-BR": {"Camila", "Vitoria", "Thiago"},
    "pt-PT": {"Ines"},
}
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


class Polly:
    """Hands out one client, whatever is asked for."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def get(self, service: str) -> Any:
        assert service == "polly"
        return self._client


@pytest.fixture
def client() -> Any:
    return boto3.client("polly", region_name="eu-west-1", config=Config(signature_version=UNSIGNED))


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def told(*voices: PollyVoice, token: str = "") -> dict[str, Any]:
    """A page of an answer."""
    rows = [{"Id": v.id, "LanguageCode": v.language, "SupportedEngines": list(v.engines)} for v in voices]
    return {"Voices": rows, **({"NextToken": token} if token else {})}


def without(*names: str) -> list[PollyVoice]:
    return [voice for voice in SMALL.voices if voice.id not in names]


def test_voices_and_languages_are_those_of_the_service(client: Any) -> None:
    model = client.meta.service_model
    table = read_table()
    assert {voice.id for voice in table.voices} <= set(model.shape_for("VoiceId").enum)
    assert {voice.language for voice in table.voices} <= set(model.shape_for("LanguageCode").enum)
    assert {one for voice in table.voices for one in voice.engines} <= set(model.shape_for("Engine").enum)


def test_no_voice_is_told_twice_and_none_without_an_engine() -> None:
    names = [voice.id for voice in read_table().voices]
    assert len(names) == len(set(names))
    assert all(voice.engines for voice in read_table().voices)


def test_the_locales_of_the_demo_have_its_voices() -> None:
    told = {"en": "Joanna", "fr": "Lea", "nl": "Laura", "ar": "Hala", "it": "Bianca"}
    assert told.items() <= read_table().locales.items()


def test_every_locale_is_spoken_by_a_neural_voice_of_its_region() -> None:
    table = read_table()
    assert len(table.locales) == 16
    for locale, name in table.locales.items():
        voice = table.get(name)
        assert voice is not None
        assert "neural" in voice.engines
        assert voice.speaks(locale)
        assert "-" not in locale or voice.language == locale


def test_portuguese_is_of_brazil_unless_of_portugal_and_english_of_america() -> None:
    table = read_table()
    spoken = {locale: table.get(table.locales[locale]) for locale in ("pt", "pt-PT", "en", "fr", "es", "ar")}
    assert {locale: voice.language for locale, voice in spoken.items() if voice} == {
        "pt": "pt-BR",
        "pt-PT": "pt-PT",
        "en": "en-US",
        "fr": "fr-FR",
        "es": "es-ES",
        "ar": "ar-AE",
    }


@pytest.mark.parametrize("code", NEURAL)
def test_neural_voices_are_those_that_the_project_knows(code: str) -> None:
    voices = read_table().voices
    assert {one.id for one in voices if one.language == code and "neural" in one.engines} == NEURAL[code]


def test_a_language_is_spoken_by_the_voices_of_all_its_regions() -> None:
    names = {voice.id for voice in read_table().speaking("nl-BE", "neural")}
    assert names == {"Laura", "Lisa"}
    assert {voice.id for voice in read_table().speaking("ar", "standard")} == {"Zeina"}
    assert read_table().speaking("tlh", "neural") == ()


def test_a_table_that_the_service_agrees_with_has_no_changes(client: Any, stub: Stubber) -> None:
    stub.add_response("describe_voices", told(*SMALL.voices), {})
    changes = refresh(Polly(client), table=SMALL, today=date(2026, 12, 1))
    assert not changes
    assert changes.table == replace(SMALL, dated="2026-12-01")


def test_the_answer_is_read_in_pages(client: Any, stub: Stubber) -> None:
    stub.add_response("describe_voices", told(*SMALL.voices[:2], token="two"), {})
    stub.add_response("describe_voices", told(*SMALL.voices[2:4], token="three"), {"NextToken": "two"})
    stub.add_response("describe_voices", told(*SMALL.voices[4:]), {"NextToken": "three"})
    assert not refresh(Polly(client), table=SMALL)


def test_a_busy_service_is_said_as_such(client: Any, stub: Stubber) -> None:
    stub.add_client_error("describe_voices", "ThrottlingException", http_status_code=400)
    with pytest.raises(ThrottledError) as caught:
        refresh(Polly(client), table=SMALL)
    assert isinstance(caught.value.__cause__, botocore.exceptions.ClientError)


def test_pages_that_never_end_are_not_followed_for_ever(client: Any, stub: Stubber) -> None:
    page = [PollyVoice(f"Voice{n}", "en-US", ("neural",)) for n in range(1_000)]
    stub.add_response("describe_voices", told(*page, token="1"), {})
    stub.add_response("describe_voices", told(*page, token="2"), {"NextToken": "1"})
    assert refresh(Polly(client), table=SMALL).new


def test_voices_that_are_no_more_are_told_and_replaced_by_one_of_the_region() -> None:
    changes = compare(SMALL, without("Joanna", "Laura"), "neural", "now")
    assert changes.gone == ("Joanna", "Laura")
    assert changes.moved == {"en": "Matthew", "nl": ""}
    assert changes.table.locales == {"en": "Matthew", "ar": "Hala"}
    assert parse(render(changes.table)) == changes.table


def test_a_voice_that_lost_or_gained_the_engine_is_told() -> None:
    now = [*without("Joanna", "Zeina"), PollyVoice("Joanna", "en-US", ("standard",))]
    changes = compare(SMALL, [*now, PollyVoice("Zeina", "arb", ("neural", "standard"))], "neural", "now")
    assert (changes.lost, changes.gained, changes.gone) == (("Joanna",), ("Zeina",), ())
    assert changes.moved == {"en": "Matthew"}


def test_a_locale_whose_voice_never_had_the_engine_is_left_alone() -> None:
    assert not compare(SMALL, SMALL.voices, "standard", "now")


def test_new_voices_of_our_languages_are_told_and_others_left_out(client: Any, stub: Stubber) -> None:
    belgian = PollyVoice("Lisa", "nl-BE", ("neural",))
    unlike = [PollyVoice("Ola", "nb-NO", ("neural",)), PollyVoice("Ruben", "nl-NL", ("standard",))]
    stub.add_response("describe_voices", told(*SMALL.voices, belgian, *unlike), {})
    changes = refresh(Polly(client), table=SMALL)
    assert changes.new == (belgian,)
    assert changes.table.get("Ruben") is not None
    assert changes.table.get("Ola") is None


def test_a_table_that_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "voices.toml"
    path.write_text(render(SMALL), "utf-8")
    assert read_table(path) == SMALL
    assert tomllib.loads(path.read_text("utf-8"))["locales"] == dict(SMALL.locales)


def test_names_from_the_service_cannot_break_the_table() -> None:
    odd = PollyVoice('Léa "x"\n[locales]\\', "fr-FR\u2028", ("neural",))
    table = Table("now", {"fr": odd.id}, (odd,))
    assert parse(render(table)) == table


def test_where_there_is_no_file_the_shipped_table_holds(tmp_path: Path) -> None:
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


def test_no_changes_is_false() -> None:
    assert not Changes(SMALL)
    assert Changes(SMALL, gone=("Joanna",))
