from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from pipeline.app import App
from pipeline.engines.fake import FakeText, MemoryStore
from pipeline.errors import ConfigError, RequestError
from pipeline.notebooks.experiment import plan
from tests.command import ROOT
from tests.making import fake_app

FOLDER = ROOT / "notebooks" / "prompts"
DRY = {"own": {}, "dry": {"dry": 0.8}}


def planned(app: App | None = None, **changed: Any) -> plan.Plan:
    told: dict[str, Any] = {
        "prompts": ["short"],
        "samplings": {"own": {}},
        "contexts_file": ROOT / "notebooks" / "contexts.yaml",
        "contexts_limit": 2,
        "unseen_limit": 3,
        "variants": 2,
    }
    return plan.plan(app or fake_app(MemoryStore()), FOLDER, **{**told, **changed})


def test_the_plan_compares_with_what_the_model_is_asked_with_today() -> None:
    told = planned(prompts=["story@1", "short"], samplings={"own": {}, "cool": {"temperature": 0.2}})
    assert told.baseline.id == "story@1"
    assert [arm.id for arm in told.candidates] == ["story-cool@1", "short@1", "short-cool@1"]
    assert len(told.search) == 4 * 2 * 2
    assert len(told.confirmation(told.candidate("short@1"))) == 2 * 3 * 2
    assert not {cell.context for cell in told.search} & {
        cell.context for cell in told.confirmation(told.candidates[0])
    }


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"contexts_limit": 0}, "contexts_limit = 0: a whole number from 1 on"),
        ({"unseen_limit": -1}, "unseen_limit = -1"),
        ({"variants": 1.5}, "variants = 1.5"),
        ({"budget": -1}, "budget = -1"),
        ({"budget": float("nan")}, "budget = nan"),
        ({"prompts": ["story@1"]}, "nothing to compare story@1 with"),
        ({"locales": ["xx"]}, "xx"),
    ],
)
def test_a_bad_parameter_is_named_before_anything_is_paid(changed: dict[str, Any], says: str) -> None:
    with pytest.raises((ConfigError, RequestError)) as caught:
        planned(**changed)
    assert says in str(caught.value).splitlines()[0]


def test_a_setting_that_the_model_does_not_hear_is_not_compared_with_itself() -> None:
    with pytest.raises(ConfigError, match="short-dry@1: only local models"):
        planned(samplings=DRY)


def test_a_local_model_may_be_asked_with_dry_sampling() -> None:
    @dataclass
    class Local(FakeText):
        fingerprint: str = "llama.cpp/some/1"

    told = planned(fake_app(MemoryStore(), Local()), samplings=DRY)
    assert [arm.id for arm in told.candidates] == ["short@1", "short-dry@1"]
