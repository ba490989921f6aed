"""What a chat shows of a link to a published story: title, picture and first sentence, by Open Graph."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import Response

from pipeline.api import covers
from pipeline.app import App
from pipeline.errors import NotFoundError
from pipeline.steps import committed
from pipeline.storage import editions, keys, shelf
from pipeline.storage.cards import card_of
from pipeline.types import Manifest

HTML = "text/html"
_SECONDS = 300
_LONGEST_SENTENCE = 200
_STYLE = (
    "body{margin:0;padding:2rem 1rem;background:#10162b;color:#f3ead6;font:1.2rem/1.6 Georgia,serif;"
    "text-align:center}img{width:min(100%,20rem);height:auto;border-radius:1rem}a{color:#f4cf7c;font-size:1.4rem}"
    "small{font-size:.9rem}"
)
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'sha256-"
    f"{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


class Words(NamedTuple):
    """name: of the page."""

    name: str
    listen: str
    note: str


_WORDS = {
    "en": Words("Once upon a line", "Hear the story", "Story and voice are made by AI."),
    "fr": Words("Il était une ligne", "Écouter l’histoire", "L’histoire et la voix sont faites par une IA."),
    "nl": Words("Er was eens een regel", "Luister naar het verhaal", "Verhaal en stem zijn gemaakt door AI."),
    "ar": Words("كان يا ما كان", "استمع إلى الحكاية", "الحكاية والصوت من صنع الذكاء الاصطناعي."),
    "it": Words("C’era una riga", "Ascolta la storia", "Storia e voce sono fatte dall’IA."),
    "es": Words("Érase una línea", "Escuchar el cuento", "El cuento y la voz están hechos por IA."),
    "de": Words("Es war eine Zeile", "Die Geschichte hören", "Geschichte und Stimme stammen von KI."),
    "pt": Words("Era uma vez uma linha", "Ouvir a história", "A história e a voz são feitas por IA."),
}


def preview(app: App, story_id: str, edition: str, base: str, page: str) -> Response[Any]:
    """base: the API's own address; page: the page's, "*" where that is not known.

    Raises NotFoundError: it is not published. A private story never is, whatever the store says.
    """
    is_private = bool(keys.folder_of(story_id))
    if is_private or page == "*" or not shelf.is_listed(app.store, story_id, edition):
        raise NotFoundError("this story is not published here")
    manifest = committed.read_manifest(app.store, story_id, edition)
    headers: dict[str, Any] = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": f"public, max-age={_SECONDS}",
    }
    return Response(200, HTML, _document(app, manifest, base, page), headers=headers)


def _document(app: App, manifest: Manifest, base: str, page: str) -> str:
    words = _WORDS.get(manifest.locale.partition("-")[0], _WORDS["en"])
    title, sentence = escape(manifest.title), escape(_sentence(manifest))
    link = escape(f"{page}/#/story/{manifest.story_id}/{editions.of(manifest)}")
    picture, image = _picture(app, manifest, base)
    direction = "rtl" if manifest.locale.startswith("ar") else "ltr"
    return (
        f'<!doctype html><html lang="{escape(manifest.locale)}" dir="{direction}"><head>'
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{title}</title>'
        f'<meta property="og:type" content="article"><meta property="og:site_name" content="{words.name}">'
        f'<meta property="og:title" content="{title}"><meta property="og:description" content="{sentence}">'
        f'<meta name="twitter:card" content="summary">{picture}<style>{_STYLE}</style></head><body><main>'
        f'{image}<h1>{title}</h1><p>{sentence}</p><p><a href="{link}">{words.listen}</a></p>'
        f"<p><small>{words.note}</small></p></main></body></html>"
    )


def _sentence(manifest: Manifest) -> str:
    text = manifest.segments[0].text if manifest.segments else ""
    return text if len(text) <= _LONGEST_SENTENCE else f"{text[: _LONGEST_SENTENCE - 1].rstrip()}…"


def _picture(app: App, manifest: Manifest, base: str) -> tuple[str, str]:
    """Its meta elements and its image; nothing where stories have no pictures."""
    view = covers.card_view(app, card_of(manifest))
    if not view:
        return "", ""
    address, text = escape(base + view["coverPngUrl"]), escape(view["coverText"])
    meta = f'<meta property="og:image" content="{address}"><meta property="og:image:alt" content="{text}">'
    return meta, f'<img src="{address}" alt="{text}" width="512" height="512">'
