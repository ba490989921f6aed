"""Translation models that a user brings: a folder in CTranslate2's form, run on the CPU.

Three kinds are known by their files:
  OPUS-MT (Marian)  model.bin, source.spm, target.spm                    one pair, or >>xxx<< targets
  NLLB, M2M-100     model.bin, sentencepiece.bpe.model                   any of their languages
  Argos             metadata.json, model/model.bin, sentencepiece.model  the pair in metadata.json
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, EngineError
from pipeline.ports import OnText, ignore, pass_on
from pipeline.story.locales import language
from pipeline.story.text import sentences

_ENGINE = "ctranslate2"
_EOS = "</s>"
_BEAMS = 4
# ISO 639-3 and script, as FLORES-200 and so NLLB name our languages.
_NLLB = {
    "en": "eng_Latn",
    "fr": "fra_Latn",
    "nl": "nld_Latn",
    "ar": "arb_Arab",
    "it": "ita_Latn",
    "es": "spa_Latn",
    "de": "deu_Latn",
    "pt": "por_Latn",
}
_M2M = {code: f"__{code}__" for code in _NLLB}
# How OPUS-MT models of several targets call them; most use three letters, some two.
_MARIAN = {code: (name[:3], code) for code, name in _NLLB.items()} | {
    "ar": ("ara", "arb", "ar"),
    "pt": ("por", "pt_br", "pt"),
}


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which files make a folder of this kind. appends_eos: where the model's own config does not do so."""

    name: str
    model: str
    source: str
    target: str
    also: tuple[str, ...] = ()
    appends_eos: bool = True

    @property
    def files(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((f"{self.model}model.bin", self.source, self.target, *self.also)))


_KINDS = (
    _Kind(
        "Argos",
        "model/",
        "sentencepiece.model",
        "sentencepiece.model",
        ("metadata.json",),
        appends_eos=False,
    ),
    _Kind("OPUS-MT", "", "source.spm", "target.spm"),
    _Kind("NLLB or M2M-100", "", "sentencepiece.bpe.model", "sentencepiece.bpe.model"),
)


