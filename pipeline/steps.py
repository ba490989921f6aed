"""generate, translate, speak, store: each takes a story's id and a locale, and may be run again.

What is committed is never made anew: the text once as story.json, each translation once as
<locale>/text.json, and manifest.json last, which says that the story in that locale is complete.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline import ideas, keys, tags, translations
from pipeline.app import App, Chain, Watch
from pipeline.checks import MOST_WORDS, story_checks
from pipeline.errors import ContentRejectedError, NotFoundError, RequestError
from pipeline.keys import WRITTEN_IN
from pipeline.locales import language, match
from pipeline.prompts import Draft
from pipeline.records import Accepted, Told, dump, load_accepted, load_manifest, load_told
from pipeline.types import Check, Manifest, ManifestSegment, Narration, Story, StoryRequest, Usage

ATTEMPTS = 3


def accept(app: App, context: str, variant: int = 0) -> str:
    """The story's id; the request is on disk when this returns. Raises RequestError, ContentRejectedError."""
    if not 0 <= variant < 2**53:
        raise RequestError(f"variant {variant} is not a number from 0 to 2**53 - 1", problem="bad-variant")
    accepted = Accepted(
        StoryRequest(ideas.accept(context, app.screen), variant), app.prompt.id, app.text.fingerprint
    )
    app.store.put_if_absent(keys.request(accepted.story_id), dump(accepted))
    return accepted.story_id


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
    try:
        return _complete(app, story_id, locale)
    except NotFoundError:
        translate(app, story_id, locale, watch)
        speak(app, story_id, locale, watch)
        return store(app, story_id, locale, watch)


def generate(app: App, story_id: str, watch: Watch) -> Told:
    """The committed English text; written, checked and committed where there is none yet.

    Raises NotFoundError: no such request. RequestError: asked of another writer, so that what this one
    wrote would lie under an id that is not its own. ContentRejectedError: no attempt passed.
    """
    try:
        return _committed(app, story_id, WRITTEN_IN)
    except NotFoundError:
        pass
    accepted = _accepted(app, story_id)
    if (accepted.prompt, accepted.engine) != (app.prompt.id, app.text.fingerprint):
        raise RequestError(
            f"story {story_id[:8]} is not written yet, and was asked of {accepted.engine} with "
            f"{accepted.prompt}: use the same profile and model, or ask by its idea instead of --id",
            problem="another-writer",
        )
    idea = in_english(app, accepted.request.context)
    told = _write(app, story_id, accepted.request, idea, watch)
    return _commit(app, story_id, told)


def translate(app: App, story_id: str, locale: str, watch: Watch) -> Told:
    """The committed text in `locale`. Raises EngineError: no acceptable translation."""
    source = generate(app, story_id, watch)
    engine = app.chains[locale].translation
    if engine is None:
        return source
    try:
        return _committed(app, story_id, locale)
    except NotFoundError:
        pass
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
        for segment in story.segments:
            narrations.append(way.speech.synthesize(segment, way.voice))
            advance(1)
    return tuple(narrations)


def store(app: App, story_id: str, locale: str, watch: Watch) -> Manifest:
    """One tagged mp3, then the manifest that names everything: the commit. The first one stays."""
    source, told = generate(app, story_id, watch), translate(app, story_id, locale, watch)
    way = app.chains[locale]
    narrations = [way.speech.synthesize(segment, way.voice) for segment in told.story.segments]
    with watch.step("store", 1, "mp3") as advance:
        recording = app.encoder.join(narrations)
        engines = _engines(app, source, told, way)
        labels = _labels(way)
        mp3 = tags.tag(
            recording.audio,
            title=told.story.title,
            language=locale,
            segments=tuple(zip(recording.starts_ms, told.story.segments, strict=True)),
            comment=f"Made by AI with {', '.join(engines.values())}"
            + "".join(f"; {label}" for label in labels),
            engines=engines,
        )
        key = keys.mp3(story_id, locale, mp3)
        app.store.put(key, mp3)
        request = _accepted(app, story_id).request
        usage = {"generate": source.usage, "speak": _spoken(narrations, told.story)}
        checks = tuple(source.checks)
        if way.translation is not None:
            usage["translate"] = told.usage
            checks += told.checks
        manifest = Manifest(
            story_id=story_id,
            locale=locale,
            title=told.story.title,
            context=request.context,
            idea=source.idea,
            variant=request.variant,
            segments=_segments(told.story, narrations, recording.starts_ms),
            mp3=key,
            duration_ms=recording.duration_ms,
            labels=labels,
            engines=engines,
            checks=checks,
            usage=usage,
        )
        _publish(app, manifest)
        advance(1)
    return _complete(app, story_id, locale)


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
    way = app.chains.get(told or WRITTEN_IN)
    if way is None or way.translation is None:
        return context
    (idea,) = way.translation.translate((context,), way.locale, WRITTEN_IN)
    return ideas.accept(idea, app.screen)


