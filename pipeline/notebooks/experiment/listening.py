"""Stories of an experiment to read side by side, and to listen to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from markupsafe import Markup
from pandas import DataFrame

from pipeline.app import App
from pipeline.errors import EngineError
from pipeline.notebooks import html
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.measures import drafts
from pipeline.notebooks.html import Page
from pipeline.ports import NoProgress
from pipeline.steps.accept import accept, chain
from pipeline.steps.run import run
from pipeline.types import Manifest


def most_different(frame: DataFrame, most: int = 2) -> list[tuple[str, int]]:
    """(context, variant) of those where prompts differ most in what is accepted."""
    spread = drafts(frame).groupby(["context", "variant"], sort=False).accepted.std(ddof=0).fillna(0.0)
    return list(spread.sort_values(ascending=False, kind="stable").index[:most])


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
    pairs = rows[rows.accepted == 1][["context", "variant"]].head(most)
    return list(pairs.itertuples(index=False, name=None))


def record(app: App, arm: Arm, context: str, variant: int, locales: Sequence[str]) -> Iterator[Page]:
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
            manifest = run(app, story_id, locale, NoProgress())
        except EngineError as error:
            yield html.sentence(f"[{locale}] could not be made: {error}")
        else:
            yield player(manifest, app.store.get(manifest.mp3))


def player(manifest: Manifest, mp3: bytes) -> Page:
    """The sound, its text and the labels that a listener must see."""
    text = " ".join(segment.text for segment in manifest.segments)
    line = Markup("{} {}").format(manifest.locale, html.badges(manifest.labels))
    return html.page(html.card(manifest.title, line, html.paragraph(text) + html.player(mp3)))
