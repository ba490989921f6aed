"""One request, asked by each way in, into a store of its own: the same manifest, byte for byte."""

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
    found = [key for key in store.list("stories/") if key.endswith("/manifest.json")]
    return {key: store.get(key) for key in found}


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
    response = by_command_line(tmp_path / "cli")
    assert {json.loads(body)["locale"] for body in response.values()} == set(_LOCALES)
    assert by_api(tmp_path / "api") == response
    assert by_dag(airflow) == response


def test_what_they_make_is_the_profile_s_own_prompt_s(tmp_path: Path) -> None:
    """Not what a test's own app would make of it."""
    app = bootstrap.build_app(Settings.from_env({}, profile="fake", out=tmp_path))
    response = by_command_line(tmp_path / "cli")
    requests = FileStore(tmp_path / "cli" / "out")
    asked = [
        json.loads(requests.get(key)) for key in requests.list("stories/") if key.endswith("request.json")
    ]
    assert {one["prompt"] for one in asked} == {app.prompt.id}
    assert response