def _write(app: App, story_id: str, request: StoryRequest, idea: str, watch: Watch) -> Told:
    refused: list[str] = []
    usage = Usage()
    for number in range(ATTEMPTS):
        tried = attempt(app, request, idea, number, watch)
        usage += tried.usage
        told = tried.draft.title and tried.draft.segments
        if not tried.failed or (told and not app.strict):
            story = Story(story_id, WRITTEN_IN, tried.draft.title, tried.draft.segments)
            return Told(story, idea, app.text.fingerprint, number, tried.checks, usage)
        refused.append(_reasons(tried.failed))
        watch.note(f"draft {number + 1} refused: {refused[-1]}")
    raise ContentRejectedError(
        f"no draft of {ATTEMPTS} passed the checks ({'; '.join(refused)}): "
        "try --new, or say the idea otherwise",
        engine=app.text.fingerprint,
        problem="no-good-story",
    )


def _checked(app: App, draft: Draft, idea: str, watch: Watch) -> tuple[tuple[Check, ...], Usage]:
    """The rules first: the judge is asked only about a draft that they let through."""
    rules = story_checks(draft, idea, app.prompt, app.language, app.screen)
    if app.strict and not all(check.passed for check in rules):
        return rules, Usage()
    with watch.step("judge", 1, "story") as advance:
        judged, usage = app.judge.judge(idea, draft.title, " ".join(draft.lines))
        advance(1)
    return (*rules, *judged), usage


def _gentle(app: App, story: Story) -> Check:
    found = app.screen.story(f"{story.title} {story.text}", language(story.locale))
    return Check("gentle words", not found, ", ".join(found) or None, "none of the screen's words")


def _refuse_failed(app: App, checks: tuple[Check, ...], what: str) -> None:
    failed = tuple(check for check in checks if not check.passed)
    if failed and app.strict:
        raise ContentRejectedError(
            f"{what} did not pass the checks ({_reasons(failed)}): try --new, or another language",
            problem="bad-translation",
        )


def _reasons(failed: tuple[Check, ...]) -> str:
    return ", ".join(
        f"{check.name} {'' if check.figure is None else check.figure}".strip() for check in failed
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


def _engines(app: App, source: Told, told: Told, way: Chain) -> dict[str, str]:
    translation = {} if way.translation is None else {"translation": told.engine}
    return {
        "text": source.engine,
        **translation,
        "speech": f"{way.speech.fingerprint} ({way.voice.id})",
        "encoder": app.encoder.fingerprint,
    }


def _labels(way: Chain) -> tuple[str, ...]:
    return (*way.labels, "experimental") if way.experimental else way.labels


def _spoken(narrations: list[Narration], story: Story) -> Usage:
    seconds = sum(narration.duration_ms for narration in narrations) / 1000
    return Usage(len(narrations), characters=sum(map(len, story.segments)), audio_seconds=round(seconds, 3))


def _segments(
    story: Story, narrations: list[Narration], starts: tuple[int, ...]
) -> tuple[ManifestSegment, ...]:
    parts = zip(story.segments, narrations, starts, strict=True)
    return tuple(
        ManifestSegment(text, keys.audio(one), start, one.duration_ms, one.marks)
        for text, one, start in parts
    )
