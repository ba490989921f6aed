"""SynthesizeSpeech and DescribeVoices as boto3 sees them."""

from __future__ import annotations

import io
import json
from typing import Any

import mutagen.mp3
import pytest
import soundfile
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws

TEXT = "Good night, little owl. Déjà vu: the 🦉 sleeps."
# FakeSpeech: 60 ms a character.
FAKE_MS = 60


def speak(aws: LocalAws, text: str = TEXT, **more: Any) -> tuple[bytes, dict[str, Any]]:
    asked = {"Text": text, "VoiceId": "Joanna", "Engine": "neural", "OutputFormat": "mp3", **more}
    with aws.client("polly") as client:
        told = client.synthesize_speech(**{name: value for name, value in asked.items() if value is not None})
        with told["AudioStream"] as stream:
            return stream.read(), told


def refused(aws: LocalAws, text: str = TEXT, **more: Any) -> str:
    with pytest.raises(ClientError) as caught:
        speak(aws, text, **more)
    code = str(caught.value.response["Error"]["Code"])
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert type(caught.value).__name__ in {code, "ClientError"}
    return code


def marks_of(aws: LocalAws, text: str, **more: Any) -> list[dict[str, Any]]:
    data, _ = speak(aws, text, OutputFormat="json", **{"SpeechMarkTypes": ["word"], **more})
    return [json.loads(line) for line in data.splitlines()]


def test_an_mp3_decodes_and_is_as_long_as_the_speech(aws: LocalAws) -> None:
    audio, told = speak(aws)
    info = mutagen.mp3.MP3(io.BytesIO(audio)).info
    assert (info.sample_rate, info.bitrate, info.channels) == (24_000, 48_000, 1)
    with soundfile.SoundFile(io.BytesIO(audio)) as sound:
        heard_ms = sound.frames * 1000 / sound.samplerate
    assert heard_ms == pytest.approx(len(TEXT) * FAKE_MS, abs=150)  # frames of 24 ms, and LAME's delay
    assert (told["ContentType"], told["RequestCharacters"]) == ("audio/mpeg", len(TEXT))


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_pcm_is_16_bit_at_the_rate_asked_for(aws: LocalAws, rate: int) -> None:
    audio, told = speak(aws, OutputFormat="pcm", SampleRate=str(rate))
    assert len(audio) / 2 / rate == pytest.approx(len(TEXT) * FAKE_MS / 1000, abs=0.01)
    assert told["ContentType"] == "audio/pcm"
    assert len(speak(aws, OutputFormat="pcm")[0]) == pytest.approx(len(TEXT) * FAKE_MS * 16 * 2, abs=400)


@pytest.mark.parametrize(
    ("media", "rate"), [("pcm", "24000"), ("mp3", "11025"), ("mp3", "loud"), ("pcm", "0")]
)
def test_a_rate_that_the_format_lacks_is_refused(aws: LocalAws, media: str, rate: str) -> None:
    assert refused(aws, OutputFormat=media, SampleRate=rate) == "InvalidSampleRateException"


def test_standard_voices_have_their_own_default_rate(aws: LocalAws) -> None:
    audio, _ = speak(aws, Engine="standard")
    assert mutagen.mp3.MP3(io.BytesIO(audio)).info.sample_rate == 22_050


def test_marks_count_bytes_of_the_text_as_sent(aws: LocalAws) -> None:
    marks = marks_of(aws, TEXT)
    sent = TEXT.encode()
    assert [sent[mark["start"] : mark["end"]].decode() for mark in marks] == [
        "Good", "night", "little", "owl", "Déjà", "vu", "the", "sleeps",
    ]  # fmt: skip
    assert [mark["value"] for mark in marks] == [sent[mark["start"] : mark["end"]].decode() for mark in marks]
    assert [mark["time"] for mark in marks] == sorted(mark["time"] for mark in marks)


def test_marks_of_ssml_count_bytes_of_the_markup(aws: LocalAws) -> None:
    source = (
        "<speak><p>Fish &amp; chips — é</p><break time='2s'/><s>Then &lt;3 &#233;t&#xE9; tea.</s></speak>"
    )
    marks = marks_of(aws, source, TextType="ssml", SpeechMarkTypes=["word", "sentence"])
    sent = source.encode()
    words = [mark for mark in marks if mark["type"] == "word"]
    assert [sent[mark["start"] : mark["end"]].decode() for mark in words] == [
        "Fish", "chips", "é", "Then", "3", "&#233;t&#xE9;", "tea",
    ]  # fmt: skip
    assert [mark["value"] for mark in words][5] == "été"
    assert words[3]["time"] - words[2]["time"] > 2_000
    told = [mark["value"] for mark in marks if mark["type"] == "sentence"]
    assert told[-1] == "Then &lt;3 &#233;t&#xE9; tea."


def test_ssml_is_heard_without_its_tags_and_billed_so(aws: LocalAws) -> None:
    _, told = speak(aws, "<speak>Good night.</speak>", TextType="ssml")
    assert told["RequestCharacters"] == len("Good night.")


