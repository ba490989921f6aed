"""What a refusal of Bedrock's Converse means: a few codes stand for everything, so its words decide.

Sources: AWS's guide "Troubleshooting Amazon Bedrock API error codes", and its words in public reports.
"""

from __future__ import annotations

from pipeline.engines.aws import meanings
from pipeline.engines.aws.meanings import Meaning
from pipeline.errors import ConfigError, EngineError, ThrottledError

# Those that write, and those of the doctor's checks.
OPERATIONS = frozenset(
    "Converse ConverseStream GetFoundationModel GetFoundationModelAvailability GetInferenceProfile "
    "GetGuardrail".split()
)

NO_MODEL = Meaning(
    ConfigError,
    "no-model",
    "{what} does not exist in this region, or by this name ({quote}): check --model (STORIES_MODEL) and "
    "AWS_REGION; many models go by an inference profile's id only, as eu.amazon.nova-lite-v1:0 in Europe",
)
NEEDS_PROFILE = Meaning(
    ConfigError,
    "no-model",
    "{what} goes by an inference profile only ({quote}): put the geography before its id, as in "
    "eu.amazon.nova-lite-v1:0 (us, eu, apac, global …)",
)
RETIRED = Meaning(
    ConfigError, "no-model", "{what} is retired ({quote}): choose a newer one with --model or STORIES_MODEL"
)
NO_ACCESS = Meaning(
    ConfigError,
    "access-denied",
    "this account has no access to {what} yet ({quote}): open the model once in Bedrock's console, in this "
    "region, as somebody who may subscribe (aws-marketplace:Subscribe), and fill in the provider's form; it "
    "works some minutes later",
)
NO_GUARDRAIL = Meaning(
    ConfigError,
    "no-guardrail",
    "the guardrail for {what} does not exist in this region ({quote}): check STORIES_GUARDRAIL, its id and "
    "version",
)
NO_STREAM = Meaning(
    ConfigError, "bad-setting", "{what} does not stream its answers ({quote}): set STORIES_STREAMED=0"
)
TOO_LONG = Meaning(
    EngineError, "text-too-long", "the prompt is longer than {what} takes ({quote}): choose another model"
)
SPENT = Meaning(
    ThrottledError,
    "throttled",
    "the account's tokens of today for {what} are used up ({quote}): go on tomorrow, or have the quota "
    "raised (Service Quotas, Amazon Bedrock)",
)
REFUSED = Meaning(
    EngineError, "model-refused", "{what} does not take the request ({quote}): choose another model"
)
# By code, the first words that the message holds; "" holds in any.
_WORDS: dict[str, tuple[tuple[str, Meaning], ...]] = {
    "Validation": (
        ("on-demand throughput", NEEDS_PROFILE),
        ("guardrail", NO_GUARDRAIL),
        ("stream", NO_STREAM),
        ("model identifier is invalid", NO_MODEL),
        ("end of its life", RETIRED),
        ("too long", TOO_LONG),
        ("operation not allowed", NO_ACCESS),
        ("", REFUSED),
    ),
    "ResourceNotFound": (
        ("use case", NO_ACCESS),
        ("guardrail", NO_GUARDRAIL),
        ("end of its life", RETIRED),
        ("legacy", RETIRED),
        ("", NO_MODEL),
    ),
    "AccessDenied": (
        # IAM's: "... is not authorized to perform: bedrock:InvokeModel on resource ..."
        ("not authorized to perform:", meanings.DENIED),
        ("legacy", RETIRED),
        ("access", NO_ACCESS),
    ),
    "Throttling": (("per day", SPENT),),
    "ModelError": (("", meanings.DOWN),),
}


def meaning(code: str, words: str) -> Meaning | None:
    """code: without the ending "Exception"; None where it means what it means of any service."""
    held = words.casefold()
    return next((each for part, each in _WORDS.get(code, ()) if part in held), None)
