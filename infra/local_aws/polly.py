"""Amazon Polly: SynthesizeSpeech and DescribeVoices. Limits: its guide, and botocore's model."""

from __future__ import annotations

from infra.local_aws import sound, ssml
from infra.local_aws.rates import Charge
from infra.local_aws.service import Call, Service
from infra.local_aws.voices import PollyVoice, voices
from infra.local_aws.wire import Params, ServiceError
from pipeline.story.locales import language

_MAX_BILLED = 3_000
_MAX_CHARACTERS = 6_000
_PAGE = 20  # the service's own pages are longer; these are short so that a caller has to follow them
_DEFAULT_ENGINE = "standard"
# Sample rates in Hz by format, the default first; for mp3 the default is the engine's.
_RATES = {"mp3": (24_000, 8_000, 16_000, 22_050, 44_100, 48_000), "pcm": (16_000, 8_000)}
_MP3_DEFAULTS = {"standard": 22_050}
_MEDIA = {"mp3": "audio/mpeg", "pcm": "audio/pcm", "json": "application/x-json-stream"}
_WITH_MARKS = frozenset({"standard", "neural", "long-form"})
# Polly's codes of languages that are not a BCP-47 primary subtag.
_LANGUAGES = {"arb": "ar", "cmn": "zh", "yue": "zh"}


def synthesize_speech(call: Call) -> Params:
    params = call.params
    engine = params.get("Engine", _DEFAULT_ENGINE)
    voice = _voice(params, engine)
    _check_format(params, engine)
    source = params["Text"]
    utterance = ssml.parse(source, engine) if params.get("TextType") == "ssml" else ssml.plain(source)
    _check_length(source, utterance.text)
    code = language(params.get("LanguageCode") or voice.language)
    spoken_in = _LANGUAGES.get(code, code)
    audio = sound.say(utterance, lambda text: call.account.backing.speak(text, spoken_in, utterance.pace))
    media = params["OutputFormat"]
    return {
        "AudioStream": sound.marks(utterance, audio, source, params["SpeechMarkTypes"])
        if media == "json"
        else sound.encode(audio.samples, media, _rate(params, engine)),
        "ContentType": _MEDIA[media],
        "RequestCharacters": len(utterance.text),
    }


def describe_voices(call: Call) -> Params:
    params = call.params
    matches = [voice for voice in voices().values() if _matches(voice, params)]
    token = params.get("NextToken", "0")
    if not token.isdecimal() or (start := int(token)) > len(matches):
        raise ServiceError(
            "InvalidNextTokenException", "The NextToken is invalid. Verify that it's spelled correctly"
        )
    with_others = params.get("IncludeAdditionalLanguageCodes", False)
    output: Params = {"Voices": [voice.described(with_others) for voice in matches[start : start + _PAGE]]}
    if start + _PAGE < len(matches):
        output["NextToken"] = str(start + _PAGE)
    return output


def _matches(voice: PollyVoice, params: Params) -> bool:
    languages = {voice.language, *(voice.others if params.get("IncludeAdditionalLanguageCodes") else ())}
    return params.get("Engine", voice.engines[0]) in voice.engines and (
        params.get("LanguageCode", voice.language) in languages
    )


def _voice(params: Params, engine: str) -> PollyVoice:
    voice = voices().get(params["VoiceId"])
    if voice is None:
        raise ServiceError(
            "ValidationException", f"The local AWS does not know the voice {params['VoiceId']}"
        )
    if engine not in voice.engines:
        raise ServiceError(
            "EngineNotSupportedException", f"This voice does not support the selected engine: {engine}"
        )
    if params.get("LanguageCode", voice.language) not in {voice.language, *voice.others}:
        raise ServiceError(
            "LanguageNotSupportedException", "This voice does not support the selected language code"
        )
    return voice


def _check_format(params: Params, engine: str) -> None:
    media, wanted = params["OutputFormat"], params.get("SpeechMarkTypes", [])
    if media not in _MEDIA:
        raise ServiceError("ValidationException", f"The local AWS has no {media}: ask for mp3 or pcm")
    if wanted and (media != "json" or engine not in _WITH_MARKS):
        raise ServiceError(
            "MarksNotSupportedForFormatException",
            "Speech marks are not supported for the OutputFormat or the engine selected",
        )
    if media == "json" and not wanted:
        raise ServiceError(
            "ValidationException", "SpeechMarkTypes is required where the OutputFormat is json"
        )
    if "ssml" in wanted and params.get("TextType") != "ssml":
        raise ServiceError(
            "SsmlMarksNotSupportedForTextTypeException", "SSML speech marks are not supported for plain text"
        )
    if media in _RATES and _rate(params, engine) not in _RATES[media]:
        raise ServiceError("InvalidSampleRateException", f"Invalid sample rate: {params['SampleRate']}")


def _rate(params: Params, engine: str) -> int:
    media = params["OutputFormat"]
    default = _MP3_DEFAULTS.get(engine, _RATES[media][0]) if media == "mp3" else _RATES[media][0]
    rate = params.get("SampleRate", str(default))
    return int(rate) if rate.isdecimal() else 0


def _check_length(source: str, spoken: str) -> None:
    if len(source) > _MAX_CHARACTERS or len(spoken) > _MAX_BILLED:
        raise ServiceError("TextLengthExceededException", "Maximum text length has been exceeded")


def _charges(operation: str, params: Params) -> tuple[Charge, ...]:
    """Each engine has a quota of its own."""
    by_engine = operation == "SynthesizeSpeech"
    return (Charge(f"{operation} {params.get('Engine', _DEFAULT_ENGINE)}" if by_engine else operation),)


SERVICE = Service(
    id="polly",
    handlers={"SynthesizeSpeech": synthesize_speech, "DescribeVoices": describe_voices},
    refusals={
        "throttle": ServiceError("ThrottlingException", "Rate exceeded"),
        "error500": ServiceError("ServiceFailureException", "An unknown condition caused a failure"),
        "error503": ServiceError("ServiceUnavailableException", "The service is unavailable"),
    },
    charges=_charges,
)
