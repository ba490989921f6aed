"""generate: from an idea to the committed English text; a draft is written, checked, and written again at
most twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.app import App
from pipeline.errors import ContentRejectedError, RequestError
from pipeline.ports import Progress
from pipeline.steps import committed
from pipeline.steps.early import DraftSoFar
from pipeline.steps.idea import in_english
from pipeline.storage import keys
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import CommittedText, commit_text
from pipeline.story import plain_text
from pipeline.story.checks import MOST_WORDS, story_checks
from pipeline.story.drafts import Draft
from pipeline.story.prompt import story_prompt
from pipeline.types import Check, Story, StoryRequest, Usage

ATTEMPTS = 3


def generate(app: App, story_id: str, progress: Progress) -> CommittedText:
    """The committed English text; written, checked and committed where there is none yet.

    Raises NotFoundError: no such request. RequestError: it was accepted for another writer, so that what
    this one wrote would lie under an id that is not its own. ConfigError: the prompt that it was accepted
    with is not here. ContentRejectedError: no attempt passed.
    """
    return app.locks.once(
        keys.text(story_id, WRITTEN_IN),
        lambda: committed.text(app.store, story_id, WRITTEN_IN),
        lambda: commit_text(app.store, as_accepted(app, story_id, progress)),
        progress.note,
        release=False,
    )


def as_accepted(app: App, story_id: str, progress: Progress) -> CommittedText:
    """What generate() commits, not yet committed. Raises as generate() does."""
    accepted = committed.request(app.store, story_id)
    if accepted.engine != app.text.fingerprint:
        raise RequestError(
            f"story {story_id[:8]} is not written yet, and was asked of {accepted.engine}: use the same "
            "profile and model, or ask by its idea instead of --id",
            problem="another-writer",
        )
    # The prompt that it was accepted with: another may have been promoted since.
    same = accepted.prompt == app.prompt.id
    return write(
        app if same else replace(app, prompt=story_prompt(accepted.prompt)),
        story_id,
        accepted.request,
        progress,
    )


def write(app: App, story_id: str, request: StoryRequest, progress: Progress) -> CommittedText:
    """The first draft that passes, not yet committed. Raises ContentRejectedError: none did.

    Where the app is not strict, the first draft in plain text that has a title and sentences.
    """
    idea = in_english(app, request.context)
    refused: list[str] = []
    usage = Usage()
    for number in range(ATTEMPTS):
        tried = attempt(app, request, idea, number, progress)
        usage += tried.usage
        is_whole = tried.draft.title and tried.draft.segments
        if not tried.failed or (is_whole and not binding(tried.failed, app.strict)):
            story = Story(story_id, WRITTEN_IN, tried.draft.title, tried.draft.segments)
            return CommittedText(story, idea, app.text.fingerprint, number, tried.checks, usage)
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


def attempt(app: App, request: StoryRequest, idea: str, number: int, progress: Progress) -> Attempt:
    """Write and check one draft. idea: the context in English."""
    prompt = app.prompt.prompt(request, idea, number)
    with progress.step("write", prompt.max_tokens, "token") as advance:
        completion = app.text.complete(prompt, DraftSoFar(app, progress, advance).add)
    draft = app.prompt.parse(completion, MOST_WORDS)
    checks, judge_usage = _checks(app, draft, idea, progress)
    return Attempt(
        draft, checks, Usage(1, completion.prompt_tokens, completion.completion_tokens) + judge_usage
    )


def _checks(app: App, draft: Draft, idea: str, progress: Progress) -> tuple[tuple[Check, ...], Usage]:
    """The rules first: the judge, which costs completions, runs only on a draft that passes them."""
    rules = story_checks(draft, idea, app.prompt, app.language, app.word_filter)
    if app.meanings:
        rules = (*rules, app.meanings.check(idea, " ".join(draft.lines)))
    if app.strict and not all(check.passed for check in rules):
        return rules, Usage()
    with progress.step("judge", 1, "story") as advance:
        verdicts, usage = app.judge.judge(idea, draft.title, " ".join(draft.lines))
        advance(1)
    return (*rules, *verdicts), usage


def binding(failed: tuple[Check, ...], strict: bool) -> tuple[Check, ...]:
    """Those for which a text is refused: all, or, where checks only report, what no file may hold."""
    return tuple(check for check in failed if strict or check.name.endswith(plain_text.NAME))


def reasons(failed: tuple[Check, ...]) -> str:
    """The failed checks in words for a person."""
    return ", ".join(
        f"{check.name} {'' if check.figure is None else check.figure}".strip() for check in failed
    )
