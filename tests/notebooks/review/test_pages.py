"""What a reviewer sees and hears: texts are only ever text, the sample is the same every time."""

from __future__ import annotations

import base64
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from pipeline.app import App
from pipeline.batch.report.figures import gathered
from pipeline.batch.runs import Failure, Run
from pipeline.engines.fake import MemoryStore
from pipeline.notebooks.review import frames, listening, pages, plots, variety
from pipeline.notebooks.review.pages import Page
from pipeline.notebooks.review.run import Reading, read
from pipeline.notebooks.similarity import nearest
from pipeline.storage import keys
from tests.notebooks.review.reviewed import MP3, app, name, narrated, planned, told

HOSTILE = """<img src=x onerror=alert(1)> $x_1$ "q" '</td><script>alert(2)</script>"""


class Seen(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(page._repr_html_())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [one for one, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def reviewed(stories: int = 2) -> tuple[App, Run, Reading]:
    """So many stories of hostile texts in en and fr, and one that failed."""
    told_app = app(MemoryStore())
    failure = Failure(stories + 1, name(9), "en", "speak", "engine", HOSTILE)
    run = planned(told_app.store, [*range(1, stories + 1), 9], locales=("en", "fr"), failures=[failure])
    for one in range(1, stories + 1):
        story = told(told_app.store, one, HOSTILE, "The end is near.", title=HOSTILE)
        narrated(told_app.store, story, "fr", (HOSTILE, "Fin."), labels=("draft translation", HOSTILE))
    return told_app, run, read(told_app, run)


def test_hostile_texts_are_text_wherever_they_are_shown() -> None:
    told_app, run, reading = reviewed()
    found = gathered(told_app, run)
    far = pd.DataFrame(
        [(name(1), "en", "words", 1.0, 9.0, -8.0)],
        columns=["id", "locale", "figure", "value", "usual", "far"],
    )
    shown = [
        pages.table(frames.stories_frame(reading)),
        pages.table(frames.failures_frame(found)),
        pages.table(variety.repeated([one.story for one in reading.stories.values()])),
        listening.outliers_told(told_app.store, reading, far),
        listening.twins_told(reading, [(0, 1, 1.0)]),
        listening.translations_told(reading),
        listening.listening(told_app.store, reading, 3),
        pages.verdict(replace(found, catalog={"name": HOSTILE}), "published"),
        pages.run_plots(found),
    ]
    for page in shown:
        seen = Seen(page)
        assert not {"script", "img", "iframe"} & set(seen.tags)
        assert not [one for one in seen.attributes if one.startswith("on")]
        assert 'class="tex2jax_ignore mathjax_ignore"' in page._repr_html_()
    assert all("onerror=alert(1)" in Seen(page).text.casefold() for page in shown[:-1])


def test_a_table_says_how_much_more_there_is() -> None:
    assert "… and 7 more." in Seen(pages.table(pd.DataFrame({"a_b": range(10)}), most=3)).text
    assert Seen(pages.table(pd.DataFrame({"a": []}), nothing="None at all.")).text == "None at all."


def test_the_sample_is_the_runs_own_and_has_one_of_each_language_first() -> None:
    _, _, reading = reviewed(20)
    chosen = listening.sample(reading, 5)
    assert chosen == listening.sample(replace(reading, editions=dict(reversed(reading.editions.items()))), 5)
    assert len(set(chosen)) == 5
    assert {locale for _, locale in chosen[:2]} == {"en", "fr"}
    assert len(listening.sample(reading, 1)) == 2
    assert listening.sample(reading, 0) == []
    assert listening.sample(replace(reading, run="another"), 5) != chosen


def test_a_sound_is_within_the_page_with_its_transcript_and_figures() -> None:
    told_app, _, reading = reviewed(1)
    page = listening.listening(told_app.store, reading, 2)
    assert page._repr_html_().count(base64.b64encode(MP3).decode()) == 2
    text = Seen(page).text
    assert "The end is near." in text
    assert "4.2 s" in text
    assert "longest wait from word to word 1.75 s" in text
    assert "draft translation" in text


def test_a_sound_that_is_gone_or_too_much_is_said_to_be() -> None:
    told_app, _, reading = reviewed(1)
    gone = replace(reading.editions[name(1), "fr"], mp3="stories/gone.mp3")
    large = reading.editions[name(1), "en"]
    told_app.store.put(large.mp3, bytes(3_000_000))
    odd = replace(reading, editions={(name(1), "fr"): gone, (name(1), "en"): large})
    page = listening.listening(told_app.store, odd, 2)
    assert "gone from the store: stories/gone.mp3" in Seen(page).text
    assert f"Too much to keep on one page; it is {large.mp3}" in Seen(page).text
    assert "audio" not in Seen(page).tags


def test_a_translation_whose_english_cannot_be_read_is_shown_alone() -> None:
    told_app, run, _ = reviewed(1)
    told_app.store.put(keys.text(name(1), "en"), b"{")
    text = Seen(listening.translations_told(read(told_app, run))).text
    assert "Fin." in text
    assert "The end is near." not in text


@pytest.mark.parametrize("stories", [0, 1, 60])
def test_every_plot_is_drawn_for_none_one_and_many(stories: int) -> None:
    told_app, run, reading = reviewed(stories)
    texts = frames.stories_frame(reading).assign(**{"judge: about": 0.5})
    told_stories = [one.story for one in reading.stories.values()]
    coverage = frames.coverage_frame(told_app, run, gathered(told_app, run))
    figures = [
        plots.coverage_plot(coverage),
        plots.quality_plot(texts),
        plots.judge_plot(texts, frames.judged_by(told_app)),
        plots.languages_plot(frames.editions_frame(reading)),
        plots.variety_plot(
            [("Heroes", variety.heroes(told_stories)), ("Settings", variety.settings(told_stories))],
            nearest([one.text for one in told_stories]),
        ),
    ]
    for figure in figures:
        figure.canvas.draw()
        assert all(axes.get_title(loc="left") for axes in figure.axes)
        assert all(axes.get_xlabel() for axes in figure.axes)
