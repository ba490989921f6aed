"""Stories to read side by side, and to hear. What a model wrote is hostile until it is escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

from pipeline.app import App
from pipeline.errors import EngineError
from pipeline.notebooks.experiment.candidates import Arm
from pipeline.notebooks.experiment.measures import made, prompts
from pipeline.ports import Progress
from pipeline.steps.accept import accept, chain
from pipeline.steps.run import run

if TYPE_CHECKING:
    from pandas import DataFrame

_STYLE = "vertical-align:top;text-align:start;white-space:normal;min-width:14em;max-width:26em;font-size:13px"


@dataclass(frozen=True, slots=True)
class Heard:
    """A story in a locale. story, labels: for people, not yet escaped. mp3: the whole of it. failure: why it
    could not be told, "" where it was."""

    locale: str
    title: str = ""
    story: str = ""
    labels: tuple[str, ...] = ()
    mp3: bytes = b""
    failure: str = ""


def telling(frame: DataFrame, most: int = 2) -> list[tuple[str, int]]:
    """(context, variant) of those where prompts differ most in what is accepted: they teach most."""
    rows = made(frame)
    spread = rows.groupby(["context", "variant"], sort=False).accepted.std(ddof=0).fillna(0.0)
    return [
        (str(context), int(variant))
        for context, variant in spread.sort_values(ascending=False, kind="stable").index[:most]
    ]


def side_by_side(frame: DataFrame, context: str, variant: int) -> str:
    """HTML: the same context and variant as each prompt has it told, with what the checks found."""
    rows = made(frame[(frame.context == context) & (frame.variant == variant)])
    told = {row.prompt: row for row in rows.itertuples()}
    columns = [name for name in prompts(frame) if name in told]
    heads = "".join(f'<th style="{_STYLE}">{escape(name)}</th>' for name in columns)
    verdicts = "".join(f'<td style="{_STYLE}">{_verdict(told[name])}</td>' for name in columns)
    stories = "".join(
        f'<td dir="auto" style="{_STYLE}"><b>{escape(told[name].title)}</b><br>{escape(told[name].text)}</td>'
        for name in columns
    )
    caption = f"{escape(context)}, variant {variant}"
    return (
        '<div style="overflow-x:auto"><table>'
        f'<caption dir="auto" style="text-align:start">{caption}</caption>'
        f"<tr>{heads}</tr><tr>{stories}</tr><tr>{verdicts}</tr></table></div>"
    )


def _verdict(row: object) -> str:
    refused = escape(str(getattr(row, "refused", "")))
    return f"refused: {refused}" if refused else "accepted"


def accepted(frame: DataFrame, prompt: str, most: int = 1) -> list[tuple[str, int]]:
    """(context, variant) of the prompt's first accepted drafts."""
    rows = made(frame, prompt)
    rows = rows[rows.accepted == 1].head(most)
    return [(str(context), int(variant)) for context, variant in zip(rows.context, rows.variant, strict=True)]


def hear(
    app: App, arm: Arm, context: str, variant: int, locales: Sequence[str], progress: Progress
) -> Iterator[Heard]:
    """A story of the arm, told in each locale, as `stories make` would. The draft is the remembered one.

    A committed story stays as it was first told: where the prompt's words have changed since, raise its
    version to hear the new one. A locale that fails (its translation is refused) says why, and the others are
    told. Raises ConfigError, StoreError: what would fail them all.
    """
    asked = replace(app, prompt=arm.prompt)
    story_id = accept(asked, context, variant)
    for tag in locales:
        locale = chain(asked, tag).locale
        try:
            manifest = run(asked, story_id, locale, progress)
        except EngineError as error:
            yield Heard(locale, failure=str(error))
            continue
        text = " ".join(segment.text for segment in manifest.segments)
        yield Heard(locale, manifest.title, text, manifest.labels, app.store.get(manifest.mp3))


def player(heard: Heard) -> str:
    """HTML: the sound, its text, and what a listener must be told."""
    if heard.failure:
        return f'<p dir="auto">[{escape(heard.locale)}] not told: {escape(heard.failure)}</p>'
    labels = f" ({escape(', '.join(heard.labels))})" if heard.labels else ""
    title = f"<b>{escape(heard.title)}</b> [{escape(heard.locale)}]{labels}"
    sound = f"data:audio/mpeg;base64,{b64encode(heard.mp3).decode()}"
    return f'<p dir="auto">{title}<br>{escape(heard.story)}</p><audio controls src="{sound}"></audio>'
