"""Longer stories: a plan, which is the short story of the idea, told scene by scene; each scene is checked.

Each line of the plan is a cached call: after a crash, what was written is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from pipeline.app import App
from pipeline.errors import ContentRejectedError
from pipeline.ports import OnText, Progress
from pipeline.steps.early import DraftSoFar
from pipeline.steps.verdicts import ATTEMPTS, band_checks, binding, reasons
from pipeline.story.checks import Rules, story_checks
from pipeline.story.drafts import Draft
from pipeline.story.offers import Length
from pipeline.story.runs import new_lines
from pipeline.story.scenes import ScenePrompt, shares
from pipeline.types import Check, Completion, Early, StoryRequest, Usage

# How often new lines after one line of the plan are asked for at most.
REDRAWS = 3


@dataclass(slots=True)
class Scenes:
    """A story that is told scene by scene. idea: in English. done: the sentences of the scenes that passed.

    refused: how many drafts were. checks: of the whole, once it is whole.
    """

    app: App
    prompt: ScenePrompt
    request: StoryRequest
    idea: str
    plan: Draft
    length: Length
    progress: Progress
    done: list[tuple[str, ...]] = field(default_factory=list)
    checks: tuple[Check, ...] = ()
    usage: Usage = field(default_factory=Usage)
    refused: int = 0

    def tell(self, say: OnText) -> None:
        """say: called with each sentence of a scene that passed. Raises ContentRejectedError: one did not."""
        for share in shares(len(self.plan.lines), self.length.scenes):
            draft = self._scene(share)
            self.done.append(draft.segments)
            self.progress.show(self._early(()))
            for sentence in draft.segments:
                say(sentence)

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(sentence for scene in self.done for sentence in scene)

    @property
    def starts(self) -> tuple[int, ...]:
        """Which sentence each scene begins with."""
        return tuple(sum(map(len, self.done[:number])) for number in range(len(self.done)))

    def _scene(self, share: range) -> Draft:
        reported: list[str] = []
        for number in range(ATTEMPTS):
            draft, checks = self._attempt(share, number)
            failed = binding(tuple(check for check in checks if not check.passed), self.app.strict)
            if draft.segments and not failed:
                return draft
            self.refused += 1
            reported.append(reasons(failed))
            name = f"scene {len(self.done) + 1}"
            self.progress.note(f"{name}, draft {number + 1} refused: {reported[-1]}")
        raise ContentRejectedError(
            f"no draft of {ATTEMPTS} of scene {len(self.done) + 1} passed the checks "
            f"({'; '.join(reported)}): try --new, or say the idea otherwise",
            engine=self.app.text.fingerprint,
            problem="no-good-story",
        )

    def _attempt(self, share: range, number: int) -> tuple[Draft, tuple[Check, ...]]:
        lines: list[str] = []
        for place in share:
            lines += (self.plan.lines[place], *self._new_lines(place, lines, number))
        draft = replace(self.plan, lines=tuple(lines), whole=True)
        return draft, self._checked(draft, len(share))

    def _new_lines(self, place: int, lines: Sequence[str], number: int) -> tuple[str, ...]:
        """What comes after a line of the plan: of at most REDRAWS answers, the lines that are new.

        lines: of this scene, so far. number: of its draft.
        """
        last = self.done[-1] if self.done else ()
        # Nor may they say what a later line of the plan will.
        before = " ".join((*self.segments, *lines, *self.plan.lines))
        new: tuple[str, ...] = ()
        for redraw in range(REDRAWS):
            prompt = self.prompt.prompt(
                self.request, self.plan.lines, place, (*last, *lines), number * REDRAWS + redraw
            )
            with self.progress.step("write", prompt.max_tokens, "token") as advance:
                read = partial(self._so_far, (*lines, self.plan.lines[place], *new))
                completion = self.app.text.complete(
                    prompt, DraftSoFar(self.app, self.progress, advance, read).add
                )
            self.usage += Usage(1, completion.prompt_tokens, completion.completion_tokens)
            earlier = " ".join((before, *new))
            new += new_lines(self.prompt.parse(completion), earlier, self.prompt.examples)
            if len(new) >= self.prompt.more:
                break
        return new[: self.prompt.more]

    def _checked(self, draft: Draft, count: int) -> tuple[Check, ...]:
        """Of the scene; of its last one, also of the whole story. The judge comes after the rules.

        count: lines of the plan in it.
        """
        text = " ".join(draft.lines)
        rules = self._rules(draft, Rules(*self.prompt.words(count), named=0, about=False))
        if not self._may_go_on(rules):
            return rules
        if len(self.done) + 1 < self.length.scenes:
            return (*rules, *self._judged(text, self.prompt.spec["judge"]))
        whole = replace(draft, lines=(*self.segments, *draft.lines))
        self.checks = self._rules(whole, Rules(*self.length.words))
        if self._may_go_on(self.checks):
            self.checks += self._judged(" ".join(whole.lines))
        return (*rules, *self.checks)

    def _rules(self, draft: Draft, rules: Rules) -> tuple[Check, ...]:
        app = self.app
        checks = (
            *story_checks(draft, self.idea, self.prompt, app.language, app.word_filter, rules),
            *band_checks(self.request, draft.segments),
        )
        meanings = app.meanings
        return (*checks, meanings.check(self.idea, " ".join(draft.lines))) if meanings else checks

    def _may_go_on(self, rules: tuple[Check, ...]) -> bool:
        return not self.app.strict or all(check.passed for check in rules)

    def _judged(self, text: str, least: Mapping[str, float] | None = None) -> tuple[Check, ...]:
        with self.progress.step("judge", 1, "story") as advance:
            verdicts, usage = self.app.judge.judge(self.idea, self.plan.title, text, least)
            advance(1)
        self.usage += usage
        return verdicts

    def _so_far(self, lines: tuple[str, ...], text: str) -> Early:
        """lines: of the scene, before the new ones, whose completion is not whole yet."""
        begun, _, _ = text.rpartition("\n")
        more = self.prompt.parse(Completion(begun, 0, 0, "end"))
        return self._early(replace(self.plan, lines=(*lines, *more)).segments)

    def _early(self, more: tuple[str, ...]) -> Early:
        passed = self.segments
        return Early("en", self.plan.hero, self.plan.title, (*passed, *more), len(passed))
