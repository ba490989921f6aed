"""translate: the committed English text in another locale; never written anew."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from pipeline.app import App
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError
from pipeline.ports import OnText, Progress, TranslationEngine, ignore
from pipeline.steps import committed, revised
from pipeline.steps.early import TranslationSoFar
from pipeline.steps.generate import generate
from pipeline.steps.verdicts import binding, reasons
from pipeline.storage import editions, keys
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import CommittedText, commit_text
from pipeline.story import edits, heroes, plain_text, translation_checks
from pipeline.story.locales import language
from pipeline.types import Check, Revision, Story, Usage


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
    if source.revises and (text := _revised(app, engine, locale, progress, source)):
        return text
    _refuse_another_writers(app, source)
    texts = (source.story.title, *source.story.segments)
    with progress.step("translate", len(texts), "sentence") as advance:
        so_far = TranslationSoFar(app, locale, texts, progress, advance, say)
        title, *segments = engine.translate(texts, WRITTEN_IN, locale, so_far.add)
    story = Story(story_id, locale, title, tuple(segments), source.story.scenes)
    checks = _checks(app, source.story, story)
    _refuse_failed(app, checks, locale)
    usage = Usage(1, characters=sum(map(len, texts)))
    return CommittedText(story, source.idea, engine.fingerprint, 0, checks, usage, source.revises)


def by_hand(app: App, source: CommittedText, revision: Revision) -> CommittedText:
    """The translation that a person changed; the checks only report. Raises NotFoundError: there is none."""
    before = committed.text(app.store, revision.revises, revision.locale)
    story = edits.applied(revision, before.story, source.story.id)
    checks = (*_checks(app, source.story, story), *_named((edits.check(revision),)))
    return CommittedText(story, source.idea, before.engine, 0, checks, Usage(), revision.revises)


def _revised(
    app: App, engine: TranslationEngine, locale: str, progress: Progress, source: CommittedText
) -> CommittedText | None:
    """The translation of an edited story: what the story before says in the same words keeps its translation.

    None: no story before has one in this language.
    """
    revision = committed.request(app.store, source.story.id).revision
    if revision and revision.locale == locale:
        return by_hand(app, source, revision)
    texts = revised.before(app.store, source.revises, locale)
    if texts is None or len(texts[0].story.segments) != len(texts[1].story.segments):
        return None
    english, before = texts
    kept = revised.kept(english.story, before.story, source.story)
    fresh = _again(app, engine, locale, progress, source, [at for at, text in enumerate(kept) if not text])
    title, *segments = (fresh.get(at, text) for at, text in enumerate(kept))
    story = replace(source.story, locale=locale, title=title, segments=tuple(segments))
    checks = _checks(app, source.story, story)
    # What a person wrote before may fail a check, and is no reason to refuse the rest.
    known = {check.name for check in before.checks if not check.passed}
    _refuse_failed(app, tuple(check for check in checks if check.name not in known), locale)
    by_persons = tuple(check for check in before.checks if edits.is_edited((check,)))
    engines = dict.fromkeys((before.engine, *([engine.fingerprint] if fresh else [])))
    sent = [text for at, text in enumerate((source.story.title, *source.story.segments)) if at in fresh]
    usage = Usage(1, characters=sum(map(len, sent))) if fresh else Usage()
    return CommittedText(
        story, source.idea, ", ".join(engines), 0, (*checks, *by_persons), usage, source.revises
    )


def _again(
    app: App,
    engine: TranslationEngine,
    locale: str,
    progress: Progress,
    source: CommittedText,
    numbers: list[int],
) -> dict[int, str]:
    """Translations of the texts with these numbers, 0 for the title. An engine that works in turns is given
    those before them, too, whose turns it has kept.
    """
    if not numbers:
        return {}
    _refuse_another_writers(app, source)
    texts = (source.story.title, *source.story.segments)
    sent = range(numbers[-1] + 1) if engine.in_turns else numbers
    with progress.step("translate", len(sent), "sentence") as advance:
        answers = engine.translate([texts[at] for at in sent], WRITTEN_IN, locale, lambda _: advance(1))
    fresh = {at: answer for at, answer in zip(sent, answers, strict=True) if at in numbers}
    wrong = {at: translation_checks.flaws(texts[at], fresh[at], locale, app.language) for at in numbers}
    faults = tuple(Check(f"sentence {at}", False, ", ".join(flaws)) for at, flaws in wrong.items() if flaws)
    _refuse_failed(app, faults, locale)
    return fresh


def _refuse_another_writers(app: App, source: CommittedText) -> None:
    if not app.strict and source.engine != app.text.fingerprint:
        raise RequestError(
            f"story {source.story.id[:8]} was written by {source.engine}: a profile for quick looks does not "
            "translate it, since its translation would stay; use the same profile and model",
            problem="another-writer",
        )


def _checks(app: App, source: Story, story: Story) -> tuple[Check, ...]:
    return _named(
        (
            *_name_kept(app, source, story),
            *translation_checks.check(source.segments, story.segments, story.locale, app.language),
            plain_text.check((story.title, *story.segments)),
            _gentle_words(app, story),
        )
    )


def _named(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(replace(check, name=f"translation: {check.name}") for check in checks)


def _name_kept(app: App, source: Story, story: Story) -> tuple[Check, ...]:
    """Of a private story: its hero's name is there as it was given, where a pronoun does not stand for it."""
    if app.private is None:
        return ()
    hero = committed.request(app.store, story.id).request.hero
    if hero is None:
        return ()
    pairs = zip((source.title, *source.segments), (story.title, *story.segments), strict=False)
    named = [text for english, text in pairs if heroes.count(english, hero.name)]
    kept = sum(1 for text in named if heroes.count(text, hero.name))
    return (
        Check("the child's name", kept * 2 >= len(named), kept, f"in at least half of {len(named)} texts"),
    )


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
