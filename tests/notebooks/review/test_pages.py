"""The reviewer's pages: every text is escaped, the sample is the same every time."""

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
from pipeline.notebooks import html
from pipeline.notebooks.html import Page
from pipeline.notebooks.review import pages, plots, tables, variety
from pipeline.notebooks.review.run import RunContents, read
from pipeline.notebooks.similarity import nearest
from pipeline.storage import keys
from tests.notebooks.review.reviewed import MP3, app, committed, name, narrated, planned

HOSTILE = """<img src=x onerror=alert(1)> $x_1$ "q" '</td><script>alert(2)</script>"""


class Parsed(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.text = ""
        self.feed(page._repr_html_())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [attribute for attribute, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def reviewed(stories: int = 2) -> tuple[App, Run, RunContents]:
    """Stories with hostile texts in en and fr, and a failed one."""
    fake = app(MemoryStore())
    failure = Failure(stories + 1, name(9), "en", "speak", "engine", HOSTILE)
    run = planned(fake.store, [*range(1, stories + 1), 9], locales=("en", "fr"), failures=[failure])
    for number in range(1, stories + 1):
        story = committed(fake.store, number, HOSTILE, "The end is near.", title=HOSTILE)
        narrated(fake.store, story, "fr", (HOSTILE, "Fin."), labels=("draft translation", HOSTILE))
    return fake, run, read(fake, run)


def test_hostile_texts_are_escaped_on_every_page() -> None:
    fake, run, contents = reviewed()
    report = gathered(fake, run)
    far = pd.DataFrame(
        [(name(1), "en", "words", 1.0, 9.0, -8.0)],
        columns=["id", "locale", "figure", "value", "usual", "far"],
    )
    shown = [
        html.table(tables.stories_table(contents)),
        html.table(tables.failures_table(report)),
        html.table(variety.repeated([text.story for text in contents.stories.values()])),
        pages.outliers(fake.store, contents, far),
        pages.near_duplicates(contents, [(0, 1, 1.0)]),
        pages.translations(contents),
        pages.listening(fake.store, contents, 3),
        pages.verdict(replace(report, catalog={"name": HOSTILE}), "published"),
        pages.run_plots(report),
    ]
    for page in shown:
        parsed = Parsed(page)
        assert not {"script", "img", "iframe"} & set(parsed.tags)
        assert not [attribute for attribute in parsed.attributes if attribute.startswith("on")]
        assert 'class="tex2jax_ignore mathjax_ignore"' in page._repr_html_()
    assert all("onerror=alert(1)" in Parsed(page).text.casefold() for page in shown[:-1])


def test_a_table_says_how_many_rows_it_leaves_out() -> None:
    assert "… and 7 more." in Parsed(html.table(pd.DataFrame({"a_b": range(10)}), most=3)).text
    assert Parsed(html.table(pd.DataFrame({"a": []}), empty="None at all.")).text == "None at all."


def test_the_sample_depends_on_the_run_alone_and_has_each_language() -> None:
    _, _, contents = reviewed(20)
    chosen = pages.sample(contents, 5)
    assert chosen == pages.sample(
        replace(contents, narrations=dict(reversed(contents.narrations.items()))), 5
    )
    assert len(set(chosen)) == 5
    assert {locale for _, locale in chosen[:2]} == {"en", "fr"}
    assert len(pages.sample(contents, 1)) == 2
    assert pages.sample(contents, 0) == []
    assert pages.sample(replace(contents, run="another"), 5) != chosen


def test_a_sound_is_in_the_page_with_its_transcript_and_figures() -> None:
    fake, _, contents = reviewed(1)
    page = pages.listening(fake.store, contents, 2)
    assert page._repr_html_().count(base64.b64encode(MP3).decode()) == 2
    text = Parsed(page).text
    assert "The end is near." in text
    assert "4.2 s" in text
    assert "longest wait from word to word 1.75 s" in text
    assert "draft translation" in text


def test_a_missing_or_too_large_sound_is_explained() -> None:
    fake, _, contents = reviewed(1)
    gone = replace(contents.narrations[name(1), "fr"], mp3="stories/gone.mp3")
    large = contents.narrations[name(1), "en"]
    fake.store.put(large.mp3, bytes(3_000_000))
    odd = replace(contents, narrations={(name(1), "fr"): gone, (name(1), "en"): large})
    page = pages.listening(fake.store, odd, 2)
    assert "gone from the store: stories/gone.mp3" in Parsed(page).text
    assert f"Too much to keep on one page; it is {large.mp3}" in Parsed(page).text
    assert "audio" not in Parsed(page).tags


def test_a_translation_whose_english_cannot_be_read_is_shown_alone() -> None:
    fake, run, _ = reviewed(1)
    fake.store.put(keys.text(name(1), "en"), b"{")
    text = Parsed(pages.translations(read(fake, run))).text
    assert "Fin." in text
    assert "The end is near." not in text


@pytest.mark.parametrize("stories", [0, 1, 60])
def test_every_plot_is_drawn_for_none_one_and_many(stories: int) -> None:
    fake, run, contents = reviewed(stories)
    texts = tables.stories_table(contents).assign(**{"judge: about": 0.5})
    english = [text.story for text in contents.stories.values()]
    coverage = tables.coverage_table(fake, run, gathered(fake, run))
    figures = [
        plots.coverage_plot(coverage),
        plots.quality_plot(texts),
        plots.judge_plot(texts, tables.judge_thresholds(fake)),
        plots.languages_plot(tables.narrations_table(contents)),
        plots.variety_plot(
            [("Heroes", variety.heroes(english)), ("Settings", variety.settings(english))],
            nearest([story.text for story in english]),
        ),
    ]
    for figure in figures:
        figure.canvas.draw()
        assert all(axes.get_title(loc="left") for axes in figure.axes)
        assert all(axes.get_xlabel() for axes in figure.axes)
