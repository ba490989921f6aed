"""What MLflow keeps of a comparison of prompts: a run an arm, and the prompts that models use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from pandas import DataFrame

from pipeline.notebooks import tracking
from pipeline.notebooks.experiment import measures, promotion
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.decision import Decision
from pipeline.notebooks.tracking import Record
from pipeline.story.prompt import StoryPrompt, story_prompt

EXPERIMENT = "story prompts"
# Of the version that the model uses.
ALIAS = "current"
_LEVELS = ("accepted", "complete", "unsafe", "words", "ari", "repetition", "nearest", "seconds", "tokens")
_COLUMNS = ["context", "variant", "title", "text", "hero", "accepted", "refused", "failure"]
_SAMPLER = ("temperature", "top_p", "dry", "max_tokens")
_VARIABLES = ("idea", "hero", "friend")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def comparison(
    model: str, engine: str, baseline: str, chosen: str, outcome: Decision, plots: Mapping[str, Any]
) -> Record:
    """The comparison as a whole: what was chosen, and whether it is promoted. model: as in current.toml."""
    return Record(
        name=f"{model}: {chosen} against {baseline}",
        parameters={"model": model, "engine": engine, "baseline": baseline, "chosen": chosen},
        figures={"promote": float(outcome.promote), **outcome.figures},
        tags={"decision": "promote" if outcome.promote else "keep", "why": outcome.reasons[0][:500]},
        plots=plots,
    )


def arms(frame: DataFrame, compared: Sequence[Arm], stage: str, baseline: str) -> tuple[Record, ...]:
    """Each arm's figures with 95 % intervals, and its stories. frame: drafts of the stage (grid.run)."""
    names = set(frame.prompt)
    return tuple(_arm(frame, each, stage, baseline) for each in compared if each.id in names)


def mirror(model: str, out: Path, uri: str = "") -> str:
    """Registers the model's prompts of current.toml, and moves the alias "current" to the one in use; where
    it is, in words.

    The files stay the truth: a prompt that MLflow has under another text is registered again. model: as in
    current.toml. Raises ConfigError: MLflow cannot be reached.
    """
    if uri == tracking.OFF:
        return "No prompt is registered in MLflow."
    import mlflow

    name = f"story-prompt.{_NOT_IN_A_NAME.sub('-', model)}"
    with tracking.server(out, uri) as where:
        version = [_version(name, story_prompt(prompt_id)) for prompt_id in promotion.used_by(model)][-1]
        mlflow.genai.set_prompt_alias(name, ALIAS, version)
    return f"prompts:/{name}@{ALIAS} is version {version}, in {where}."


def _arm(frame: DataFrame, compared: Arm, stage: str, baseline: str) -> Record:
    spec, rows = compared.prompt.spec, frame[frame.prompt == compared.id]
    figures: dict[str, Any] = {name: measures.level(frame, compared.id, name) for name in _LEVELS}
    if compared.id != baseline:
        figures["accepted_difference"] = measures.difference(frame, baseline, compared.id, "accepted")
    rates = dict(measures.check_rates(frame).get(compared.id, {}))
    return Record(
        name=f"{compared.id}, {stage}",
        parameters={
            "prompt": compared.id,
            "why": compared.why,
            "ideas": rows.context.nunique(),
            "variants": rows.variant.nunique(),
            **{name: spec[name] for name in _SAMPLER if name in spec},
        },
        figures={
            **figures,
            "tokens_per_accepted": measures.tokens_per_accepted(frame, compared.id),
            "drafts_failed": int((rows.failure != "").sum()),
            **{f"check_{_NOT_IN_A_NAME.sub('_', str(name))}": rate for name, rate in rates.items()},
        },
        tags={"stage": stage, "prompt": compared.id, "baseline": str(compared.id == baseline).lower()},
        tables={"stories": rows[_COLUMNS]},
    )


def _version(name: str, prompt: StoryPrompt) -> int:
    """Of the prompt in MLflow: where it has this text already, else newly registered."""
    import mlflow

    messages = _messages(prompt)
    newest = mlflow.genai.load_prompt(name, allow_missing=True)
    for version in range(newest.version if newest else 0, 0, -1):
        registered = mlflow.genai.load_prompt(name, version=version, allow_missing=True)
        if registered and registered.tags.get("prompt") == prompt.id and registered.template == messages:
            return version
    registered = mlflow.genai.register_prompt(
        name,
        messages,
        commit_message=prompt.id,
        tags={"prompt": prompt.id},
        model_config={key: prompt.spec[key] for key in ("temperature", "top_p", "max_tokens")},
    )
    return int(registered.version)


def _messages(prompt: StoryPrompt) -> list[dict[str, str]]:
    """As a model is sent them, with MLflow's {{variables}} for what differs from story to story."""
    spec, user = prompt.spec, Template(prompt.spec["user"])
    jobs = "\n".join(f"{number}. {line['job']}" for number, line in enumerate(spec["lines"], 1))
    turns = [_turn("system", Template(spec["system"]).substitute(audience="{{audience}}", jobs=jobs))]
    for example in spec["examples"]:
        turns.append(_turn("user", user.substitute({name: example[name] for name in _VARIABLES})))
        turns.append(_turn("assistant", example["answer"]))
    return [*turns, _turn("user", user.substitute({name: f"{{{{{name}}}}}" for name in _VARIABLES}))]


def _turn(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text.strip()}
