"""Amazon Translate: TranslateText. Limits: AWS documentation and botocore's model, read November 2026."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session

from infra.local_aws.account import Account
from infra.local_aws.authorization import ALL, Need
from infra.local_aws.rates import Charge
from infra.local_aws.service import Call, Service
from infra.local_aws.wire import Params, ServiceError
from pipeline.story.locales import language

_MAX_BYTES = 10_000
_AUTO = "auto"
# Below this the service refuses (DetectedLanguageLowConfidenceException).
_LEAST_CONFIDENCE = 0.2
_LANGUAGES = frozenset(
    (
        "af sq am ar hy az bn bs bg ca zh zh-TW hr cs da fa-AF nl en et fa tl fi fr fr-CA ka de el gu ht "
        "ha he hi hu is id ga it ja kn kk ko lv lt mk ms ml mt mr mn no ps pl pt pt-PT pa ro ru sr si sk sl "
        "so es es-MX sw sv ta te th tr uk ur uz vi cy"
    ).split()
)
_FORMAL = frozenset("nl fr fr-CA de hi it ja ko es es-MX pt-PT".split())
# The account's custom terminologies; there is no operation to import more.
TERMINOLOGIES = frozenset({"stories"})


def translate_text(call: Call) -> Params:
    text, target = call.params["Text"], call.params["TargetLanguageCode"]
    size = len(text.encode())
    if size > _MAX_BYTES:
        raise ServiceError(
            "TextSizeLimitExceededException",
            f"Input text size exceeds limit. Max length of request text allowed is {_MAX_BYTES} bytes "
            f"while in this request the text size is {size} bytes",
        )
    names = call.params.get("TerminologyNames", [])
    if unknown := [name for name in names if name not in TERMINOLOGIES]:
        raise ServiceError("ResourceNotFoundException", f"The terminology {unknown[0]} was not found")
    code = call.params["SourceLanguageCode"]
    source = _detect(call.account, text) if code == _AUTO else code
    _check_pair(source, target)
    output: Params = {
        "TranslatedText": _translate(call.account, text, source, target),
        "SourceLanguageCode": source,
        "TargetLanguageCode": target,
    }
    if names:
        output["AppliedTerminologies"] = [{"Name": name, "Terms": []} for name in names]
    if applied := _applied(call.params.get("Settings", {}), target):
        output["AppliedSettings"] = applied
    return output


def _needs(call: Call) -> list[Need]:
    """Languages are detected by Comprehend, in the caller's name."""
    needs = [("translate:TranslateText", ALL)]
    if call.params["SourceLanguageCode"] == _AUTO:
        needs.append(("comprehend:DetectDominantLanguage", ALL))
    return needs


def _translate(account: Account, text: str, source: str, target: str) -> str:
    """Line for line: the service keeps line breaks."""
    lines = text.split("\n")
    texts = tuple(line for line in lines if line.strip())
    translated = iter(account.backing.translate(texts, language(source), language(target)))
    return "\n".join(next(translated) if line.strip() else line for line in lines)


def _detect(account: Account, text: str) -> str:
    if account.region not in _detecting_regions():  # the documentation has its words, and not its code
        raise ServiceError("InvalidRequestException", "Autodetect is not supported in this region")
    detector = account.backing.detector
    if detected := detector.detect(text):
        return detected
    confidence = {code: detector.confidence(text, code) for code in account.backing.app.chains}
    best = max(confidence, key=lambda code: confidence[code])
    if confidence[best] < _LEAST_CONFIDENCE:
        raise ServiceError(
            "DetectedLanguageLowConfidenceException",
            "The confidence of the detected source language is too low",
            {"DetectedLanguageCode": best},
        )
    return best


@cache
def _detecting_regions() -> frozenset[str]:
    """Those of Amazon Comprehend, which detects for Amazon Translate."""
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return frozenset(
        region for name in partitions for region in session.get_available_regions("comprehend", name)
    )


def _check_pair(source: str, target: str) -> None:
    if source == target or not {source, target} <= _LANGUAGES:
        raise ServiceError(
            "UnsupportedLanguagePairException",
            f"Unsupported language pair: {source} to {target}.",
            {"SourceLanguageCode": source, "TargetLanguageCode": target},
        )


def _applied(settings: dict[str, Any], target: str) -> dict[str, Any]:
    """Formality is ignored for a target that lacks it (the model's documentation), not refused."""
    return {name: value for name, value in settings.items() if name != "Formality" or target in _FORMAL}


def _charges(operation: str, params: Params) -> tuple[Charge, ...]:
    pair = f"{params['SourceLanguageCode']} {params['TargetLanguageCode']}"
    return (Charge(operation, of=pair), Charge(f"{operation} bytes", len(params["Text"].encode()), pair))


SERVICE = Service(
    id="translate",
    handlers={"TranslateText": translate_text},
    refusals={
        "throttle": ServiceError("TooManyRequestsException", "Rate exceeded"),
        "error500": ServiceError("InternalServerException", "An internal server error occurred"),
        "error503": ServiceError("ServiceUnavailableException", "Amazon Translate is unavailable"),
    },
    unbounded=frozenset({"Text"}),
    needs=_needs,
    charges=_charges,
)
