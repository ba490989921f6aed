"""RSS 2.0 as podcast clients read it: with iTunes's elements, transcripts and chapters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree.ElementTree import Element

from pipeline.exports import vtt
from pipeline.exports.feeds import chapters
from pipeline.exports.feeds.episodes import Episode
from pipeline.exports.markup import node, xml
from pipeline.exports.transcript import Transcript
from pipeline.exports.words import words

MEDIA_TYPE = "application/rss+xml"
_NAMESPACES = {
    "version": "2.0",
    "xmlns:atom": "http://www.w3.org/2005/Atom",
    "xmlns:itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "xmlns:podcast": "https://podcastindex.org/namespace/1.0",
}


@dataclass(frozen=True, slots=True)
class Links:
    """base: the address of a feed without its ending: below it are its episodes' files. site: of the page."""

    base: str
    site: str

    @property
    def feed(self) -> str:
        return f"{self.base}.xml"

    def file(self, story: Transcript, suffix: str) -> str:
        return f"{self.base}/{story.story_id}/{story.edition}{suffix}"


def rss(locale: str, episodes: Sequence[Episode], links: Links) -> bytes:
    """itunes:block: no directory is to list a family's feed."""
    own = words(locale)
    category = node("itunes:category", {"text": "Kids & Family"}, _category("Stories for Kids"))
    pictures = [_picture(links, episode.story) for episode in episodes[:1]]
    channel = node(
        "channel",
        {},
        node("title", {}, own.name),
        node("link", {}, links.site),
        node("description", {}, own.note),
        node("language", {}, locale),
        node("generator", {}, "mvp-stories"),
        node("atom:link", {"href": links.feed, "rel": "self", "type": MEDIA_TYPE}),
        node("itunes:author", {}, "AI"),
        node("itunes:block", {}, "Yes"),
        category,
        node("itunes:explicit", {}, "false"),
        *pictures,
        *(_item(episode, links) for episode in episodes),
    )
    return xml(node("rss", _NAMESPACES, channel))


def _item(episode: Episode, links: Links) -> Element:
    story = episode.story
    text = " ".join(sentence.text for sentence in story.sentences)
    moment = datetime.fromtimestamp(episode.date, UTC)
    dates = [node("pubDate", {}, format_datetime(moment))] if episode.date else []
    sound = {"url": links.file(story, ".mp3"), "length": str(story.mp3_bytes), "type": "audio/mpeg"}
    transcript = {"url": links.file(story, ".vtt"), "type": vtt.MEDIA_TYPE, "language": story.locale}
    return node(
        "item",
        {},
        node("title", {}, story.title),
        node("description", {}, f"{text}\n\n{story.note}"),
        node("guid", {"isPermaLink": "false"}, f"{story.story_id}.{story.edition}"),
        *dates,
        node("enclosure", sound),
        node("itunes:duration", {}, str(max(1, round(story.duration_ms / 1000)))),
        node("itunes:explicit", {}, "false"),
        _picture(links, story),
        node("podcast:transcript", transcript),
        *_chapters(links, story),
    )


def _chapters(links: Links, story: Transcript) -> list[Element]:
    """Where it has some."""
    attributes = {"url": links.file(story, ".json"), "type": chapters.MEDIA_TYPE}
    return [node("podcast:chapters", attributes)] if story.chapters else []


def _picture(links: Links, story: Transcript) -> Element:
    return node("itunes:image", {"href": links.file(story, ".png")})


def _category(name: str) -> Element:
    return node("itunes:category", {"text": name})
