"""Stages what a Lambda function holds: `pipeline` without what it never runs, and the one wheel it needs.

python infra/package/stage.py build/lambda; standard library only. boto3 comes with Lambda's runtime,
Powertools (with pydantic and the X-Ray SDK) as AWS's public layer: what is left is mutagen, with its hashes
from the lock.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-story.txt"
WHEELS = ("mutagen",)
# Relative to pipeline/: what only the command line, the laptop, the catalog and the notebooks use.
LEFT_OUT = frozenset(
    {
        "batch",
        "cli",
        "data/profiles/draft.toml",
        "data/profiles/embedded.toml",
        "data/profiles/fake.toml",
        "engines/aws/doctor",
        "engines/aws/endpoint",
        "engines/embedded",
        "engines/fake.py",
        "notebooks",
        "server",
    }
)
HELD = frozenset({".json", ".py", ".toml", ".typed", ".yaml"})


def stage(target: Path) -> int:
    """Makes `target` anew; the number of files. Raises LookupError: the lock lacks a wheel."""
    wheels = "".join(locked(name, LOCK.read_text("utf-8")) for name in WHEELS)
    if target.exists():
        shutil.rmtree(target)
    files = sorted(held(ROOT / "pipeline"))
    for file in files:
        copy = target / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
    (target / "requirements.txt").write_text(wheels, "utf-8")
    return len(files)


def held(package: Path) -> list[Path]:
    """The files of `package` that go along."""
    return [
        file
        for file in package.rglob("*")
        if file.suffix in HELD and file.is_file() and not _left_out(file.relative_to(package))
    ]


def _left_out(path: Path) -> bool:
    return any(part.as_posix() in LEFT_OUT for part in (path, *path.parents))


def locked(name: str, lock: str) -> str:
    """A lock's lines for one package: its version, then its hashes. Raises LookupError: none."""
    lines = iter(lock.splitlines(keepends=True))
    for line in lines:
        if line.startswith(f"{name}=="):
            told = [line]
            while told[-1].rstrip().endswith("\\"):
                told.append(next(lines))
            return "".join(told)
    raise LookupError(f"{LOCK.name} does not name {name}")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("target", type=Path, help="the folder to make anew, as build/lambda")
    told = parser.parse_args(arguments)
    print(f"{told.target}: {stage(told.target)} files, and requirements.txt")


if __name__ == "__main__":
    main(sys.argv[1:])
