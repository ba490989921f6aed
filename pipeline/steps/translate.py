"""translate: the committed English text in another locale; never written anew."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from pipeline.app import App
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError
from pipeline.ports import OnText, Progress, ignore
from pipeline.steps import committed
from pipeline.steps.early import TranslationSoFar
from pipeline.steps.generate import generate
from pipeline.steps.verdicts import binding, reasons
from pipeline.storage import editions, keys
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import CommittedText, commit_text
from pipeline.story import plain_text, translation_checks
from pipeline.story.locales import language
from pipeline.types import Check, Story, Usage


def translate(
    app: App,
    story_id: str,
    edition: str,
    progress: Progress,
    source: CommittedText | None = None,
    say: OnText = ignore,
) -> CommittedText:
    """The committed text of `edition`; the story itself where stories are written in its language.

    source: the committed English text, where the caller has it; else it is read, or generated. say: called
    with each sentence that passed its own checks, in order, before the whole is judged.
    Raises ContentRejectedError, EngineError: no acceptable translation; and what generate() raises.
    """
    locale = editions.locale(edition)
    engine = app.chains[locale].translation
    if engine is None:
        return source or generate(app, story_id, progress)
    with suppress(NotFoundError):
        return committed.text(app.store, story_id, locale)
    english = source or generate(app, story_id, progress)
    return app.locks.once(
        keys.text(story_id, locale),
        lambda: committed.text(app.store, story_id, locale),
        lambda: commit_text(app.store, translated(app, story_id, locale, progress, english, say)),
        progress.note,
        release=False,
    )


def translated(
    app: App,
    story_id: str,
    locale: str,
    progress: Progress,
    source: CommittedText,
    say: OnText = ignore,
) -> CommittedText:
    """What translate() commits, not yet committed. Raises KeyError: the locale has no chain."""
    engine = app.chains[locale].translation
    if engine is None:
        return source
    if not app.strict and source.engine != app.text.fingerprint:
        raise RequestError(
            f"story {story_id[:8]} was written by {source.engine}: a profile for quick looks does not "
            "translate it, since its translation would stay; use the same profile and model",
            problem="another-writer",
        )
    texts = (source.story.title, *source.story.segments)
    with progress.step("translate", len(texts), "sentence") as advance:
        so_far = TranslationSoFar(app, locale, texts, progress, advance, say)
        title, *segments = engine.translate(texts, WRITTEN_IN, locale, so_far.add)
    story = Story(story_id, locale, title, tuple(segments), source.story.scenes)
    checks = (
        *translation_checks.check(source.story.segments, story.segments, locale, app.language),
        plain_text.check((story.title, *story.segments)),
        _gentle_words(app, story),
    )
    checks = tuple(replace(check, name=f"translation: {check.name}") for check in checks)
    _refuse_failed(app, checks, locale)
    usage = Usage(1, characters=sum(map(len, texts)))
    return CommittedText(story, source.idea, engine.fingerprint, 0, checks, usage)


def _gentle_words(app: App, story: Story) -> Check:
    matches = app.word_filter.story(f"{story.title} {story.text}", language(story.locale))
    return Check("gentle words", not matches, ", ".join(matches) or None, "none of the listed words")


def _refuse_failed(app: App, checks: tuple[Check, ...], locale: str) -> None:
    if failed := binding(tuple(check for check in checks if not check.passed), app.strict):
        raise ContentRejectedError(
            f"the translation to {locale} did not pass the checks ({reasons(failed)}): "
            "try --new, or another language",
            problem="bad-translation",
        )
