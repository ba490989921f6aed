"""SynthesizeSpeech and DescribeVoices with a stock client."""

from __future__ import annotations

import io
import json
from typing import Any

import mutagen.mp3
import pytest
import soundfile
from botocore.exceptions import ClientError

from infra.local_aws import LocalAws
from infra.local_aws.sound import Sound, encode, say
from infra.local_aws.ssml import parse
from infra.local_aws.wire import ServiceError
from pipeline.engines.embedded import pcm
from pipeline.engines.fake import FakeSpeech

TEXT = "Good night, little owl. Déjà vu: the 🦉 sleeps."
# FakeSpeech: 60 ms a character.
FAKE_MS = 60


def speak(aws: LocalAws, text: str = TEXT, **more: Any) -> tuple[bytes, dict[str, Any]]:
    params = {"Text": text, "VoiceId": "Joanna", "Engine": "neural", "OutputFormat": "mp3", **more}
    with aws.client("polly") as client:
        response = client.synthesize_speech(
            **{name: value for name, value in params.items() if value is not None}
        )
        return response["AudioStream"].read(), response


def refused(aws: LocalAws, text: str = TEXT, **more: Any) -> str:
    with pytest.raises(ClientError) as caught:
        speak(aws, text, **more)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return str(caught.value.response["Error"]["Code"])


def marks_of(aws: LocalAws, text: str, **more: Any) -> list[dict[str, Any]]:
    data, _ = speak(aws, text, OutputFormat="json", **{"SpeechMarkTypes": ["word"], **more})
    return [json.loads(line) for line in data.splitlines()]


def test_an_mp3_decodes_and_is_as_long_as_the_speech(aws: LocalAws) -> None:
    audio, response = speak(aws)
    info = mutagen.mp3.MP3(io.BytesIO(audio)).info
    assert (info.sample_rate, info.bitrate, info.channels) == (24_000, 48_000, 1)
    with soundfile.SoundFile(io.BytesIO(audio)) as sound:
        duration_ms = sound.frames * 1000 / sound.samplerate
    assert duration_ms == pytest.approx(len(TEXT) * FAKE_MS, abs=150)  # frames of 24 ms, and LAME's delay
    assert (response["ContentType"], response["RequestCharacters"]) == ("audio/mpeg", len(TEXT))
    standard, _ = speak(aws, Engine="standard")
    assert mutagen.mp3.MP3(io.BytesIO(standard)).info.sample_rate == 22_050


def test_pcm_is_16_bit_at_the_requested_rate(aws: LocalAws) -> None:
    for rate in (8_000, 16_000):
        audio, response = speak(aws, OutputFormat="pcm", SampleRate=str(rate))
        assert len(audio) / 2 / rate == pytest.approx(len(TEXT) * FAKE_MS / 1000, abs=0.01)
        assert response["ContentType"] == "audio/pcm"


def test_marks_count_bytes_of_the_text(aws: LocalAws) -> None:
    marks, sent = marks_of(aws, TEXT), TEXT.encode()
    values = [mark["value"] for mark in marks]
    assert values == ["Good", "night", "little", "owl", "Déjà", "vu", "the", "sleeps"]
    assert [sent[mark["start"] : mark["end"]].decode() for mark in marks] == values
    assert [mark["time"] for mark in marks] == sorted(mark["time"] for mark in marks)


def test_marks_of_ssml_count_bytes_of_the_markup(aws: LocalAws) -> None:
    source = (
        "<speak><p>Fish &amp; chips — é</p><break time='2s'/><s>Then &lt;3 &#233;t&#xE9; tea.</s></speak>"
    )
    marks = marks_of(aws, source, TextType="ssml", SpeechMarkTypes=["word", "sentence"])
    sent, words = source.encode(), [mark for mark in marks if mark["type"] == "word"]
    texts = [sent[mark["start"] : mark["end"]].decode() for mark in words]
    assert texts == ["Fish", "chips", "é", "Then", "3", "&#233;t&#xE9;", "tea"]
    assert words[5]["value"] == "été"
    assert words[3]["time"] - words[2]["time"] > 2_000
    sentences = [mark["value"] for mark in marks if mark["type"] == "sentence"]
    assert sentences[-1] == "Then &lt;3 &#233;t&#xE9; tea."


@pytest.mark.parametrize(
    "source",
    [
        "Good night",
        "<speak>Good night",
        "<speak>Good & night</speak>",
        "<p>Good night</p>",
        "<speak>Good <emphasis>night</emphasis></speak>",
        "<speak>Good <break time='10001ms'/> night</speak>",
        "<speak>Good <break time='soon'/> night</speak>",
        "<speak>Good <break strength='huge'/> night</speak>",
        "<speak>Good <prosody pitch='high'>night</prosody></speak>",
        "<speak>Good <shout>night</shout></speak>",
        "<speak><speak>Good night</speak></speak>",
        "<!DOCTYPE speak [<!ENTITY owl 'owl'>]><speak>&owl;</speak>",
    ],
)
def test_neural_voices_reject_other_ssml(source: str) -> None:
    with pytest.raises(ServiceError) as error:
        parse(source, "neural")
    assert error.value.code == "InvalidSsmlException"


