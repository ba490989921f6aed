"""Which story prompt a model is asked with: promoted, and taken back, in the files of data/prompts.

Both are files of the project, so that a promotion is a diff that is read, committed and shipped like code:
the command line, the DAG and the Lambda function of that commit ask with it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from pipeline.errors import ConfigError, RequestError
from pipeline.story.prompt import EVERY_MODEL, ID, read, story_prompts

RECORDS = "promoted"


def promote(model: str, spec: Mapping[str, Any], record: Mapping[str, Any]) -> tuple[Path, ...]:
    """From now on the model is asked with this prompt; the files that were written, the prompt's own first.

    spec: a whole story prompt, its name and version among it. record: why, in figures; kept in the prompt's
    file as a [[promoted]] table beside those of other models. Raises RequestError: not a name; other words
    under the same name and version ("prompt-taken"); it is so already. ConfigError: the files cannot be read
    or written.
    """
    return _write(_promoted(model, spec, record))


def diff(model: str, spec: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """What promote() would change, as a unified diff. Raises as promote()."""
    return "".join(_diff(path, text) for path, text in _promoted(model, spec, record).items())


def use(model: str, prompt_id: str) -> tuple[Path, ...]:
    """A prompt that is there, without a record. Raises RequestError: it is not, or is in use already."""
    if prompt_id not in story_prompts():
        raise RequestError(
            f"unknown story prompt {prompt_id[:40]!r}: there are {', '.join(story_prompts())}",
            problem="unknown-prompt",
        )
    return _write({_current_file(): _pointed(model, prompt_id)})


def back(model: str) -> str:
    """Undoes the model's last promotion or use; the id that it is asked with now. The prompt's file stays:
    stories were written with it. Raises RequestError: nothing to undo."""
    document = _current()
    models = document["models"]
    told = list(models.get(model, ()))
    if not told or (model == EVERY_MODEL and len(told) == 1):
        raise RequestError(
            f"{model} has no story prompt of its own to go back from: `stories prompts` lists who has",
            problem="nothing-to-undo",
        )
    if len(told) == 1:
        del models[model]
    else:
        models[model] = told[:-1]
    _write({_current_file(): tomlkit.dumps(document)})
    return str((models.get(model) or models[EVERY_MODEL])[-1])


def users() -> dict[str, tuple[str, ...]]:
    """Each model's prompts, the one in use last."""
    told: dict[str, list[str]] = read("current")["models"]
    return {model: tuple(ids) for model, ids in told.items()}


def text(prompt_id: str) -> str:
    """A prompt's file as it is."""
    return (_folder() / "stories" / f"{prompt_id}.toml").read_text("utf-8")


def _promoted(model: str, spec: Mapping[str, Any], record: Mapping[str, Any]) -> dict[Path, str]:
    """The files' texts after a promotion, the prompt's own first."""
    prompt_id = f"{spec['name']}@{spec['version']}"
    if not ID.fullmatch(prompt_id):
        raise RequestError(
            f"not a story prompt's name and version: {prompt_id[:40]!r}; say it like bedtime@2",
            problem="bad-id",
        )
    path = _folder() / "stories" / f"{prompt_id}.toml"
    document = _document(path, spec) if path.exists() else _fresh(spec)
    table = tomlkit.item({"model": model, **record})
    assert isinstance(table, Table)
    records = document.setdefault(RECORDS, tomlkit.aot())
    records.append(table)
    return {path: tomlkit.dumps(document), _current_file(): _pointed(model, prompt_id)}


def _document(path: Path, spec: Mapping[str, Any]) -> tomlkit.TOMLDocument:
    """The file as it is, to which a record may be added. Raises RequestError: it holds another prompt."""
    there = _read(path)
    told = there.unwrap()
    told.pop(RECORDS, None)
    if told != {name: value for name, value in spec.items() if name != RECORDS}:
        raise RequestError(
            f"{path.stem} is another prompt already, and stories were written with it: raise the version",
            problem="prompt-taken",
        )
    return there


def _fresh(spec: Mapping[str, Any]) -> tomlkit.TOMLDocument:
    """Long texts over several lines, as people write them; plain values before tables, as TOML wants it."""
    document = tomlkit.document()
    kept = {name: value for name, value in spec.items() if name != RECORDS}
    for name, value in sorted(kept.items(), key=lambda pair: _is_tables(pair[1])):
        document[name] = _item(value)
    return document


def _item(value: Any) -> Any:
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    if _is_tables(value):
        tables = tomlkit.aot()
        for one in value:
            table = tomlkit.table()
            for name, told in one.items():
                table[name] = _item(told)
            tables.append(table)
        return tables
    return value


def _is_tables(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(one, dict) for one in value)


def _pointed(model: str, prompt_id: str) -> str:
    """current.toml with the prompt as the model's last."""
    document = _current()
    models = document["models"]
    told = list(models.get(model, ()))
    if told[-1:] == [prompt_id]:
        raise RequestError(f"{model} is asked with {prompt_id} already", problem="already-so")
    models[model] = [*told, prompt_id]
    return tomlkit.dumps(document)


def _current() -> Any:
    return _read(_current_file())


def _current_file() -> Path:
    return _folder() / "current.toml"


def _folder() -> Path:
    return Path(str(files("pipeline").joinpath("data", "prompts")))


def _read(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except (OSError, TOMLKitError) as error:
        raise ConfigError(
            f"cannot read {path.name} ({error}): git restore it", problem="unwritable"
        ) from error


def _write(texts: Mapping[Path, str]) -> tuple[Path, ...]:
    """Each whole or not at all, in order: current.toml, the last, never names a file that is not there."""
    for path, text in texts.items():
        try:
            path.parent.mkdir(exist_ok=True)
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_text(text, "utf-8")
            fresh.replace(path)
        except OSError as error:
            raise ConfigError(
                f"cannot write {path.name} ({error.strerror}): promote in a checkout that is yours, where "
                "`make setup` installed the project",
                problem="unwritable",
            ) from error
    return tuple(texts)


def _diff(path: Path, text: str) -> str:
    before = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    name = f"pipeline/data/{path.relative_to(_folder().parent).as_posix()}"
    lines = difflib.unified_diff(
        before, text.splitlines(keepends=True), f"a/{name}" if before else "/dev/null", f"b/{name}"
    )
    return "".join(lines)
