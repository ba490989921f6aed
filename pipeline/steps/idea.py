"""Ideas: checked before anything is paid, by free means, and once more in English."""

from __future__ import annotations

from functools import partial

from pipeline.app import App
from pipeline.errors import EngineError
from pipeline.ports import TranslationEngine
from pipeline.storage.keys import WRITTEN_IN
from pipeline.story import ideas
from pipeline.story.disguise import readings
from pipeline.story.locales import language

# Where it is not sure in which language an idea is: those at least so likely by its everyday words.
_LIKELY = 0.1


def checked_idea(app: App, context: str) -> str:
    """The idea, cleaned. Raises RequestError, ContentRejectedError."""
    idea = ideas.accept(context, app.word_filter, partial(likely_languages, app))
    _refuse_meaning(app, idea)
    return idea


def likely_languages(app: App, idea: str) -> tuple[str, ...]:
    """Those of ours whose word lists an idea is held against. Raises RequestError: it is surely in none."""
    if app.foreign_ideas and app.foreign_ideas.is_foreign(idea):
        raise ideas.foreign(app.chains)
    meant = readings(idea)[-1]  # a disguised word is no word of any language
    if detected := app.words.detect(meant):
        return (detected,)
    ours = dict.fromkeys([WRITTEN_IN, *map(language, app.chains)])
    return tuple(tag for tag in ours if app.words.confidence(meant, tag) >= _LIKELY) or (WRITTEN_IN,)


def in_english(app: App, context: str) -> str:
    """The idea in English, filtered again: what was typed in another language is only now understood.

    Raises RequestError, ContentRejectedError, and what the engine raises.
    """
    likely_languages(app, context)  # a request of before may be in any language
    detected = app.language.detect(context) or WRITTEN_IN
    ideas.refuse_unsafe(context, app.word_filter, detected)
    engine = _translation(app, detected)
    if engine is None:
        return context
    try:
        (idea,) = engine.translate((context,), detected, WRITTEN_IN)
    except EngineError as error:
        if engine is app.foreign and error.problem == "unknown-pair":
            raise ideas.foreign(app.chains) from error
        raise
    idea = ideas.accept(idea, app.word_filter)
    _refuse_meaning(app, idea)  # English is what it is estimated in best
    return idea


def _refuse_meaning(app: App, idea: str) -> None:
    """Raises ContentRejectedError: it means something that is not for a child, in whatever words."""
    if app.meanings and (kind := app.meanings.unsafe(idea)):
        raise ideas.unsafe_meaning(kind)


def _translation(app: App, detected: str) -> TranslationEngine | None:
    """The engine that translates an idea in `detected` to English; None for English."""
    if detected == WRITTEN_IN:
        return None
    chain = app.chains.get(detected)
    return chain.translation if chain else app.foreign
