"""A real CTranslate2 model whose weights are written, not trained: it knows single words.

One-hot embeddings, uniform attention over the source, and a projection that adds up what was seen: the
source's word, its end-of-sentence, the language code (in the source, or as the answer's first token).
So what it answers says which tokens it was given: "lost" where the source had no end. It says nothing
about how well a real model translates.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import ctranslate2
import numpy as np
import sentencepiece

LOST = "▁lost"
_SPECIAL = ("<unk>", "<s>", "</s>")


def write(
    folder: Path,
    answers: Mapping[tuple[str, str], str],
    codes: Sequence[str] = (),
    codes_lead: bool = False,
    needs_end: bool = True,
) -> None:
    """answers: (word, code) -> word; no code where there is one pair. codes_lead: they start the answer."""
    pieces = sorted({f"▁{word}" for (word, _), answer in answers.items() for word in (word, answer)} | {LOST})
    tokens = [*_SPECIAL, *codes, *pieces]
    at = {token: index for index, token in enumerate(tokens)}
    size = len(tokens)
    spec = ctranslate2.specs.TransformerSpec.from_config((1, 1), 1)
    project = np.zeros((size, 2 * size), np.float32)
    before, seen = project[:, :size], project[:, size:]
    for (word, code), answer in answers.items():
        to = at[f"▁{answer}"]
        seen[to, at[f"▁{word}"]] += 6
        if needs_end:
            seen[to, at["</s>"]] = 40
        if code:
            (before if codes_lead else seen)[to, at[code]] += 9
    for piece in pieces:
        before[at["</s>"], at[piece]] = 90
    bias = np.zeros(size, np.float32)
    if needs_end:
        # More than a word alone brings, less than a word and an end.
        bias[at[LOST]] = 9 * np.sqrt(2 * size)
    _fill(spec, size, project, bias)
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.validate()
    spec.optimize()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))


def config(folder: Path) -> dict[str, object]:
    told: dict[str, object] = json.loads((folder / "config.json").read_text())
    return told


def write_words(path: Path, words: Sequence[str]) -> None:
    """A sentencepiece model that cuts a text into whole words."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(words * 3),
        model_writer=made,
        model_type="word",
        vocab_size=len(set(words)) + 3,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    path.write_bytes(made.getvalue())


def _fill(spec: object, size: int, project: np.ndarray, bias: np.ndarray) -> None:
    wide = 2 * size
    nothing, one_hot = np.zeros((wide, wide), np.float32), np.eye(size, wide, dtype=np.float32)
    shift = np.zeros((wide, wide), np.float32)
    shift[size:, :size] = np.eye(size)
    still = np.zeros((512, wide), np.float32)
    for stack in (spec.encoder, spec.decoder):
        stack.scale_embeddings = True
        stack.position_encodings.encodings = still
        _norm(stack.layer_norm, wide)
        layer = stack.layer[0]
        _norm(layer.self_attention.layer_norm, wide)
        _linear(layer.self_attention.linear[0], np.zeros((3 * wide, wide), np.float32))
        _linear(layer.self_attention.linear[1], nothing)
        _norm(layer.ffn.layer_norm, wide)
        _linear(layer.ffn.linear_0, nothing)
        _linear(layer.ffn.linear_1, nothing)
    spec.encoder.embeddings[0].weight = one_hot
    spec.decoder.embeddings.weight = one_hot
    across = spec.decoder.layer[0].attention
    _norm(across.layer_norm, wide)
    _linear(across.linear[0], nothing)
    _linear(across.linear[1], np.concatenate((nothing, shift)))
    _linear(across.linear[2], np.eye(wide, dtype=np.float32))
    _linear(spec.decoder.projection, project, bias)


def _norm(spec: object, size: int) -> None:
    spec.gamma = np.ones(size, np.float32)
    spec.beta = np.zeros(size, np.float32)


def _linear(spec: object, weight: np.ndarray, bias: np.ndarray | None = None) -> None:
    spec.weight = weight
    spec.bias = np.zeros(weight.shape[0], np.float32) if bias is None else bias
