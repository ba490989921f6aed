"""On a real account: runs only by `make test-aws-live`, and prints what it costs.

About 0.05 US$ a run (a story of 120 words, one translation, two narrations), and the endpoint's hour.
"""

from __future__ import annotations

import os

import pytest
import urllib3

from pipeline.bootstrap import build_app
from pipeline.config.settings import Settings
from pipeline.steps.accept import accept
from pipeline.steps.run import run
from pipeline.storage.ledger import payments, price_table, rows
from tests.making import Listener

pytestmark = pytest.mark.aws_live


def test_a_story_in_two_languages_plays_from_its_signed_urls(capsys: pytest.CaptureFixture[str]) -> None:
    app = build_app(Settings.from_env(os.environ, profile="aws"))
    story_id = accept(app, "a shy dragon who bakes bread")
    for locale in ("en", "pt"):
        manifest = run(app, story_id, locale, Listener())
        with urllib3.PoolManager(retries=False, timeout=30) as http:
            response = http.request("GET", app.store.url(manifest.mp3), headers={"Range": "bytes=0-9"})
        assert (response.status, response.data[:3]) == (206, b"ID3")
    spent = sum(row.dollars or 0 for row in rows(payments(app.store), price_table()))
    with capsys.disabled():
        print(f"\nthe bucket's ledger stands at US$ {spent:.4f}")  # noqa: T201 - the cost line
    assert spent < 1
