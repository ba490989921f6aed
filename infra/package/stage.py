"""Stages a Lambda function's files: `pipeline` without the parts it never runs, and requirements.txt.

python infra/package/stage.py build/lambda; with --prune once the wheels are installed there. Standard library
only. boto3 comes with Lambda's runtime, and Powertools (with pydantic) is AWS's public layer; that leaves
mutagen, with its hashes from the lock.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path, PurePath

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-story.txt"
# What is packaged of each wheel: of mutagen the tags of an mp3, without the other formats, two thirds of it.
WHEELS = {
    "mutagen": frozenset(
        {"__init__.py", "_constants.py", "_file.py", "_tags.py", "_util.py", "id3", "py.typed"}
    ),
}
# Relative to pipeline/: used only by the command line, the laptop, the catalog and the notebooks.
LEFT_OUT = frozenset(
    {
        "api/in_process",
        "batch",
        "cli",
        "config/env_file.py",
        "config/project.py",
        "data/english_names.toml",
        "data/estimates.toml",
        "data/exports.toml",
        "data/foreign_words.toml",
        "data/idea_meanings.json",
        "data/instances.toml",
        "data/models.toml",
        "data/pictures",
        "data/prices.toml",
        "data/profiles/draft.toml",
        "data/profiles/embedded.toml",
        "data/profiles/fake.toml",
        "data/prompts/glossary.toml",
        "data/prompts/grades.toml",
        "data/prompts/idea.toml",
        "data/prompts/scenes",
        "data/prompts/translate.toml",
        "data/regions.toml",
        "data/story_settings.toml",
        "data/translators.toml",
        "engines/aws/doctor",
        "engines/aws/endpoint",
        "engines/embedded",
        "engines/fake.py",
        "engines/openai",
        "exports",
        "notebooks",
        "server",
        "steps/heal.py",
        "steps/scenes.py",
        "steps/verify.py",
        "storage/ledger.py",
        "storage/pin.py",
        "storage/private_folders.py",
        "storage/stories.py",
        "story/scenes.py",
    }
)
SUFFIXES = frozenset({".json", ".py", ".toml", ".typed", ".yaml"})


def stage(target: Path) -> int:
    """Writes `target` from scratch; returns the number of files. Raises LookupError: a wheel is missing."""
    wheels = "".join(locked(name, LOCK.read_text("utf-8")) for name in WHEELS)
    if target.exists():
        shutil.rmtree(target)
    files = sorted(packaged(ROOT / "pipeline"))
    for file in files:
        copy = target / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".toml":  # its comments are for people, and a hundredth of the package
            copy.write_text(without_comments(file.read_text("utf-8")), "utf-8")
        else:
            shutil.copy2(file, copy)
    (target / "requirements.txt").write_text(wheels, "utf-8")
    return len(files)


def is_needed(file: PurePath) -> bool:
    """Whether a file of a wheel is packaged. file: from the package's folder."""
    name, *rest = file.parts
    return name not in WHEELS or rest[0] in WHEELS[name]


def prune(target: Path) -> None:
    """Removes what is not needed of the wheels that were installed there."""
    for name in WHEELS:
        for part in (target / name).iterdir():
            if not is_needed(part.relative_to(target)):
                shutil.rmtree(part) if part.is_dir() else part.unlink()


def packaged(package: Path) -> list[Path]:
    """The files of `package` that are staged."""
    return [
        file
        for file in package.rglob("*")
        if file.suffix in SUFFIXES and file.is_file() and not _left_out(file.relative_to(package))
    ]


def _left_out(path: Path) -> bool:
    return any(part.as_posix() in LEFT_OUT for part in (path, *path.parents))


def without_comments(table: str) -> str:
    """A TOML table without its lines of comment. Of its own text no line may begin with "#"."""
    return "".join(line for line in table.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def locked(name: str, lock: str) -> str:
    """The lock's lines for one package: its version, then its hashes. Raises LookupError."""
    lines = iter(lock.splitlines(keepends=True))
    for line in lines:
        if line.startswith(f"{name}=="):
            entry = line
            while entry.rstrip().endswith("\\"):
                entry += next(lines)
            return entry
    raise LookupError(f"{LOCK.name} has no {name}: make lock")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", type=Path, help="the folder to write, as build/lambda")
    parser.add_argument("--prune", action="store_true", help="only remove what no function reads of wheels")
    options = parser.parse_args(arguments)
    target = options.target
    if options.prune:
        prune(target)
        return
    print(f"{target}: {stage(target)} files, and requirements.txt")


if __name__ == "__main__":
    main(sys.argv[1:])
