"""Amazon Translate: a story's sentences joined in as few calls as the service's limit and count allow."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.resources import files
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from pipeline.engines.aws.errors import mapped_errors
from pipeline.engines.aws.packing import ENGINE, Piece, packs, pieces, rejoined, whole
from pipeline.errors import ConfigError, EngineError, RequestError
from pipeline.ports import OnText, ignore, pass_on
from pipeline.story.locales import canonical
from pipeline.story.text import clean

if TYPE_CHECKING:
    from pipeline.engines.aws.clients import Clients

FORMALITIES = ("INFORMAL", "FORMAL", "")
_TERMINOLOGY = re.compile(r"([A-Za-z0-9-]_?)+")  # the service model's ResourceName
_VERSION = 1


class AmazonTranslation:
    """TranslationEngine for every pair of the languages in amazon_translate.toml. Thread-safe.

    formality: INFORMAL as to a child, FORMAL, or "" to leave it to the service; sent only for
    the languages that know it. terminology: the name of a custom terminology in the account; its content
    is no part of the fingerprint, so a changed one needs a new name. The service applies one at most.
    The profanity mask is never set: it would be spoken.
    """

    in_turns = False

    def __init__(
        self, clients: Clients, formality: str = "INFORMAL", terminology: tuple[str, ...] = ()
    ) -> None:
        """Raises ConfigError: an unknown formality, more than one terminology, or no such name."""
        _check_settings(formality, terminology)
        self._clients = clients
        self._formality = formality
        self._terminology = terminology

    @property
    def fingerprint(self) -> str:
        settings = ".".join((self._formality.lower() or "default", *self._terminology))
        return f"{ENGINE}/amazon/{settings}/{_VERSION}"

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """`on_text` receives a text when it is surely whole: the next began, or the last call has answered.

        Raises EngineError: "unknown-pair", "too-long" (a sentence over the limit; nothing was sent),
        "bad-translation" (no answer for a text), or the service's own refusal.
        """
        source_code, target_code = self._code(source), self._code(target)
        if source_code == target_code:
            return pass_on(texts, on_text)
        fields = {
            "SourceLanguageCode": source_code,
            "TargetLanguageCode": target_code,
            **self._settings(target_code),
        }
        translations = (pair for pack in packs(pieces(texts)) for pair in self._send(pack, fields))
        return pass_on(rejoined(texts, translations), on_text)

    def _send(self, pack: tuple[Piece, ...], fields: dict[str, Any]) -> Iterator[tuple[int, str]]:
        """(index of the text, translation) for each piece: joined, or one by one where the count fails."""
        lines = [
            clean(line) for line in self._call("\n".join(piece.text for piece in pack), fields).split("\n")
        ]
        if len(pack) > 1 and (len(lines) != len(pack) or not all(lines)):
            lines = [clean(self._call(piece.text, fields)) for piece in pack]
        elif len(pack) == 1:
            lines = [" ".join(filter(None, lines))]
        for piece, line in zip(pack, lines, strict=True):
            if not line:
                raise EngineError(
                    f'Amazon Translate gave nothing for "{shorten(piece.text, 50)}": run it again, or try '
                    "another story (--new)",
                    engine=ENGINE,
                    problem="bad-translation",
                )
            yield piece.index, line

    def _call(self, text: str, fields: dict[str, Any]) -> str:
        with mapped_errors(ENGINE, "Amazon Translate"):
            reply = whole(self._clients.get("translate").translate_text(Text=text, **fields))
        return str(reply["TranslatedText"]).strip()

    def _settings(self, code: str) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self._formality and self._languages[code].get("formality"):
            settings["Settings"] = {"Formality": self._formality}
        if self._terminology:
            settings["TerminologyNames"] = list(self._terminology)
        return settings

    def _code(self, tag: str) -> str:
        """The service's code for a BCP-47 tag, of its longest known prefix."""
        try:
            parts = canonical(tag).split("-")
        except RequestError:
            parts = []
        while parts:
            if code := self._codes.get("-".join(parts)):
                return code
            parts.pop()
        raise EngineError(
            f"Amazon Translate has no language {tag[:40]!r}: choose another locale, or another translation "
            "engine",
            engine=ENGINE,
            problem="unknown-pair",
        )

    @cached_property
    def _codes(self) -> dict[str, str]:
        return {tag: code for code, row in self._languages.items() for tag in (code, *row.get("tags", ()))}

    @cached_property
    def _languages(self) -> dict[str, dict[str, Any]]:
        table = files("pipeline").joinpath("data", "amazon_translate.toml").read_text("utf-8")
        languages: dict[str, dict[str, Any]] = tomllib.loads(table)["languages"]
        return languages


def _check_settings(formality: str, terminology: tuple[str, ...]) -> None:
    if formality not in FORMALITIES:
        raise ConfigError(
            f"unknown formality {formality!r}: it is INFORMAL, FORMAL or empty", problem="bad-setting"
        )
    if len(terminology) > 1:
        raise ConfigError(
            f"Amazon Translate applies one terminology to a call, not {len(terminology)}: name one",
            problem="bad-setting",
        )
    for name in terminology:
        if not _TERMINOLOGY.fullmatch(name) or len(name) > 256:
            raise ConfigError(
                f"not the name of a terminology: {name[:40]!r}; it has letters, digits, - and _",
                problem="bad-setting",
            )
