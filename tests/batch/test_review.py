"""What a person is shown before a run is published, and that a text can do nothing to whoever reads it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipeline.app import App
from pipeline.batch.html import plain
from pipeline.batch.publishing import pairs, publish
from pipeline.batch.review import Review, due, page
from pipeline.batch.runs import Run
from pipeline.engines.embedded.files import FileStore
from pipeline.engines.fake import MemoryStore
from pipeline.errors import NotFoundError
from pipeline.storage import keys
from pipeline.storage.records import dump, load_manifest
from pipeline.types import Check, Manifest
from tests.batch.catalogs import IDEAS, batch_app, finished, tales
from tests.batch.report.test_figures import HOSTILE, Seen

MANY = [f"{what} {who}" for what in ("a shy", "a kind", "a tiny") for who in ("fox", "owl", "kite", "moth")]


def reviewed(app: App, folder: Path, policy: str, share: float = 0.05, run_id: str = "one") -> Run:
    return finished(app, tales(folder, MANY, publish={"review": policy, "sample": share}), run_id)


def change(app: App, pair: tuple[str, str], **changed: object) -> None:
    """As if the manifest had been written so."""
    key = keys.manifest(*pair)
    manifest: Manifest = load_manifest(app.store.get(key), key)
    app.store.put(key, dump(replace(manifest, **changed)))


def shown(review: Review) -> set[tuple[str, str]]:
    return {(shown.id, shown.locale) for shown in (*review.flagged, *review.sample)}


def everything(run: Run) -> set[tuple[str, str]]:
    return {pair for _, pair in pairs(run)}


def test_by_the_policy_none_nothing_is_due(tmp_path: Path) -> None:
    app = batch_app()
    review = due(app, reviewed(app, tmp_path, "none"))
    assert (review.is_needed, review.total) == (False, 24)
    assert not list(app.store.list("runs/one/review"))


def test_by_the_policy_all_everything_is_shown(tmp_path: Path) -> None:
    app = batch_app()
    run = reviewed(app, tmp_path, "all")
    assert shown(due(app, run)) == everything(run)


def test_a_sample_is_the_same_each_time_and_about_its_share(tmp_path: Path) -> None:
    app = batch_app()
    run = reviewed(app, tmp_path, "sample", 0.5)
    sample = shown(due(app, run))
    assert shown(due(app, run)) == sample
    assert 5 <= len(sample) <= 19  # of 24 by a fair coin: all but one draw in 500
    whole = batch_app()
    assert shown(due(whole, reviewed(whole, tmp_path, "sample", 0.5, "another"))) == sample


@pytest.mark.parametrize("share", [0.0, 1e-9])
def test_a_sample_is_at_least_one(tmp_path: Path, share: float) -> None:
    app = batch_app()
    assert len(due(app, reviewed(app, tmp_path, "sample", share)).sample) == 1


def test_whatever_a_check_found_is_shown_besides_the_sample(tmp_path: Path) -> None:
    app = batch_app()
    run = reviewed(app, tmp_path, "sample", 0.0)
    unlike = sorted(everything(run) - shown(due(app, run)))[:2]
    for pair in unlike:
        change(app, pair, checks=(Check("words", False, 42, "80 to 120"), Check("gentle words", True)))
    review = due(app, run)
    assert {(shown.id, shown.locale) for shown in review.flagged} == set(unlike)
    assert {shown.faults for shown in review.flagged} == {("words: 42 (80 to 120)",)}
    assert len(review.sample) == 1
    assert review.markdown().count("found: words: 42 (80 to 120)") == 2


def test_nothing_made_is_nothing_to_look_at(tmp_path: Path) -> None:
    app = batch_app()
    review = due(app, finished(app, tales(tmp_path, publish={"review": "all"}), budget=0.0))
    assert (review.total, review.is_needed) == (0, False)


def test_what_readers_have_and_what_was_refused_is_not_asked_about_again(tmp_path: Path) -> None:
    app = batch_app()
    first = reviewed(app, tmp_path, "all")
    refused = sorted(everything(first))[0]
    publish(app, first, ["/".join(refused)])
    again = reviewed(app, tmp_path, "all", run_id="two")
    assert (due(app, again).total, due(app, again).is_needed) == (0, False)


def test_what_was_made_before_and_never_published_is_asked_about(tmp_path: Path) -> None:
    app = batch_app()
    reviewed(app, tmp_path, "all")
    again = reviewed(app, tmp_path, "all", run_id="two")
    assert shown(due(app, again)) == everything(again)


def test_the_form_tells_how_many_how_to_refuse_and_ten_in_full(tmp_path: Path) -> None:
    app = batch_app()
    review = due(app, reviewed(app, tmp_path, "all"))
    form = review.markdown()
    assert "**24** stories × languages of the catalog **tales** are ready (run `one`)" in form
    assert "`stories catalog publish one --except ID`" in form
    assert form.count("\n> ") == 10
    assert "… and 14 more: `runs/one/review.html`" in form
    assert len(form) < 15_000


def test_a_review_of_no_run_says_so() -> None:
    app = batch_app()
    with pytest.raises(NotFoundError):
        due(app, Run(app.store, "two"))


# Texts that would be more than text.

BLOCKS = "# no heading\n\n- no list\n\n1. none\n\n```\nno code\n```\n\n| a | b |\n|---|---|\n| c | d |\n\n---"
LINKS = "[x](javascript:alert(1)) ![y](http://evil/z.png) <http://evil> http://evil www.evil.example a@b.org"
TEXTS = [HOSTILE, BLOCKS, LINKS, "&lt;b&gt; &amp; \\", "*a* _b_ ~~c~~ `d` $e$", "1) x", "> q", "=====", "+ x"]
ALLOWED = {"p", "strong", "code", "br", "blockquote", "em"}


def read(markdown: str) -> Seen:
    """As a renderer of Markdown shows it that lets HTML through."""
    return Seen(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(markdown))


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_only_text_on_the_form_and_on_the_page(tmp_path: Path, text: str) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path, IDEAS[:1], publish={"review": "all"}))
    for pair in everything(run):
        key = keys.manifest(*pair)
        (segment, *_) = load_manifest(app.store.get(key), key).segments
        checks = (Check(text, False, text, text),)
        change(app, pair, title=text, context=text, checks=checks, segments=(replace(segment, text=text),))
    review = due(app, run)
    form = read(review.markdown())
    assert set(form.tags) <= ALLOWED - {"em"}
    assert form.attributes == []
    shown = Seen(app.store.get(keys.run("one", "review.html")).decode())
    assert {"script", "img", "iframe", "link", "a", "b"} & set(shown.tags) == set()
    assert not [name for name, _ in shown.attributes if name.startswith("on") or name in {"src", "href"}]
    bare = re.sub(r"[\s\u202e]+", " ", text).strip()
    assert bare in " ".join(shown.text)
    assert bare in "".join(form.text).replace("\u2060", "")


@given(st.text(st.sampled_from("ab 1.)(-+#=*_`~<>&;[]!|\\/:@$\"'{}^%?,"), min_size=1, max_size=60))
def test_any_text_comes_back_from_markdown_as_it_was(text: str) -> None:
    text = " ".join(text.split())
    shown = read(f"> {plain(text)}")
    assert set(shown.tags) <= {"blockquote", "p"}
    assert "".join(shown.text).strip().replace("\u2060", "") == text


@pytest.mark.parametrize(
    "address", ["http://evil.example/x", "HTTPS://evil", "www.evil.example", "a@evil.example"]
)
def test_no_renderer_finds_an_address_in_a_text(address: str) -> None:
    # The patterns of mdast-util-gfm-autolink-literal, which also looks into escaped text.
    escaped = re.sub(r"\\(.)", r"\1", plain(f"see {address} now"))
    assert not re.search(r"(https?://|www(?=\.))([-.\w]+)", escaped, re.IGNORECASE)
    assert not re.search(r"[-.\w+]+@[-\w]+(\.[-\w]+)+", escaped)


def test_what_moves_a_terminals_cursor_or_turns_the_text_is_taken_out(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(app, tales(tmp_path, IDEAS[:1], publish={"review": "all"}))
    for pair in everything(run):
        change(app, pair, title="a\x1b[2J\x07b\u202ec\u2067d\x00e")
    text = due(app, run).markdown()
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069]", text)
    assert r"a\[2Jbcde" in text


def test_arabic_reads_from_right_to_left(tmp_path: Path) -> None:
    app = batch_app()
    run = finished(
        app, tales(tmp_path, IDEAS[:1], locales=["ar", "fr"], experimental=True, publish={"review": "all"})
    )
    review = due(app, run)
    text = page(review, app.store)
    assert text.count('lang="ar" dir="rtl"') == text.count('lang="fr" dir="ltr"') == 2


def test_sounds_are_linked_where_the_files_lie_beside_the_page(tmp_path: Path) -> None:
    app = batch_app(FileStore(tmp_path / "out"))
    run = finished(app, tales(tmp_path, IDEAS[:1], publish={"review": "all"}))
    due(app, run)
    at = tmp_path / "out" / "runs" / "one"
    links = re.findall(r'href="([^"]+)"', (at / "review.html").read_text("utf-8"))
    assert len(links) == 2
    assert all((at / link).read_bytes()[:3] == b"ID3" for link in links)
    assert "href" not in page(due(app, run), MemoryStore())


def test_a_page_of_very_many_shows_the_first_and_says_so(tmp_path: Path) -> None:
    app = batch_app()
    shown = due(app, finished(app, tales(tmp_path, IDEAS[:1], publish={"review": "all"}))).sample[0]
    text = page(Review("one", "tales", "all", 2500, (), (shown,) * 2500), app.store)
    assert text.count("<article") == 2000
    assert "the first 2\u202f000 of 2\u202f500" in text