def test_neural_voices_accept_their_ssml(aws: LocalAws) -> None:
    for text in (
        "Good <break time='10s'/> night",
        "<p><s>Good</s><s>night</s></p>",
        "Good <prosody rate='slow' volume='loud'>night</prosody>",
        "<amazon:effect name='drc'>Good night</amazon:effect>",
    ):
        assert "Good" in parse(f"<speak>{text}</speak>", "neural").text
    assert parse("<speak>Good <emphasis>night</emphasis></speak>", "standard").text == "Good night"
    _, response = speak(aws, "<speak>Good <s>night.</s></speak>", TextType="ssml")
    assert response["RequestCharacters"] == len("Good night.\n")
    assert refused(aws, "<speak>Good night", TextType="ssml") == "InvalidSsmlException"


def test_three_thousand_billed_characters_are_spoken_and_one_more_is_refused(aws: LocalAws) -> None:
    assert marks_of(aws, "é" * 3_000)
    assert refused(aws, "é" * 3_001) == "TextLengthExceededException"


def test_six_thousand_characters_of_markup_are_accepted_and_one_more_is_refused(aws: LocalAws) -> None:
    pause, start, end = "<break time='1ms'/>", "<speak>Owl ", "</speak>"
    room = 6_000 - len(start + end)
    source = start + pause * (room // len(pause)) + " " * (room % len(pause)) + end
    assert len(source) == 6_000
    assert marks_of(aws, source, TextType="ssml")
    assert refused(aws, source.replace("Owl", "Owls"), TextType="ssml") == "TextLengthExceededException"


def test_audio_is_cut_at_ten_minutes_without_an_error() -> None:
    utterance = parse("<speak>Owl" + "<break time='10s'/>" * 61 + "Owl</speak>", "neural")
    voice = FakeSpeech().voices()[0]
    sound = say(utterance, lambda text: FakeSpeech().synthesize(text, voice))
    assert sound.marks[-1].time_ms > 600_000
    assert len(encode(sound.samples, "pcm", 8_000)) == 600 * 8_000 * 2
    assert encode(Sound(pcm.silence(100, 24_000), ()).samples, "mp3", 24_000)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"VoiceId": "Hala", "Engine": None}, "EngineNotSupportedException"),
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
        ({"OutputFormat": "pcm", "SampleRate": "24000"}, "InvalidSampleRateException"),
        ({"SampleRate": "loud"}, "InvalidSampleRateException"),
    ],
)
def test_unsupported_parameters_are_refused_by_name(aws: LocalAws, params: dict[str, Any], code: str) -> None:
    assert refused(aws, **params) == code


def test_text_without_a_word_is_a_short_silence(aws: LocalAws) -> None:
    assert marks_of(aws, "…") == []
    assert speak(aws, "…")[0]


def test_voices_are_listed_in_pages_and_filtered(aws: LocalAws) -> None:
    with aws.client("polly") as client:
        pages = list(client.get_paginator("describe_voices").paginate())
        neural = client.describe_voices(Engine="neural", LanguageCode="nl-NL")["Voices"]
        hindi = client.describe_voices(LanguageCode="hi-IN", IncludeAdditionalLanguageCodes=True)["Voices"]
        with pytest.raises(client.exceptions.InvalidNextTokenException):
            client.describe_voices(NextToken="elsewhere")
    ids = [voice["Id"] for page in pages for voice in page["Voices"]]
    assert len(pages) > 2
    assert len(ids) == len(set(ids))
    assert {"Joanna", "Lea", "Laura", "Hala", "Bianca"} <= set(ids)
    assert [(voice["Id"], voice["SupportedEngines"]) for voice in neural] == [("Laura", ["neural"])]
    assert [voice["Id"] for voice in hindi] == ["Aditi", "Kajal"]
    assert speak(aws, VoiceId="Aditi", Engine="standard", LanguageCode="en-IN")[0]


@pytest.mark.parametrize(("rate", "pace"), [("70%", 0.7), ("130%", 1.3), ("slow", 0.75)])
def test_a_rate_makes_the_speech_longer_or_shorter_and_its_marks_with_it(
    aws: LocalAws, rate: str, pace: float
) -> None:
    ssml = f'<speak><s><prosody rate="{rate}">Good night, little owl.</prosody></s></speak>'
    last = marks_of(aws, ssml, TextType="ssml")[-1]
    assert last["value"] == "owl"
    assert last["time"] == pytest.approx("Good night, little owl.".index("owl") * FAKE_MS / pace, abs=2)


@pytest.mark.parametrize("rate", ["19%", "201%", "quick", "85"])
def test_a_rate_that_polly_does_not_have_is_refused(aws: LocalAws, rate: str) -> None:
    ssml = f'<speak><prosody rate="{rate}">Hello.</prosody></speak>'
    assert refused(aws, ssml, TextType="ssml") == "InvalidSsmlException"
