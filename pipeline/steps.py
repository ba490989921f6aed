"""generate, translate, speak, store: each takes a story's id and a locale, and may be run again.

One maker at a time, wherever it runs, by the app's claims. What is committed is never made anew: the
text once as story.json, each translation once as <locale>/text.json, and manifest.json last, which says
that the story in that locale is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from pipeline import drafts, editions, ideas, keys, translations
from pipeline.app import App, Chain, Watch
from pipeline.drafts import reasons
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError
from pipeline.keys import WRITTEN_IN
from pipeline.locales import language, match
from pipeline.prompts import story_prompt
from pipeline.records import Accepted, Told, dump, load_accepted, load_manifest, load_told
from pipeline.types import Check, Manifest, Narration, Story, StoryRequest, Usage


def accept(app: App, context: str, variant: int = 0, audience: str = "") -> str:
    """The story's id; the request is on disk when this returns. Raises RequestError, ContentRejectedError.

    audience: who it is told to, "" for the usual.
    """
    accepted = acceptable(app, context, variant, audience)
    app.store.put_if_absent(keys.request(accepted.story_id), dump(accepted))
    return accepted.story_id


def acceptable(app: App, context: str, variant: int = 0, audience: str = "") -> Accepted:
    """What accept() would write, unwritten. Raises RequestError, ContentRejectedError."""
    if not 0 <= variant < 2**53:
        raise RequestError(f"variant {variant} is not a number from 0 to 2**53 - 1", problem="bad-variant")
    request = StoryRequest(ideas.accept(context, app.screen), variant)
    if audience:
        request = replace(request, audience=ideas.accept(audience, app.screen))
    return Accepted(request, app.prompt.id, app.text.fingerprint)


def chain(app: App, tag: str, experimental: bool = False) -> Chain:
    """How `tag` is made. Raises RequestError: unknown, or measured as not intelligible and not asked for."""
    found = app.chains[match(tag, app.chains)]
    if found.experimental and not experimental:
        raise RequestError(
            f"{found.locale} is experimental with these engines (measured as {found.quality}): "
            "add --experimental to have it all the same",
            problem="experimental-locale",
        )
    return found


def complete(app: App, story_id: str, locale: str) -> bool:
    """Whether there is nothing left to make."""
    try:
        _complete(app, story_id, locale)
    except NotFoundError:
        return False
    return True


def run(app: App, story_id: str, locale: str, watch: Watch) -> Manifest:
    """All steps of a story in a locale; what is complete is only read."""

    def tell() -> Manifest:
        speak(app, story_id, locale, watch)
        return store(app, story_id, locale, watch)

    with suppress(NotFoundError):
        return _complete(app, story_id, locale)
    translate(app, story_id, locale, watch)
    name = keys.manifest(story_id, locale)
    return app.claims.once(name, lambda: _complete(app, story_id, locale), tell, watch.note)


def generate(app: App, story_id: str, watch: Watch) -> Told:
    """The committed English text; written, checked and committed where there is none yet.

    Raises NotFoundError: no such request. RequestError: asked of another writer, so that what this one
    wrote would lie under an id that is not its own. ConfigError: the prompt that it was accepted with is not
    here. ContentRejectedError: no attempt passed.
    """
    return app.claims.once(
        keys.text(story_id, WRITTEN_IN),
        lambda: _committed(app, story_id, WRITTEN_IN),
        lambda: _write(app, story_id, watch),
        watch.note,
    )


def _write(app: App, story_id: str, watch: Watch) -> Told:
    accepted = _accepted(app, story_id)
    if accepted.engine != app.text.fingerprint:
        raise RequestError(
            f"story {story_id[:8]} is not written yet, and was asked of {accepted.engine}: use the same "
            "profile and model, or ask by its idea instead of --id",
            problem="another-writer",
        )
    # The prompt that it was accepted with: another may have been promoted since.
    asked = app if accepted.prompt == app.prompt.id else replace(app, prompt=story_prompt(accepted.prompt))
    return _commit(app, story_id, drafts.write(asked, story_id, accepted.request, watch))


def translate(app: App, story_id: str, locale: str, watch: Watch) -> Told:
    """The committed text in `locale`. Raises EngineError: no acceptable translation."""
    source = generate(app, story_id, watch)
    if app.chains[locale].translation is None:
        return source
    return app.claims.once(
        keys.text(story_id, locale),
        lambda: _committed(app, story_id, locale),
        lambda: _translate(app, story_id, locale, source, watch),
        watch.note,
    )


def _translate(app: App, story_id: str, locale: str, source: Told, watch: Watch) -> Told:
    engine = app.chains[locale].translation
    assert engine is not None
    if not app.strict and source.engine != app.text.fingerprint:
        raise RequestError(
            f"story {story_id[:8]} was written by {source.engine}: a profile for quick looks does not "
            "translate it, since its translation would stay; use the same profile and model",
            problem="another-writer",
        )
    texts = (source.story.title, *source.story.segments)
    with watch.step("translate", len(texts), "sentence") as advance:
        title, *segments = engine.translate(texts, WRITTEN_IN, locale, lambda _: advance(1))
    story = Story(story_id, locale, title, tuple(segments))
    checks = translations.check(source.story.segments, story.segments, locale, app.language)
    checks = tuple(replace(one, name=f"translation: {one.name}") for one in (*checks, _gentle(app, story)))
    _refuse_failed(app, checks, f"the translation to {locale}")
    usage = Usage(1, characters=sum(map(len, texts)))
    return _commit(app, story_id, Told(story, source.idea, engine.fingerprint, 0, checks, usage))


def speak(app: App, story_id: str, locale: str, watch: Watch) -> tuple[Narration, ...]:
    """A narration for each segment of the committed text, in order."""
    story = translate(app, story_id, locale, watch).story
    way = app.chains[locale]
    narrations = []
    with watch.step("speak", len(story.segments), "sentence") as advance:
        for narration in _spoken(way, story.segments):
            narrations.append(narration)
            advance(1)
    return tuple(narrations)


def store(app: App, story_id: str, locale: str, watch: Watch) -> Manifest:
    """One tagged mp3, then the manifest that names everything: the commit. The first one stays."""
    source, told = generate(app, story_id, watch), translate(app, story_id, locale, watch)
    way = app.chains[locale]
    narrations = [way.speech.synthesize(segment, way.voice) for segment in told.story.segments]
    with watch.step("store", 1, "mp3") as advance:
        made = editions.make(app, _accepted(app, story_id).request, source, told, way, narrations)
        app.store.put(made.manifest.mp3, made.mp3)
        _publish(app, made.manifest)
        advance(1)
    return _complete(app, story_id, locale)


def _spoken(way: Chain, texts: Sequence[str]) -> Iterator[Narration]:
    """In order, as many at once as the voice serves; where one fails, what has not begun is not begun."""

    def say(text: str) -> Narration:
        return way.speech.synthesize(text, way.voice)

    if way.speech.parallel == 1:  # no thread, so that Ctrl-C ends it at once
        yield from map(say, texts)
        return
    with ThreadPoolExecutor(way.speech.parallel) as pool:
        yield from pool.map(say, texts)


def _gentle(app: App, story: Story) -> Check:
    found = app.screen.story(f"{story.title} {story.text}", language(story.locale))
    return Check("gentle words", not found, ", ".join(found) or None, "none of the screen's words")


def _refuse_failed(app: App, checks: tuple[Check, ...], what: str) -> None:
    failed = tuple(check for check in checks if not check.passed)
    if failed and app.strict:
        raise ContentRejectedError(
            f"{what} did not pass the checks ({reasons(failed)}): try --new, or another language",
            problem="bad-translation",
        )


def _commit(app: App, story_id: str, told: Told) -> Told:
    """The first accepted text is the story, whoever wrote it."""
    app.store.put_if_absent(keys.text(story_id, told.story.locale), dump(told))
    return _committed(app, story_id, told.story.locale)


def _accepted(app: App, story_id: str) -> Accepted:
    key = keys.request(story_id)
    return load_accepted(app.store.get(key), key)


def _committed(app: App, story_id: str, locale: str) -> Told:
    key = keys.text(story_id, locale)
    return load_told(app.store.get(key), key)


def _complete(app: App, story_id: str, locale: str) -> Manifest:
    """Raises NotFoundError: not committed, or its mp3 was taken away since."""
    key = keys.manifest(story_id, locale)
    manifest = load_manifest(app.store.get(key), key)
    if next(app.store.list(manifest.mp3), None) != manifest.mp3:
        raise NotFoundError(f"{manifest.mp3} is gone: run the same command again")
    return manifest


def _publish(app: App, manifest: Manifest) -> None:
    """The first manifest stays, unless the mp3 that it names is gone: then it says nothing that is true."""
    key = keys.manifest(manifest.story_id, manifest.locale)
    if app.store.put_if_absent(key, dump(manifest)):
        return
    if not complete(app, manifest.story_id, manifest.locale):
        app.store.put(key, dump(manifest))
