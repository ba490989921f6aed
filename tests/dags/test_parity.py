"""The same request by every entry point, each with a store of its own: the same manifest, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path

from pipeline import bootstrap
from pipeline.config.settings import Settings
from pipeline.engines.embedded.files import FileStore
from pipeline.ports import Store
from tests.api.calling import IDEA, FakeApi
from tests.command import Stories
from tests.dags.airflows import Airflow

_LOCALES = ("en", "fr")


def manifests(store: Store) -> dict[str, bytes]:
    return {key: store.get(key) for key in store.list("stories/") if key.endswith("/manifest.json")}


def by_command_line(folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    stories = Stories(folder)
    locales = [part for locale in _LOCALES for part in ("--locale", locale)]
    assert stories("make", IDEA, *locales).status == 0
    return manifests(FileStore(stories.out))


def by_api(folder: Path) -> dict[str, bytes]:
    store = FileStore(folder)
    api = FakeApi(store)
    for locale in _LOCALES:
        accepted = api.post(body={"context": IDEA, "locale": locale, "variant": 0})
        api.followed(accepted.headers["location"])
    return manifests(store)


def by_dag(airflow: Airflow) -> dict[str, bytes]:
    ended = airflow.run(airflow.catalog(IDEA, locales=list(_LOCALES)))
    assert ended.state == "success"
    return manifests(ended.run.store)


def test_command_line_api_and_dag_make_the_same_manifests(airflow: Airflow, tmp_path: Path) -> None:
    expected = by_command_line(tmp_path / "cli")
    assert {json.loads(body)["locale"] for body in expected.values()} == set(_LOCALES)
    app = bootstrap.build_app(Settings.from_env({}, profile="fake", out=tmp_path / "cli" / "out"))
    (request,) = [key for key in app.store.list("stories/") if key.endswith("request.json")]
    assert json.loads(app.store.get(request))["prompt"] == app.prompt.id
    assert by_api(tmp_path / "api") == expected
    assert by_dag(airflow) == expected
