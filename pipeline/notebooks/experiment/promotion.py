"""Which story prompt a model uses: promoted, and taken back, in the files of data/prompts.

All are files of the project, so that a promotion is a diff that is reviewed, committed and shipped like code:
the command line, the DAG and the Lambda function of that commit use it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError, RequestError
from pipeline.story.prompt import EVERY_MODEL, ID, current, story_prompts

RECORDS = "promoted"


def promote(model: str, spec: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[Path, ...]:
    """Makes the prompt the model's; returns the files that were written, the prompt's own first.

    spec: a whole story prompt with its name and version. record: why, in figures; kept in the prompt's file
    as a [[promoted]] table beside those of other models. Raises RequestError: not a name ("bad-id"); other
    words under the same name and version ("prompt-taken"); in use already ("already-so"). ConfigError: the
    files cannot be read or written.
    """
    return _write(_promoted(model, spec, record))


def diff(model: str, spec: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """What promote() would change, as a unified diff. Raises as promote()."""
    return "".join(_diff(path, text) for path, text in _promoted(model, spec, record).items())


def use(model: str, prompt_id: str) -> None:
    """Makes a shipped prompt the model's, without a record. Raises RequestError: unknown, or already so."""
    if prompt_id not in story_prompts():
        raise RequestError(
            f"unknown story prompt {prompt_id[:40]!r}: there are {', '.join(story_prompts())}",
            problem="unknown-prompt",
        )
    _write(_with(model, prompt_id))


def back(model: str) -> None:
    """Undoes the model's last promotion or use. The prompt's file stays: stories were written with it. Raises
    RequestError: nothing to undo."""
    ids = _ids(model)
    if len(ids) < (2 if model == EVERY_MODEL else 1):
        raise RequestError(
            f"{model} has no story prompt of its own to go back from: `stories prompts` lists who has",
            problem="nothing-to-undo",
        )
    _write(_with_ids(model, ids[:-1]))


def used_by(model: str) -> tuple[str, ...]:
    """The ids of the prompts that the model has used, the one in use last."""
    return tuple(_ids(model)) or (current(model),)


def prompt_file(prompt_id: str) -> Path:
    return current_file().parent / "stories" / f"{prompt_id}.toml"


def current_file() -> Path:
    """Each model's prompts, the one in use last."""
    return Path(str(files("pipeline").joinpath("data", "prompts", "current.toml")))


def without_records(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt alone: what a story is written with."""
    return {name: value for name, value in spec.items() if name != RECORDS}


def _promoted(model: str, spec: Mapping[str, Any], record: Mapping[str, Any]) -> dict[Path, str]:
    """The files' texts after a promotion, the prompt's own first."""
    import tomlkit

    prompt_id = f"{spec['name']}@{spec['version']}"
    if not ID.fullmatch(prompt_id):
        raise RequestError(
            f"not a story prompt's name and version: {prompt_id[:40]!r}; write it like bedtime@2",
            problem="bad-id",
        )
    path, prompt = prompt_file(prompt_id), without_records(spec)
    if path.exists():
        document = _read(path)
    else:
        document = tomlkit.document()
        document.update(_multiline(prompt))
    if without_records(document.unwrap()) != prompt:
        raise RequestError(
            f"{prompt_id} is another prompt already, and stories were written with it: raise the version",
            problem="prompt-taken",
        )
    document.setdefault(RECORDS, tomlkit.aot()).append(tomlkit.item({"model": model, **record}))
    return {path: document.as_string(), **_with(model, prompt_id)}


def _multiline(value: Any) -> Any:
    """The value with long texts over several lines, as people write them."""
    import tomlkit

    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    if isinstance(value, Mapping):
        return {name: _multiline(part) for name, part in value.items()}
    return [_multiline(part) for part in value] if isinstance(value, list) else value


def _ids(model: str) -> list[str]:
    return list(_read(current_file())["models"].get(model, ()))


def _with(model: str, prompt_id: str) -> dict[Path, str]:
    """current.toml with the prompt as the model's last."""
    ids = _ids(model)
    if ids[-1:] == [prompt_id]:
        raise RequestError(f"{model} uses {prompt_id} already", problem="already-so")
    return _with_ids(model, [*ids, prompt_id])


def _with_ids(model: str, ids: Sequence[str]) -> dict[Path, str]:
    """current.toml with these as the model's prompts; without the model where there are none."""
    document = _read(current_file())
    if ids:
        document["models"][model] = ids
    else:
        del document["models"][model]
    return {current_file(): document.as_string()}


def _read(path: Path) -> Any:
    import tomlkit  # slow to load, for every command but `stories prompts`
    from tomlkit.exceptions import TOMLKitError

    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except (OSError, TOMLKitError) as error:
        raise ConfigError(
            f"cannot read {path.name} ({error}): git restore it", problem="unwritable"
        ) from error


def _write(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """Each whole or not at all, in order: current.toml, the last, never names a file that does not exist."""
    for path, content in texts.items():
        temporary = path.with_name(f".{path.name}.new")
        try:
            temporary.write_text(content, "utf-8")
            temporary.replace(path)
        except OSError as error:
            raise ConfigError(
                f"cannot write {path.name} ({error.strerror}): promote in a checkout of your own, where "
                "`make setup` installed the project",
                problem="unwritable",
            ) from error
    return tuple(texts)


def _diff(path: Path, content: str) -> str:
    before = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    name = f"pipeline/data/{path.relative_to(current_file().parents[1]).as_posix()}"
    old = f"a/{name}" if before else "/dev/null"
    return "".join(difflib.unified_diff(before, content.splitlines(keepends=True), old, f"b/{name}"))
