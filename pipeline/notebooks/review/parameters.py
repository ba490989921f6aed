"""The review notebook's parameters, looked at before anything is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pipeline
from pipeline.batch.running import known
from pipeline.batch.runs import Run
from pipeline.config import env_file
from pipeline.config.profiles import profiles
from pipeline.config.settings import Settings
from pipeline.errors import NotFoundError, RequestError
from pipeline.notebooks.review.run import newest
from pipeline.ports import Store

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Parameters:
    """As the notebook's cell says them; see there. Raises RequestError, naming the one that cannot be."""

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
            told = getattr(self, name)
            if not isinstance(told, int) or isinstance(told, bool) or told < least:
                raise _bad(name, told, f"give a whole number, {least} or more")
        if self.profile not in profiles():
            raise _bad("profile", self.profile, f"there are {', '.join(profiles())}")

    @property
    def settings(self) -> Settings:
        """A relative `out` is told from the project's folder, as its .env is: a notebook may be run from any.
        What .env says is for boto3, too, so it goes into the environment."""
        project = Path(pipeline.__file__).parents[1]
        env_file.fill(os.environ, project)
        out = project / Path(self.out).expanduser()
        return Settings.from_env(os.environ, profile=self.profile, out=out)

    def run(self, store: Store) -> Run:
        """The run that is meant. Raises RequestError: there is no such run, catalog or language."""
        found = self._asked(store) if self.run_id else self._newest(store)
        about = found.about()
        if self.catalog not in ("", about.catalog["name"]):
            raise _bad(
                "catalog", self.catalog, f"run {found.id} is of {about.catalog['name']}; leave one empty"
            )
        served = about.catalog["locales"]
        if self.locale and self.locale not in served and not self._is_asked_for(found):
            raise _bad("locale", self.locale, f"the run's languages are {', '.join(served)}")
        return found

    def _asked(self, store: Store) -> Run:
        try:
            found = Run(store, self.run_id)
            found.about()
        except (NotFoundError, RequestError) as error:
            names = ", ".join(one.id for one in known(store)[:_SHOWN])
            todo = f"the newest are {names}; empty means the newest" if names else self._make_one()
            raise _bad("run_id", self.run_id, f"there is no such run: {todo}") from error
        except (ValueError, TypeError) as error:
            raise _bad("run_id", self.run_id, "its run.json is damaged: run the catalog again") from error
        return found

    def _newest(self, store: Store) -> Run:
        if found := newest(store, self.catalog):
            return Run(store, found)
        if self.catalog and (names := {one.about.catalog["name"] for one in known(store)}):
            todo = f"no run of this catalog; there are {', '.join(sorted(names))}"
            raise _bad("catalog", self.catalog, todo)
        raise _bad("out", self.out, f"there is no run in this store yet: {self._make_one()}")

    def _make_one(self) -> str:
        return f"first stories catalog run catalogs/bedtime.yaml --profile {self.profile}"

    def _is_asked_for(self, run: Run) -> bool:
        """By an entry of its own, beside the catalog's languages."""
        return any(self.locale in item.locales for item in run.all_items())


def _bad(name: str, told: object, todo: str) -> RequestError:
    return RequestError(f"{name}={str(told)[:60]!r}: {todo}", problem="bad-request")
