"""The catalog run that a review reads: which run is meant, and what its store holds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pipeline
from pipeline.app import App
from pipeline.batch.publishing import Pair, complete_of, pairs, readable, streamed
from pipeline.batch.running import Known, known
from pipeline.batch.runs import Run
from pipeline.config import env_file
from pipeline.config.profiles import profiles
from pipeline.config.settings import Settings
from pipeline.errors import DamagedError, NotFoundError, RequestError
from pipeline.ports import Store
from pipeline.storage import keys
from pipeline.storage.keys import WRITTEN_IN
from pipeline.storage.records import CommittedText, load_text
from pipeline.storage.shelf import PUBLISHED
from pipeline.types import Manifest

# Quicker loops show no progress bar.
BAR_SECONDS = 2.0
_LISTED = 3
_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class Parameters:
    """As the notebook's cell gives them; see there. Raises RequestError, naming the wrong one."""

    profile: str
    out: str
    catalog: str = ""
    run_id: str = ""
    listen: int = 3
    most: int = 500
    locale: str = ""

    def __post_init__(self) -> None:
        for name in ("profile", "out", "catalog", "run_id", "locale"):
            if not isinstance(getattr(self, name), str):
                raise _bad(name, getattr(self, name), "give a text in quotes")
        for name, least in (("listen", 0), ("most", 1)):
            value = getattr(self, name)
            if type(value) is not int or value < least:
                raise _bad(name, value, f"give a whole number, {least} or more")
        if self.profile not in profiles():
            raise _bad("profile", self.profile, f"there are {', '.join(profiles())}")

    @property
    def settings(self) -> Settings:
        """A relative `out` is in the project's folder, as .env is: a notebook may run in any folder. boto3
        reads .env's values too, so they go into the environment."""
        project = Path(pipeline.__file__).parents[1]
        env_file.fill(os.environ, project)
        out = project / Path(self.out).expanduser()
        return Settings.from_env(os.environ, profile=self.profile, out=out)

    def run(self, store: Store) -> Run:
        """The run that is meant. Raises RequestError: there is no such run, catalog or language."""
        runs = {item.id: item for item in known(store)} if not self.run_id else {}
        run = self._by_id(store) if self.run_id else self._newest(store, list(runs.values()))
        settings = run.about().catalog
        if self.catalog not in ("", settings["name"]):
            raise _bad("catalog", self.catalog, f"run {run.id} is of {settings['name']}; leave one empty")
        locales = settings["locales"]
        # An entry may have languages of its own.
        if self.locale not in ("", *locales) and not any(
            self.locale in item.locales for item in run.all_items()
        ):
            raise _bad("locale", self.locale, f"the run's languages are {', '.join(locales)}")
        return run

    def _by_id(self, store: Store) -> Run:
        try:
            run = Run(store, self.run_id)
            run.about()
        except (NotFoundError, RequestError) as error:
            newest = ", ".join(item.id for item in known(store)[:_LISTED])
            hint = f"the newest are {newest}; empty means the newest" if newest else self._how_to_make_one()
            raise _bad("run_id", self.run_id, f"there is no such run: {hint}") from error
        except DamagedError as error:
            raise _bad("run_id", self.run_id, "its run.json is damaged: run the catalog again") from error
        return run

    def _newest(self, store: Store, runs: Sequence[Known]) -> Run:
        for item in runs:
            if self.catalog in ("", item.about.catalog["name"]):
                return Run(store, item.id)
        if self.catalog and (names := sorted({item.about.catalog["name"] for item in runs})):
            raise _bad("catalog", self.catalog, f"no run of this catalog; there are {', '.join(names)}")
        raise _bad("out", self.out, f"there is no run in this store yet: {self._how_to_make_one()}")

    def _how_to_make_one(self) -> str:
        return f"first stories catalog run catalogs/bedtime.yaml --profile {self.profile}"


@dataclass(frozen=True, slots=True)
class RunContents:
    """What was read of a run. ids: of the stories that were to be read. stories: by id, the committed English
    text. narrations: by id and locale. unreadable: (key, why) of damaged or missing files. complete: how many
    stories are complete in at least one language."""

    run: str
    ids: tuple[str, ...]
    stories: Mapping[str, CommittedText]
    narrations: Mapping[Pair, Manifest]
    unreadable: tuple[tuple[str, str], ...]
    complete: int

    @property
    def in_words(self) -> str:
        """How much was read, and whether that is all."""
        if not self.complete:
            return "Nothing of this run is complete: there is no text to judge."
        counts = f"English texts read: {len(self.stories):,}, narrations: {len(self.narrations):,}"
        if len(self.ids) == self.complete:
            return f"{counts}. That is everything that is made."
        return (
            f"{counts}. A sample: {len(self.ids):,} of {self.complete:,} stories, the first by id. IDs are "
            'hashes, so these are a random sample; the parameter "most" reads more.'
        )


def read(app: App, run: Run, most: int = 500, locale: str = "") -> RunContents:
    """At most `most` stories, in all languages or in `locale`; unreadable files are listed. Raises
    NotFoundError: no such run."""
    run.about()
    complete = sorted(complete_of(app.store, (pair for _, pair in pairs(run) if locale in ("", pair[1]))))
    all_ids = tuple(dict.fromkeys(story_id for story_id, _ in complete))
    ids = all_ids[:most]
    chosen = [pair for pair in complete if pair[0] in set(ids)]
    manifests = _read_all(lambda pair: readable(app.store, pair), chosen, "narrations")
    texts = _read_all(lambda story_id: _text(app.store, story_id), ids, "texts")
    unreadable = [
        (keys.text(story_id, WRITTEN_IN), text) for story_id, text in texts.items() if isinstance(text, str)
    ]
    unreadable += [(keys.manifest(*pair), "damaged or gone") for pair in chosen if manifests[pair] is None]
    return RunContents(
        run=run.id,
        ids=ids,
        stories={story_id: text for story_id, text in texts.items() if isinstance(text, CommittedText)},
        narrations={pair: manifest for pair, manifest in manifests.items() if manifest is not None},
        unreadable=tuple(unreadable),
        complete=len(all_ids),
    )


def listing(store: Store, run: Run) -> str:
    """What readers have of the run: "published", "withdrawn", or "not published"."""
    if _exists(store, keys.withdrawn(PUBLISHED, run.id)):
        return "withdrawn"
    return "published" if _exists(store, keys.publication(PUBLISHED, run.id)) else "not published"


def _exists(store: Store, key: str) -> bool:
    try:
        store.get(key)
    except NotFoundError:
        return False
    return True


def _text(store: Store, story_id: str) -> CommittedText | str:
    """The committed text, or why it cannot be read."""
    key = keys.text(story_id, WRITTEN_IN)
    try:
        text = load_text(store.get(key), key)
    except NotFoundError:
        return "gone"
    except DamagedError:
        return "damaged"
    parts = (text.story.title, *text.story.segments)
    return text if all(isinstance(part, str) for part in parts) else "damaged"


def _read_all(read_item: Callable[[_In], _Out], items: Sequence[_In], what: str) -> dict[_In, _Out]:
    """Each item's result, several at once, with a progress bar."""
    from tqdm import tqdm

    results = streamed(read_item, items)
    bar = tqdm(results, what, len(items), delay=BAR_SECONDS, mininterval=1, file=sys.stdout)
    return dict(zip(items, bar, strict=True))


def _bad(name: str, value: object, hint: str) -> RequestError:
    return RequestError(f"{name}={str(value)[:60]!r}: {hint}", problem="bad-request")
