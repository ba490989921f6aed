"""From an idea to a draft that passes: written, checked, and written anew at most twice."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline import ideas
from pipeline.app import App, Watch
from pipeline.checks import MOST_WORDS, story_checks
from pipeline.engines import TranslationEngine
from pipeline.errors import ContentRejectedError
from pipeline.keys import WRITTEN_IN
from pipeline.prompts import Draft
from pipeline.records import Told
from pipeline.types import Check, Story, StoryRequest, Usage

ATTEMPTS = 3


def write(app: App, story_id: str, request: StoryRequest, watch: Watch) -> Told:
    """The first draft that passes, not yet committed. Raises ContentRejectedError: none did."""
    idea = in_english(app, request.context)
    refused: list[str] = []
    usage = Usage()
    for number in range(ATTEMPTS):
        tried = attempt(app, request, idea, number, watch)
        usage += tried.usage
        told = tried.draft.title and tried.draft.segments
        if not tried.failed or (told and not app.strict):
            story = Story(story_id, WRITTEN_IN, tried.draft.title, tried.draft.segments)
            return Told(story, idea, app.text.fingerprint, number, tried.checks, usage)
        refused.append(reasons(tried.failed))
        watch.note(f"draft {number + 1} refused: {refused[-1]}")
    raise ContentRejectedError(
        f"no draft of {ATTEMPTS} passed the checks ({'; '.join(refused)}): "
        "try --new, or say the idea otherwise",
        engine=app.text.fingerprint,
        problem="no-good-story",
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: what came, and what was found of it."""

    draft: Draft
    checks: tuple[Check, ...]
    usage: Usage

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)


def attempt(app: App, request: StoryRequest, idea: str, number: int, watch: Watch) -> Tried:
    """Write and check one draft. idea: the context in English."""
    prompt = app.prompt.prompt(request, idea, number)
    with watch.step("write", prompt.max_tokens, "token") as advance:
        completion = app.text.complete(prompt, lambda _: advance(1))
    draft = app.prompt.parse(completion, MOST_WORDS)
    checks, judging = _checked(app, draft, idea, watch)
    return Tried(draft, checks, Usage(1, completion.prompt_tokens, completion.completion_tokens) + judging)


def in_english(app: App, context: str) -> str:
    """The idea in English, screened again: what was said in another language is only now understood."""
    told = app.language.detect(context)
    ideas.refuse_unsafe(context, app.screen, told or WRITTEN_IN)
    engine = _translating(app, told or WRITTEN_IN)
    if engine is None:
        return context
    (idea,) = engine.translate((context,), told or WRITTEN_IN, WRITTEN_IN)
    return ideas.accept(idea, app.screen)


def _translating(app: App, told: str) -> TranslationEngine | None:
    """Who brings an idea in `told` to English, also where no story is told in it."""
    if told == WRITTEN_IN:
        return None
    way = app.chains.get(told)
    return way.translation if way else app.foreign


def _checked(app: App, draft: Draft, idea: str, watch: Watch) -> tuple[tuple[Check, ...], Usage]:
    """The rules first: the judge is asked only about a draft that they let through."""
    rules = story_checks(draft, idea, app.prompt, app.language, app.screen)
    if app.strict and not all(check.passed for check in rules):
        return rules, Usage()
    with watch.step("judge", 1, "story") as advance:
        judged, usage = app.judge.judge(idea, draft.title, " ".join(draft.lines))
        advance(1)
    return (*rules, *judged), usage


def reasons(failed: tuple[Check, ...]) -> str:
    """What was found wrong, in words for a person."""
    return ", ".join(
        f"{check.name} {'' if check.figure is None else check.figure}".strip() for check in failed
    )
