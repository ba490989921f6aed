"""What a catalog is said to take, before anything is spent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.app import App
from pipeline.batch.estimate import Estimate, estimate, read_means
from pipeline.batch.plan import plan
from pipeline.batch.runs import Run
from pipeline.batch.survey import survey
from pipeline.batch.work import narrate, write
from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.engines.fake import MemoryStore
from pipeline.story.offers import lengths
from tests.batch.catalogs import IDEAS, batch_app, finished, tales


def of(app: App, folder: Path, **settings: Any) -> Estimate:
    return estimate(app, survey(app, tales(folder, **settings)))


def local(profile: str) -> App:
    return build_app(Settings(profile=profile), MemoryStore())


def test_nothing_is_called_and_nothing_is_kept(tmp_path: Path) -> None:
    app = batch_app()
    of(app, tmp_path)
    assert list(app.store.list("")) == []


def test_each_story_is_written_once_and_spoken_in_every_language(tmp_path: Path) -> None:
    costs = of(batch_app(), tmp_path)
    calls = {step.name: step.usage.calls for step in costs.steps}
    # 3 stories, each with 1.2 drafts of one completion and four questions; 3 translations; 6 × 9 sentences.
    assert calls == {"write": 4, "judge": 14, "translate": 3, "speak": 54}
    assert (costs.stories, costs.pairs, costs.calls) == (3, 6, 75)


def test_local_engines_cost_hours_and_no_money(tmp_path: Path) -> None:
    costs = of(local("embedded"), tmp_path)
    assert costs.dollars == 0.0
    # 3 × 14 s of writing, 3 × 28 s of translating, 6 × 14 s of speaking.
    assert costs.hours == pytest.approx((42 + 84 + 84) / 3600)


def test_a_translator_takes_less_time_than_a_writer_that_translates(tmp_path: Path) -> None:
    costs = of(local("embedded"), tmp_path, locales=["pt"])
    assert costs.hours == pytest.approx((42 + 3 * 0.4 + 42) / 3600)


def test_a_writer_that_translates_is_asked_sentence_by_sentence(tmp_path: Path) -> None:
    costs = of(local("embedded"), tmp_path, locales=["fr", "pt"])
    text = {step.engine.split("/")[0]: step.usage for step in costs.steps if step.name == "translate"}
    assert (text["llama.cpp"].calls, text["llama.cpp"].characters) == (30, 0)
    assert text["llama.cpp"].prompt_tokens == 27_900
    assert (text["firefox"].calls, text["firefox"].characters) == (3, 1635)


def cloud(app: App) -> App:
    """The same, as if its engines were the cloud's."""
    speech, translation = app.chains["fr"].speech, app.chains["fr"].translation
    chains = {
        locale: replace(
            chain,
            speech=_called(speech, "polly/neural/1"),
            translation=chain.translation and _called(translation, "translate/1"),
        )
        for locale, chain in app.chains.items()
    }
    return replace(app, text=_called(app.text, "sagemaker/falcon"), chains=chains)


def _called(engine: object, fingerprint: str) -> Any:
    class Called:
        parallel = 1

    Called.fingerprint = fingerprint  # type: ignore[attr-defined]
    return Called()


def test_money_is_characters_and_hours_by_the_price_table(tmp_path: Path) -> None:
    costs = of(cloud(batch_app()), tmp_path)
    dollars = {step.name: step.dollars for step in costs.steps}
    # AWS's price pages, November 2026: Polly neural 16 US$ a million characters, asked twice; Translate 15.
    assert dollars["speak"] == pytest.approx(6 * 520 * 2 * 16 / 1e6)
    assert dollars["translate"] == pytest.approx(3 * 545 * 15 / 1e6, abs=1e-6)
    # The fake profile writes a story in 0.01 s; an ml.g5.2xlarge costs 1.515 US$ an hour.
    assert dollars["write"] == pytest.approx(0.03 * 1.515 / 3600, abs=1e-6)
    assert costs.dollars == pytest.approx(sum(amount or 0 for amount in dollars.values()), abs=1e-4)


def test_a_hundred_times_the_catalog_is_a_hundred_times_the_estimate(tmp_path: Path) -> None:
    single = of(cloud(batch_app()), tmp_path, variants=10)
    many = of(cloud(batch_app()), tmp_path, variants=1000)
    assert many.pairs == 100 * single.pairs
    assert many.dollars == pytest.approx(100 * single.dollars, rel=0.01)
    assert many.hours == pytest.approx(100 * single.hours)


def test_what_is_made_is_not_estimated_again(tmp_path: Path) -> None:
    app = batch_app()
    plan(app, tales(tmp_path), "one", 1)
    run = Run(app.store, "one")
    write(app, run, 1)
    narrate(app, run, 1)
    costs = of(app, tmp_path)
    assert (costs.stories, costs.pairs) == (2, 4)
    finished(app, tales(tmp_path), "two")
    costs = of(app, tmp_path)
    assert (costs.stories, costs.pairs, costs.steps, costs.hours, costs.dollars) == (0, 0, (), 0.0, 0.0)


@pytest.mark.parametrize(("budget", "share"), [(None, 1.0), (1000.0, 1.0), (0.0, 0.0)])
def test_what_the_budget_pays_for(tmp_path: Path, budget: float | None, share: float) -> None:
    assert of(cloud(batch_app()), tmp_path, budget=budget).share_in_budget == share


def test_half_the_money_is_half_the_catalog(tmp_path: Path) -> None:
    whole = of(cloud(batch_app()), tmp_path)
    half = of(cloud(batch_app()), tmp_path, budget=whole.dollars / 2)
    assert half.share_in_budget == pytest.approx(0.5)


def test_an_engine_without_a_price_is_textas_such(tmp_path: Path) -> None:
    app = batch_app()
    odd = replace(app, text=_called(app.text, "some/writer"))
    assert {step.dollars for step in of(odd, tmp_path).steps if step.name == "write"} == {None}


def test_the_ideas_of_the_catalog_do_not_matter_only_their_number(tmp_path: Path) -> None:
    other = [idea + " and much, much more than that" for idea in IDEAS]
    app = batch_app()
    assert estimate(app, survey(app, tales(tmp_path, other))) == of(app, tmp_path)


def test_a_longer_story_is_estimated_by_what_its_length_takes(tmp_path: Path) -> None:
    short = of(batch_app(), tmp_path)
    longer = of(batch_app(), tmp_path, length="good-night")
    usage = {step.name: step.usage for step in longer.steps}
    assert (longer.stories, longer.pairs) == (short.stories, short.pairs)
    # 6 editions of 2.6 times nine sentences; a plan and its scenes for each of three stories.
    assert usage["speak"].calls == round(2.6 * 54)
    assert usage["write"].calls > 10
    assert longer.hours > 2 * short.hours


def test_every_longer_length_has_its_estimates() -> None:
    assert read_means()["lengths"].keys() == {each.name for each in lengths().values() if each.scenes > 1}


def test_chunks_of_longer_stories_are_smaller(tmp_path: Path) -> None:
    app = replace(batch_app(), profile="embedded")
    sizes = [
        plan(app, tales(tmp_path, ["a kite"], variants=20, length=length), length).chunk_size
        for length in ("short", "long")
    ]
    assert sizes[0] >= sizes[1]


def test_a_catalog_of_longer_stories_is_made(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path, ["a kite"], length="good-night", audience="older"))
    assert not run.record("narrate", 1).failures  # type: ignore[union-attr]
    assert survey(app, tales(tmp_path, ["a kite"], length="good-night", audience="older")).todo == 0
