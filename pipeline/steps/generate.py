"""generate: from an idea to the committed English text; a draft is written, checked, and written again at
most twice. A longer story is told from it, scene by scene (scenes.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.app import App
from pipeline.errors import ContentRejectedError, RequestError
from pipeline.ports import OnText, Progress, ignore
from pipeline.steps import committed, revised
from pipeline.steps.early import DraftSoFar
from pipeline.steps.idea import in_english
from pipeline.steps.verdicts import ATTEMPTS, band_checks, binding, reasons
from pipeline.storage import keys
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import AcceptedRequest, CommittedText, commit_text
from pipeline.story.checks import MOST_WORDS, story_checks
from pipeline.story.drafts import Draft
from pipeline.story.offers import lengths
from pipeline.story.prompt import story_prompt
from pipeline.types import Check, Early, Story, StoryRequest, Usage


def generate(app: App, story_id: str, progress: Progress, say: OnText = ignore) -> CommittedText:
    """The committed English text; written, checked and committed where there is none yet.

    say: called with each sentence of a scene that passed, in order, before the next scene is written.

    Raises NotFoundError: no such request. RequestError: it was accepted for another writer, so that what
    this one wrote would lie under an id that is not its own. ConfigError: the prompt that it was accepted
    with is not here. ContentRejectedError: no attempt passed.
    """
    return app.locks.once(
        keys.text(story_id, WRITTEN_IN),
        lambda: committed.text(app.store, story_id, WRITTEN_IN),
        lambda: commit_text(app.store, as_accepted(app, story_id, progress, say)),
        progress.note,
        release=False,
    )


def as_accepted(app: App, story_id: str, progress: Progress, say: OnText = ignore) -> CommittedText:
    """What generate() commits, not yet committed. Raises as generate() does."""
    accepted = committed.request(app.store, story_id)
    if accepted.revision:
        return revised.english(app, accepted, accepted.revision)
    if accepted.engine != app.text.fingerprint:
        raise RequestError(
            f"story {story_id[:8]} is not written yet, and was asked of {accepted.engine}: use the same "
            "profile and model, or ask by its idea instead of --id",
            problem="another-writer",
        )
    # The prompt that it was accepted with: another may have been promoted since.
    if accepted.prompt != app.prompt.id:
        app = replace(app, prompt=story_prompt(accepted.prompt))
    if accepted.scenes:
        app.offer.length(accepted.request.length)  # refuses it where this writer, or a Lambda, cannot
        return _in_scenes(app, story_id, accepted, progress, say)
    return write(app, story_id, accepted.request, progress)


def write(app: App, story_id: str, request: StoryRequest, progress: Progress) -> CommittedText:
    """The first draft that passes, not yet committed. Raises ContentRejectedError: none did.

    Where the app is not strict, the first draft in plain text that has a title and sentences.
    """
    idea = in_english(app, request.context)
    number, tried = _passing(app, request, idea, progress, app.prompt.so_far)
    story = Story(story_id, WRITTEN_IN, tried.draft.title, tried.draft.segments)
    return CommittedText(story, idea, app.text.fingerprint, number, tried.checks, tried.usage)


def _in_scenes(
    app: App, story_id: str, accepted: AcceptedRequest, progress: Progress, say: OnText
) -> CommittedText:
    """The short story is the plan: of it, hero and title are shown."""
    # Not in a Lambda's package: there is no time for scenes in an Express workflow.
    from pipeline.steps.scenes import Scenes
    from pipeline.story.scenes import scene_prompt

    request = accepted.request
    idea = in_english(app, request.context)
    number, plan = _passing(
        app, request, idea, progress, lambda text: replace(app.prompt.so_far(text), sentences=())
    )
    prompt, length = scene_prompt(accepted.scenes), lengths()[request.length]
    scenes = Scenes(app, prompt, request, idea, plan.draft, length, progress)
    scenes.tell(say)
    story = Story(story_id, WRITTEN_IN, plan.draft.title, scenes.segments, scenes.starts)
    return CommittedText(
        story,
        idea,
        app.text.fingerprint,
        number + scenes.refused,
        scenes.checks,
        plan.usage + scenes.usage,
    )


def _passing(
    app: App, request: StoryRequest, idea: str, progress: Progress, so_far: Callable[[str], Early]
) -> tuple[int, Attempt]:
    """The first draft that passes, by its number, with the usage of all. Raises ContentRejectedError."""
    refused: list[str] = []
    usage = Usage()
    for number in range(ATTEMPTS):
        tried = attempt(app, request, idea, number, progress, so_far)
        usage += tried.usage
        is_whole = tried.draft.title and tried.draft.segments
        if not tried.failed or (is_whole and not binding(tried.failed, app.strict)):
            return number, replace(tried, usage=usage)
        refused.append(reasons(tried.failed))
        progress.note(f"draft {number + 1} refused: {refused[-1]}")
    raise ContentRejectedError(
        f"no draft of {ATTEMPTS} passed the checks ({'; '.join(refused)}): "
        "try --new, or say the idea otherwise",
        engine=app.text.fingerprint,
        problem="no-good-story",
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One draft, its checks, and what it consumed."""

    draft: Draft
    checks: tuple[Check, ...]
    usage: Usage

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.passed)


def attempt(
    app: App,
    request: StoryRequest,
    idea: str,
    number: int,
    progress: Progress,
    so_far: Callable[[str], Early] | None = None,
) -> Attempt:
    """Write and check one draft. idea: the context in English. so_far: what of it is shown; None: all."""
    prompt = app.prompt.prompt(request, idea, number)
    with progress.step("write", prompt.max_tokens, "token") as advance:
        shown = DraftSoFar(app, progress, advance, so_far or app.prompt.so_far)
        completion = app.text.complete(prompt, shown.add)
    draft = app.prompt.parse(completion, MOST_WORDS)
    if request.hero:
        draft = replace(draft, hero=request.hero.name)
    checks, judge_usage = _checks(app, request, draft, idea, progress)
    return Attempt(
        draft, checks, Usage(1, completion.prompt_tokens, completion.completion_tokens) + judge_usage
    )


def _checks(
    app: App, request: StoryRequest, draft: Draft, idea: str, progress: Progress
) -> tuple[tuple[Check, ...], Usage]:
    """The rules first: the judge, which costs completions, runs only on a draft that passes them."""
    rules = (
        *story_checks(draft, idea, app.prompt, app.language, app.word_filter),
        *band_checks(request, draft.segments),
    )
    if app.meanings:
        rules = (*rules, app.meanings.check(idea, " ".join(draft.lines)))
    if app.strict and not all(check.passed for check in rules):
        return rules, Usage()
    with progress.step("judge", 1, "story") as advance:
        verdicts, usage = app.judge.judge(idea, draft.title, " ".join(draft.lines))
        advance(1)
    return (*rules, *verdicts), usage