@pytest.mark.parametrize(
    "source",
    [
        "Good night",
        "<speak>Good night",
        "<speak>Good & night</speak>",
        "<p>Good night</p>",
        "<speak>Good <emphasis>night</emphasis></speak>",
        "<speak>Good <break time='11s'/> night</speak>",
        "<speak>Good <break time='10001ms'/> night</speak>",
        "<speak>Good <break time='soon'/> night</speak>",
        "<speak>Good <break strength='huge'/> night</speak>",
        "<speak>Good <prosody pitch='high'>night</prosody></speak>",
        "<speak>Good <shout>night</shout></speak>",
        "<speak><speak>Good night</speak></speak>",
        "<!DOCTYPE speak [<!ENTITY owl 'owl'>]><speak>&owl;</speak>",
    ],
)
def test_ssml_that_neural_voices_refuse(aws: LocalAws, source: str) -> None:
    assert refused(aws, source, TextType="ssml") == "InvalidSsmlException"


@pytest.mark.parametrize(
    "source",
    [
        "<speak>Good <break time='10s'/> night</speak>",
        "<speak><p><s>Good</s><s>night</s></p></speak>",
        "<speak>Good <prosody rate='slow' volume='loud'>night</prosody></speak>",
        "<speak><amazon:effect name='drc'>Good night</amazon:effect></speak>",
    ],
)
def test_ssml_that_neural_voices_take(aws: LocalAws, source: str) -> None:
    assert speak(aws, source, TextType="ssml")[0]


def test_emphasis_is_for_standard_voices(aws: LocalAws) -> None:
    source = "<speak>Good <emphasis>night</emphasis></speak>"
    assert speak(aws, source, TextType="ssml", Engine="standard")[0]


def test_three_thousand_billed_characters_are_spoken_and_one_more_is_refused(aws: LocalAws) -> None:
    assert marks_of(aws, "é" * 2_999 + "!")
    assert marks_of(aws, "é" * 3_000)
    assert refused(aws, "é" * 3_001) == "TextLengthExceededException"


def test_six_thousand_characters_with_markup_are_taken_and_one_more_is_refused(aws: LocalAws) -> None:
    pause = "<break time='1ms'/>"
    start, end = "<speak>Owl ", "</speak>"
    room = 6_000 - len(start + end)
    full = start + pause * (room // len(pause)) + " " * (room % len(pause)) + end
    assert len(full) == 6_000
    assert marks_of(aws, full, TextType="ssml")
    assert refused(aws, full.replace("Owl", "Owls"), TextType="ssml") == "TextLengthExceededException"


def test_audio_is_cut_at_ten_minutes_and_nothing_says_so(aws: LocalAws) -> None:
    source = "<speak>Owl" + "<break time='10s'/>" * 61 + "Owl</speak>"
    audio, told = speak(aws, source, TextType="ssml", OutputFormat="pcm", SampleRate="8000")
    assert len(audio) == 600 * 8_000 * 2
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert marks_of(aws, source, TextType="ssml")[-1]["time"] > 600_000


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"VoiceId": "Hala", "Engine": None}, "EngineNotSupportedException"),
        ({"VoiceId": "Hala", "Engine": "standard"}, "EngineNotSupportedException"),
        ({"VoiceId": "Zeina", "Engine": "neural"}, "EngineNotSupportedException"),
        ({"VoiceId": "Nobody"}, "ValidationException"),
        ({"LanguageCode": "fr-FR"}, "LanguageNotSupportedException"),
        ({"SpeechMarkTypes": ["word"]}, "MarksNotSupportedForFormatException"),
        (
            {"Engine": "generative", "OutputFormat": "json", "SpeechMarkTypes": ["word"]},
            "MarksNotSupportedForFormatException",
        ),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["ssml"]}, "SsmlMarksNotSupportedForTextTypeException"),
        ({"OutputFormat": "wav"}, "ValidationException"),
    ],
)
def test_what_cannot_be_had_is_refused_by_name(aws: LocalAws, asked: dict[str, Any], code: str) -> None:
    assert refused(aws, **asked) == code


def test_a_bilingual_voice_takes_either_language(aws: LocalAws) -> None:
    assert speak(aws, VoiceId="Aditi", Engine="standard", LanguageCode="en-IN")[0]


def test_text_without_a_word_is_a_short_silence(aws: LocalAws) -> None:
    assert marks_of(aws, "…") == []
    assert speak(aws, "…")[0]


def test_voices_come_in_pages(aws: LocalAws) -> None:
    with aws.client("polly") as client:
        pages = list(client.get_paginator("describe_voices").paginate())
        first = client.describe_voices()
        with pytest.raises(client.exceptions.InvalidNextTokenException):
            client.describe_voices(NextToken="elsewhere")
    found = [voice["Id"] for page in pages for voice in page["Voices"]]
    assert len(pages) > 2
    assert len(found) == len(set(found))
    assert "NextToken" in first
    assert {"Joanna", "Lea", "Laura", "Hala", "Bianca"} <= set(found)


def test_voices_are_found_by_engine_and_language(aws: LocalAws) -> None:
    with aws.client("polly") as client:
        neural = client.describe_voices(Engine="neural", LanguageCode="nl-NL")["Voices"]
        hindi = client.describe_voices(LanguageCode="hi-IN", IncludeAdditionalLanguageCodes=True)["Voices"]
    assert [voice["Id"] for voice in neural] == ["Laura"]
    assert neural[0]["SupportedEngines"] == ["neural"]
    assert [(voice["Id"], voice["AdditionalLanguageCodes"]) for voice in hindi] == [
        ("Aditi", ["hi-IN"]),
        ("Kajal", ["hi-IN"]),
    ]
