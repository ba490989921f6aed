"""`stories doctor`: whether everything that a profile needs is ready, and how to fix what is not."""

from __future__ import annotations

import os
import platform
import shutil
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from pipeline.bootstrap import models_dir, translated_languages, weights
from pipeline.bootstrap.models import writing_engine
from pipeline.bootstrap.parts import meanings_engine
from pipeline.cli.parsers import Commands, add_command
from pipeline.cli.terminal import say, tell
from pipeline.config.profiles import profile
from pipeline.config.settings import Settings
from pipeline.errors import ConfigError
from pipeline.types import Finding

# A story is about 3 MB with its segments; with less than this a run soon ends in a full disk.
_LEAST_FREE_MB = 500
# The check of a writer on AWS, where the rest of the profile is local.
_OF_WRITERS = {"sagemaker": "endpoint", "bedrock": "model"}
# Where there is a wheel of the package that looks at meanings.
_MEANINGS_RUN_ON = ("Linux", "x86_64")
_MARKS = {True: "ok", False: "NO", None: "?"}


def add(commands: Commands, shared: ArgumentParser) -> None:
    description = "whether everything that the profile needs is ready, and what to do"
    add_command(commands, shared, "doctor", doctor, description)


def doctor(options: Namespace) -> None:
    """Prints each finding as soon as it is known. Raises ConfigError at the end: "not-ready" where one did
    not pass, "not-checked" where that is not known of something that is needed.
    """
    settings = Settings.from_options(os.environ, options)
    findings = []
    for finding in _findings(settings):
        say(f"{_MARKS[finding.passed]:3} {finding.name}: {finding.summary}")
        if finding.todo and not finding.passed:
            say(f"      {finding.todo}")
        findings.append(finding)
    _conclude(findings, settings.profile)


def _conclude(findings: Sequence[Finding], profile: str) -> None:
    """Says that all is ready. Raises ConfigError: it is not, or it could not be looked at."""
    if failed := _names(finding for finding in findings if finding.passed is False):
        raise ConfigError(
            f"not ready for --profile {profile}: {failed}; see above for what to do", problem="not-ready"
        )
    unknown = [finding for finding in findings if finding.passed is None]
    if missing := _names(finding for finding in unknown if finding.needed):
        raise ConfigError(
            f"it is not known whether --profile {profile} is ready, because these could not be looked at: "
            f"{missing}; see above for what to do",
            problem="not-checked",
        )
    tell(f"ready for --profile {profile}" + (f"; not looked at: {_names(unknown)}" if unknown else ""))


def _names(findings: Iterable[Finding]) -> str:
    return ", ".join(finding.name for finding in findings)


def _findings(settings: Settings) -> Iterator[Finding]:
    if settings.writer.url:
        from pipeline.engines.openai.doctor import examine

        writer = settings.writer
        yield examine(writer.url, settings.model, writer.key, writer.plain)
    yield _meanings(settings.profile)
    engine = writing_engine(profile(settings.profile), settings)
    if profile(settings.profile)["store"] == "files":
        yield from _local(settings)
        if writer_check := _OF_WRITERS.get(engine):
            yield from _cloud(settings, engine, ("region", "credentials", writer_check))
    else:
        yield from _cloud(settings, engine)


def _cloud(settings: Settings, engine: str, only: Collection[str] = ()) -> Iterator[Finding]:
    from pipeline.engines.aws import doctor as cloud
    from pipeline.engines.aws import voices as polly
    from pipeline.engines.aws.clients import Clients

    aws = settings.aws
    clients = Clients(timeouts=cloud.PATIENCE)
    model = settings.model if engine == "bedrock" else None
    table = polly.read_table(aws.voices)
    findings = cloud.examine(
        clients, aws.endpoint, aws.bucket, table, model=model, guardrail=aws.guardrail, only=only
    )
    # Another server writes: no endpoint is needed.
    yield from (finding for finding in findings if finding.name != "endpoint" or not settings.writer.url)


def _local(settings: Settings) -> Iterator[Finding]:
    from pipeline.engines.embedded import models

    directory = models_dir(settings)
    names, writing = weights(settings), weights(settings, ())
    missing = {model.name: model.download_size for model in models.missing(names, directory)}
    for name in names:
        if name in missing:
            size, todo = models.amount(missing[name]), "stories models fetch; `stories make` does it as well"
            # Without a voice's there are stories all the same, in other voices.
            passed, when = (False, "") if name in writing else (None, ", fetched when its voice is asked for")
            yield Finding(f"weights {name}", passed, f"not here ({size}{when})", todo)
        else:
            yield Finding(f"weights {name}", True, "here", "")
    yield from _translators(settings)
    yield _folder("stories", settings.out)
    yield _folder("weights", directory)


def _meanings(name: str) -> Finding:
    """The second check of ideas; to have none is no fault of a machine or a profile that cannot have it."""
    why = ""
    if "meanings" not in (spec := profile(name)):
        why = f"the profile {name} has none"
    elif not meanings_engine(spec):
        here = platform.system(), platform.machine()
        why = "not installed" if here == _MEANINGS_RUN_ON else "it runs on Linux on x86-64 only"
    effect = (
        f"off ({why}): ideas are checked by their words alone, and more unsafe ones pass"
        if why
        else "on: ideas are checked by their words and by what they mean"
    )
    return Finding(
        "ideas by meaning", why != "not installed", f"{effect}; docs/safety.md tells more", "run `make setup`"
    )


def _translators(settings: Settings) -> Iterator[Finding]:
    from pipeline.engines.embedded import translators

    directory, languages = models_dir(settings), translated_languages(settings)
    missing = [each for each in languages if not translators.are_here(translators.of(each), directory)]
    if languages:
        here = ", ".join(each for each in languages if each not in missing) or "none"
        drafts = f"; the language model drafts {', '.join(missing)}, until `stories models fetch`"
        yield Finding("translators", True, f"here: {here}{drafts if missing else ''}")


def _folder(name: str, path: Path) -> Finding:
    existing = next(part for part in (path, *path.resolve().parents) if part.exists())
    if not os.access(existing, os.W_OK):
        return Finding(f"folder of the {name}", False, f"{path} cannot be written", "choose another one")
    free = shutil.disk_usage(existing).free // 2**20
    return Finding(
        f"folder of the {name}",
        free >= _LEAST_FREE_MB,
        f"{path}, {free} MB free",
        f"free some space: at least {_LEAST_FREE_MB} MB",
    )
