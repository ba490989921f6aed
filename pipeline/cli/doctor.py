"""`stories doctor` and `stories voices`: is all there that a profile needs, and what is to be done."""

from __future__ import annotations

import os
import shutil
from argparse import Namespace
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.bootstrap import models_dir, weights
from pipeline.cli.terminal import say, table, tell
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.types import Finding

if TYPE_CHECKING:
    from pipeline.engines.aws.voices import Changes

# A story is about 3 MB with its segments; under this much a run ends in a full disk before long.
_LEAST_FREE_MB = 500
_SIGNS = {True: "ok", False: "NO", None: "?"}


def doctor(options: Namespace) -> None:
    """One line a finding, as it is known. Raises ConfigError at the end where something did not pass."""
    settings = Settings.from_options(os.environ, options)
    failed, unknown = [], 0
    for finding in _findings(settings):
        say(f"{_SIGNS[finding.passed]:3} {finding.name}: {finding.summary}")
        if finding.todo and not finding.passed:
            say(f"      {finding.todo}")
        if finding.passed is False:
            failed.append(finding.name)
        unknown += finding.passed is None
    if failed:
        raise ConfigError(
            f"not ready for --profile {settings.profile}: {', '.join(failed)}; what to do stands above",
            problem="not-ready",
        )
    but = f", as far as could be looked at ({unknown} not)" if unknown else ""
    tell(f"ready for --profile {settings.profile}{but}")


def voices(options: Namespace) -> None:
    """Polly's voices of our table; with `refresh`, what the service says now, and a table of it."""
    from pipeline.engines.aws import voices as polly
    from pipeline.engines.aws.clients import Clients

    settings = Settings.from_env(os.environ)
    known = polly.read_table(settings.aws.voices)
    if options.action == "refresh":
        changes = polly.refresh(Clients(), table=known)
        _tell_changes(changes)
        if changes:
            _write(options.file or settings.aws.voices, polly.render(changes.table))
        return
    rows = [
        (voice.language, voice.id, ", ".join(voice.engines), ", ".join(_spoken(known.locales, voice.id)))
        for voice in known.voices
    ]
    say(table([("language", "voice", "engines", "default for"), *rows]))
    tell(f"as of {known.dated}; `stories voices refresh` asks the service")


def _tell_changes(changes: Changes) -> None:
    for what, names in (
        ("gone", changes.gone),
        ("no longer neural", changes.lost),
        ("neural now", changes.gained),
        ("new", tuple(f"{voice.id} ({voice.language})" for voice in changes.new)),
        (
            "spoken by another",
            tuple(f"{locale}: {name or 'nobody'}" for locale, name in changes.moved.items()),
        ),
    ):
        if names:
            tell(f"{what}: {', '.join(names)}")
    if not changes:
        tell("nothing has changed")


def _spoken(locales: Mapping[str, str], voice: str) -> list[str]:
    return [locale for locale, name in locales.items() if name == voice]


def _write(path: Path | None, text: str) -> None:
    if path is None:
        tell("to use it: stories voices refresh --file voices.toml, and set STORIES_VOICES to that file")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path} ({error.strerror}): choose another --file", problem="unwritable"
        ) from error
    tell(f"written to {path}; STORIES_VOICES={path} uses it")


def _findings(settings: Settings) -> Iterator[Finding]:
    if profile(settings.profile)["store"] == "files":
        yield from _local(settings)
    else:
        yield from _cloud(settings)


def _cloud(settings: Settings) -> Iterator[Finding]:
    from pipeline.engines.aws import doctor as cloud
    from pipeline.engines.aws import voices as polly
    from pipeline.engines.aws.clients import Clients

    aws = settings.aws
    clients = Clients(timeouts=cloud.PATIENCE)
    yield from cloud.examine(clients, aws.endpoint, aws.bucket, polly.read_table(aws.voices))


def _local(settings: Settings) -> Iterator[Finding]:
    from pipeline.engines.embedded import models
    from pipeline.engines.embedded.verification import amount

    directory = models_dir(settings)
    wanted = weights(settings)
    missing = {one.name: one.source.size for one in models.missing(wanted, directory)}
    for name in wanted:
        absent = missing.get(name)
        yield Finding(
            f"weights {name}",
            absent is None,
            "here" if absent is None else f"not here ({amount(absent)})",
            "" if absent is None else "stories models fetch; `stories make` does it as well",
        )
    yield _folder("stories", settings.out)
    yield _folder("weights", directory)


def _folder(name: str, path: Path) -> Finding:
    there = next(part for part in (path, *path.resolve().parents) if part.exists())
    if not os.access(there, os.W_OK):
        return Finding(f"folder of the {name}", False, f"{path} cannot be written", "choose another one")
    free = shutil.disk_usage(there).free // 2**20
    return Finding(
        f"folder of the {name}",
        free >= _LEAST_FREE_MB,
        f"{path}, {free} MB free",
        f"free some space: at least {_LEAST_FREE_MB} MB",
    )