class CTranslate2Translation:
    """TranslationEngine over one folder. Deterministic (beam search), thread-safe, loads at first use.

    folder: the converted model. threads: cores to use for one batch.
    """

    def __init__(self, folder: Path, threads: int = 2) -> None:
        self._folder = folder
        self._threads = threads
        self._loading = threading.Lock()
        self._made: _Model | None = None

    @property
    def fingerprint(self) -> str:
        """Named by the weights' own digest: a folder may be renamed, and may not be swapped unseen."""
        return f"{_ENGINE}/{self._folder.name}-{self._digest}/1"

    def translate(
        self, texts: Sequence[str], source: str, target: str, on_text: OnText = ignore
    ) -> tuple[str, ...]:
        """Raises ConfigError: no such model. EngineError: a pair that it does not have, or no answer."""
        pair = language(source), language(target)
        if pair[0] == pair[1]:
            return pass_on(texts, on_text)
        model = self._loaded()
        # Such models are trained on single sentences: of several they drop some.
        cut = [sentences(text) for text in texts]
        try:
            flat = iter(model.translate([one for text in cut for one in text], *pair))
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"{self._folder.name} gave no answer: {error}", engine=_ENGINE) from error
        return pass_on((" ".join(next(flat) for _ in text) for text in cut), on_text)

    def _loaded(self) -> _Model:
        with self._loading:
            if self._made is None:
                self._made = _load(self._folder, self._threads)
            return self._made

    @cached_property
    def _digest(self) -> str:
        total = hashlib.sha256()
        for name in _kind(self._folder).files:
            with (self._folder / name).open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class _Model:
    """A loaded folder. pair: the one that it says it has; vocabulary: where language codes are found."""

    folder: Path
    translator: Any
    source: Any
    target: Any
    vocabulary: frozenset[str]
    pair: tuple[str, str] | None
    ends: tuple[str, ...]

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        before, prefix = self._codes(source, target)
        tokens = [[*before, *self.source.encode(text, out_type=str), *self.ends] for text in texts]
        answers = self.translator.translate_batch(
            tokens, target_prefix=[list(prefix)] * len(tokens) if prefix else None, beam_size=_BEAMS
        )
        return [self._text(answer.hypotheses[0][len(prefix) :]) for answer in answers]

    def _text(self, tokens: Sequence[str]) -> str:
        text: str = self.target.decode(list(tokens))
        return " ".join(text.split())

    def _codes(self, source: str, target: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What goes before the source's tokens, and what the answer must start with."""
        for codes in (_NLLB, _M2M):
            if not self.vocabulary.isdisjoint(codes.values()):
                if {codes.get(source), codes.get(target)} <= self.vocabulary:
                    return (codes[source],), (codes[target],)
                raise self._unknown(source, target)
        if any(token.startswith(">>") for token in self.vocabulary):
            for name in _MARIAN.get(target, (target,)):
                if (token := f">>{name}<<") in self.vocabulary:
                    return (token,), ()
            raise self._unknown(source, target)
        if self.pair is not None and self.pair != (source, target):
            raise self._unknown(source, target)
        return (), ()

    def _unknown(self, source: str, target: str) -> EngineError:
        has = f", it has {'-'.join(self.pair)}" if self.pair else ""
        return EngineError(
            f"the model in {self.folder.name} does not translate {source}-{target}{has}: name another folder",
            engine=_ENGINE,
            problem="unknown-pair",
        )


def _kind(folder: Path) -> _Kind:
    for kind in _KINDS:
        if all((folder / name).is_file() for name in kind.files):
            return kind
    wanted = "; ".join(f"{kind.name}: {', '.join(kind.files)}" for kind in _KINDS)
    raise ConfigError(
        f"{folder} is no translation model that can be read: it needs the files of one kind ({wanted})",
        problem="unknown-model-folder",
    )


def _load(folder: Path, threads: int) -> _Model:
    import ctranslate2
    import sentencepiece

    kind = _kind(folder)
    model = folder / kind.model
    try:
        return _Model(
            folder=folder,
            translator=ctranslate2.Translator(str(model), device="cpu", intra_threads=threads),
            source=sentencepiece.SentencePieceProcessor(model_file=str(folder / kind.source)),
            target=sentencepiece.SentencePieceProcessor(model_file=str(folder / kind.target)),
            vocabulary=_vocabulary(model),
            pair=_pair(folder),
            ends=(_EOS,) if kind.appends_eos and not _config(model).get("add_source_eos") else (),
        )
    except (RuntimeError, OSError, ValueError) as error:
        raise ConfigError(
            f"the {kind.name} model in {folder.name} cannot be loaded ({error}): convert or copy it again",
            problem="corrupt-weights",
        ) from error


def _config(model: Path) -> dict[str, Any]:
    path = model / "config.json"
    config: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return config


def _vocabulary(model: Path) -> frozenset[str]:
    """Of the source, in either of the forms in which converters write it."""
    for stem in ("shared_vocabulary", "source_vocabulary"):
        if (path := model / f"{stem}.json").is_file():
            return frozenset(json.loads(path.read_text("utf-8")))
        if (path := model / f"{stem}.txt").is_file():
            return frozenset(path.read_text("utf-8").split("\n"))
    return frozenset()


def _pair(folder: Path) -> tuple[str, str] | None:
    """As metadata.json says it, else as the folder is called (opus-mt-en-fr); None where neither does."""
    metadata = folder / "metadata.json"
    if metadata.is_file():
        told = json.loads(metadata.read_text("utf-8"))
        return language(told["from_code"]), language(told["to_code"])
    named = re.search(r"(?:^|[-_])([a-z]{2})[-_]([a-z]{2})$", folder.name)
    return (named.group(1), named.group(2)) if named else None
