"""Which story prompt a model uses: promoted, and taken back, in the files of data/prompts.

All are files of the project, so that a promotion is a diff that is reviewed, committed and shipped like code:
the command line, the DAG and the Lambda function of that commit use it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from pipeline.errors import ConfigError, RequestError
from pipeline.story.prompt import EVERY_MODEL, ID, read, story_prompts

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


def use(model: str, prompt_id: str) -> tuple[Path, ...]:
    """Makes a shipped prompt the model's, without a record. Raises RequestError: unknown, or already so."""
    if prompt_id not in story_prompts():
        raise RequestError(
            f"unknown story prompt {prompt_id[:40]!r}: there are {', '.join(story_prompts())}",
            problem="unknown-prompt",
        )
    return _write({_current_file(): _current_with(model, prompt_id)})


def back(model: str) -> str:
    """Undoes the model's last promotion or use; returns the id that it uses now. The prompt's file stays:
    stories were written with it. Raises RequestError: nothing to undo."""
    document = _read(_current_file())
    models = document["models"]
    ids = list(models.get(model, ()))
    if not ids or (model == EVERY_MODEL and len(ids) == 1):
        raise RequestError(
            f"{model} has no story prompt of its own to go back from: `stories prompts` lists who has",
            problem="nothing-to-undo",
        )
    if len(ids) == 1:
        del models[model]
    else:
        models[model] = ids[:-1]
    _write({_current_file(): tomlkit.dumps(document)})
    return str((models.get(model) or models[EVERY_MODEL])[-1])


def users() -> dict[str, tuple[str, ...]]:
    """Each model's prompts, the one in use last."""
    models: dict[str, list[str]] = read("current")["models"]
    return {model: tuple(ids) for model, ids in models.items()}


def text(prompt_id: str) -> str:
    """A prompt's file as it is."""
    return _prompt_file(prompt_id).read_text("utf-8")


def without_records(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt alone: what a story is written with."""
    return {name: value for name, value in spec.items() if name != RECORDS}


def _promoted(model: str, spec: Mapping[str, Any], record: Mapping[str, Any]) -> dict[Path, str]:
    """The files' texts after a promotion, the prompt's own first."""
    prompt_id = f"{spec['name']}@{spec['version']}"
    if not ID.fullmatch(prompt_id):
        raise RequestError(
            f"not a story prompt's name and version: {prompt_id[:40]!r}; write it like bedtime@2",
            problem="bad-id",
        )
    path, prompt = _prompt_file(prompt_id), without_records(spec)
    if not path.exists():
        document = _new_document(prompt)
    elif without_records((document := _read(path)).unwrap()) != prompt:
        raise RequestError(
            f"{prompt_id} is another prompt already, and stories were written with it: raise the version",
            problem="prompt-taken",
        )
    document.setdefault(RECORDS, tomlkit.aot()).append(_item({"model": model, **record}))
    return {path: tomlkit.dumps(document), _current_file(): _current_with(model, prompt_id)}


def _new_document(prompt: Mapping[str, Any]) -> tomlkit.TOMLDocument:
    """Plain values before tables, as TOML requires."""
    document = tomlkit.document()
    for name, value in sorted(prompt.items(), key=lambda pair: _is_tables(pair[1])):
        document[name] = _item(value)
    return document


def _item(value: Any) -> Any:
    """A TOML value: long texts over several lines and mappings as tables, as people write them."""
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    if isinstance(value, Mapping):
        table = tomlkit.table()
        for name, part in value.items():
            table[name] = _item(part)
        return table
    if _is_tables(value):
        tables = tomlkit.aot()
        for part in value:
            tables.append(_item(part))
        return tables
    return value


def _is_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, Mapping) for part in value)


def _current_with(model: str, prompt_id: str) -> str:
    """current.toml with the prompt as the model's last."""
    document = _read(_current_file())
    models = document["models"]
    ids = list(models.get(model, ()))
    if ids[-1:] == [prompt_id]:
        raise RequestError(f"{model} uses {prompt_id} already", problem="already-so")
    models[model] = [*ids, prompt_id]
    return tomlkit.dumps(document)


def _prompt_file(prompt_id: str) -> Path:
    return _folder() / "stories" / f"{prompt_id}.toml"


def _current_file() -> Path:
    return _folder() / "current.toml"


def _folder() -> Path:
    return Path(str(files("pipeline").joinpath("data", "prompts")))


def _read(path: Path) -> Any:
    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except (OSError, TOMLKitError) as error:
        raise ConfigError(
            f"cannot read {path.name} ({error}): git restore it", problem="unwritable"
        ) from error


def _write(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """Each whole or not at all, in order: current.toml, the last, never names a file that does not exist."""
    for path, content in texts.items():
        try:
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_name(f".{path.name}.new")
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
    name = f"pipeline/data/{path.relative_to(_folder().parent).as_posix()}"
    old = f"a/{name}" if before else "/dev/null"
    return "".join(difflib.unified_diff(before, content.splitlines(keepends=True), old, f"b/{name}"))
