"""Stories of an experiment to read side by side, and to listen to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from markupsafe import Markup

from pipeline.app import App
from pipeline.errors import EngineError
from pipeline.notebooks import html
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.measures import drafts
from pipeline.notebooks.html import Page
from pipeline.ports import Progress
from pipeline.steps.accept import accept, chain
from pipeline.steps.run import run
from pipeline.types import Manifest

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Recording:
    """A story in a locale. manifest: None where it could not be made; failure says why."""

    locale: str
    manifest: Manifest | None = None
    mp3: bytes = b""
    failure: str = ""


def most_different(frame: DataFrame, most: int = 2) -> list[tuple[str, int]]:
    """(context, variant) of those where prompts differ most in what is accepted."""
    spread = drafts(frame).groupby(["context", "variant"], sort=False).accepted.std(ddof=0).fillna(0.0)
    ordered = spread.sort_values(ascending=False, kind="stable")
    return [(str(context), int(variant)) for context, variant in ordered.index[:most]]


def side_by_side(frame: DataFrame, context: str, variant: int) -> Page:
    """The same context and variant by each prompt, with what the checks refused."""
    rows = drafts(frame[(frame.context == context) & (frame.variant == variant)])
    stories = [Markup("<b>{}</b><br>{}").format(row.title, row.text) for row in rows.itertuples()]
    verdicts = [f"refused: {refused}" if refused else "accepted" for refused in rows.refused]
    return html.page(
        html.paragraph(f"{context}, variant {variant}"), html.grid(rows.prompt, [stories, verdicts])
    )


def accepted(frame: DataFrame, prompt: str, most: int = 1) -> list[tuple[str, int]]:
    """(context, variant) of the prompt's first accepted drafts."""
    rows = drafts(frame, prompt)
    rows = rows[rows.accepted == 1].head(most)
    return [(str(context), int(variant)) for context, variant in zip(rows.context, rows.variant, strict=True)]


def record(
    app: App, arm: Arm, context: str, variant: int, locales: Sequence[str], progress: Progress
) -> Iterator[Recording]:
    """The arm's story in each locale, made as `stories make` would, from the cached draft.

    A committed story stays as it is: where the prompt's words have changed since, raise its version. A locale
    that fails (its translation is refused) says why, and the others are made. Raises ConfigError, StoreError:
    what would fail them all.
    """
    app = replace(app, prompt=arm.prompt)
    story_id = accept(app, context, variant)
    for tag in locales:
        locale = chain(app, tag).locale
        try:
            manifest = run(app, story_id, locale, progress)
        except EngineError as error:
            yield Recording(locale, failure=str(error))
        else:
            yield Recording(locale, manifest, app.store.get(manifest.mp3))


def player(recording: Recording) -> Page:
    """The sound, its text and the labels that a listener must see."""
    manifest = recording.manifest
    if manifest is None:
        return html.sentence(f"[{recording.locale}] could not be made: {recording.failure}")
    text = " ".join(segment.text for segment in manifest.segments)
    line = Markup("{} {}").format(recording.locale, html.badges(manifest.labels))
    return html.page(html.card(manifest.title, line, html.paragraph(text) + html.player(recording.mp3)))
