"""Alternative texts of covers, in the language of an edition."""

from __future__ import annotations

from pipeline.exports.picture import tables
from pipeline.exports.picture.cast import cast
from pipeline.story.locales import language
from pipeline.story.text import words
from pipeline.types import Story


def plain_text(title: str, locale: str) -> str:
    """With the title alone; the title itself in a language without a template."""
    return _templates(locale).get("cover", "{title}").replace("{title}", title)


def text(story: Story, idea: str, edition: Story) -> str:
    """story: the English text; idea: in English; edition: the text in the language of the answer.

    With the hero's name where its figure is in the picture and the edition spells it so.
    """
    hero = cast(story, idea).hero
    templates = _templates(edition.locale)
    if hero is None or not hero.name or hero.name not in words(edition.text) or not templates:
        return plain_text(edition.title, edition.locale)
    # The title last: braces in it are its own.
    return templates["hero"].replace("{hero}", hero.name).replace("{title}", edition.title)


def _templates(locale: str) -> dict[str, str]:
    templates: dict[str, str] = tables.read("texts").get(language(locale), {})
    return templates
