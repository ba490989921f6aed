"""Sets up the project's environments: `python3 infra/setup.py uv|story|all|infra`, as the Makefile calls it.

Standard library only, and readable to an old Python, so that it can say which one is needed. An environment
that is ready costs two starts of Python. The stamp in it names the project's folder and the digest of each
file that was installed from; it is removed before anything is changed and written last. Without a stamp
that fits, the environment is made anew: a run that was killed or a folder that was moved heals itself.
"""
# ruff: noqa: T201, S603 - a command prints, and starts Python, pip and uv

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STORY = ("requirements-story.txt", "pyproject.toml")
# name: the environment, and the files that it is installed from, in this order.
ENVIRONMENTS = {
    "uv": (".venv", ()),
    "story": (".venv", STORY),
    "all": (".venv", (*STORY, "requirements.txt")),
    "infra": (".venv-infra", ("requirements-infra.txt",)),
}
SIZES = {"requirements.txt": "about 2 GB", "requirements-infra.txt": "about 400 MB"}
SUPPORTED = ((3, 11), (3, 14))
STAMP = ".setup.json"


def main(name: str) -> None:
    """Raises SystemExit with a sentence: this Python is unfit, or an installation failed."""
    folder, files = ENVIRONMENTS[name]
    if is_ready(ROOT / folder, files):
        return
    if name == "infra":
        main("uv")
    with locked() as lock:
        if is_ready(ROOT / folder, files):  # another make has just set it up
            return
        try:
            set_up(ROOT / folder, files, lock)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"{folder} could not be set up: {error}. The next make starts it anew.")


def is_ready(venv: Path, files: tuple[str, ...]) -> bool:
    """Whether the stamp fits this folder and these files, and the environment's Python works."""
    stamp = read_stamp(venv)
    if stamp.get("folder") != str(ROOT) or any(stamp["files"].get(name) != digest(name) for name in files):
        return False
    return works(venv, "pyproject.toml" in files)


def works(venv: Path, with_pipeline: bool) -> bool:
    # -I: the folder that make runs in does not stand in for the installed package.
    command = [str(venv / "bin" / "python"), "-I", "-c", "import pipeline" if with_pipeline else "pass"]
    try:
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def set_up(venv: Path, files: tuple[str, ...], lock: int) -> None:
    environ = environment()

    def run(*command: str | Path) -> None:
        # A child keeps the lock when this process is killed: no other set-up writes before it is over.
        subprocess.run([str(part) for part in command], check=True, cwd=ROOT, env=environ, pass_fds=(lock,))

    stamp = read_stamp(venv)
    if stamp.get("folder") != str(ROOT) or not works(venv, "pyproject.toml" in stamp["files"]):
        create(venv, run)
        stamp = {"folder": str(ROOT), "files": {}}
    uv = ROOT / ".venv" / "bin" / "uv"
    for name in files:
        if stamp["files"].get(name) == digest(name):
            continue
        (venv / STAMP).unlink(missing_ok=True)
        if name in SIZES:
            print(f"Installing {name} into {venv.name}: {SIZES[name]}, once", flush=True)
        source = (
            ("--no-build-isolation", "-e", ".")
            if name == "pyproject.toml"
            else ("--require-hashes", "-r", name)
        )
        loudness = () if name == "requirements.txt" else ("-q",)
        run(uv, "pip", "install", *loudness, "--python", venv / "bin" / "python", "--no-deps", *source)
        stamp["files"][name] = digest(name)
        write_stamp(venv, stamp)
    write_stamp(venv, stamp)


def create(venv: Path, run: Callable[..., None]) -> None:
    """An empty environment; .venv gets uv, at the lock's version and hashes, by the pip that venv brings."""
    if not SUPPORTED[0] <= sys.version_info < SUPPORTED[1]:
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"Python 3.11 to 3.13 is needed; this is {version}. Name another: make PYTHON=python3.12 …")
    print(f"Setting up {venv.name} (once)", flush=True)
    if venv.is_symlink():
        venv.unlink()  # the environment of another folder stays as it is
    elif venv.exists():
        (venv / STAMP).unlink(missing_ok=True)
        shutil.rmtree(venv)
    run(sys.executable, "-m", "venv", venv)
    if venv.name == ".venv":
        wheel = venv / "uv.txt"
        wheel.write_text(pinned_uv((ROOT / "requirements-story.txt").read_text("utf-8")), "utf-8")
        pip = (venv / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check")
        run(*pip, "--no-deps", "--require-hashes", "-r", wheel)


def pinned_uv(lock: str) -> str:
    """uv's own requirement and its hashes."""
    lines = lock.splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("uv=="))
    last = next(number for number, line in enumerate(lines) if number >= first and not line.endswith("\\"))
    return "\n".join(lines[first : last + 1]) + "\n"


def environment() -> dict[str, str]:
    """This process's environment; where the home cannot be written, with uv's cache in build/."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    cache = Path(os.environ.get("UV_CACHE_DIR") or home / "uv")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return dict(os.environ)
    except OSError:
        return {**os.environ, "UV_CACHE_DIR": str(ROOT / "build" / "uv-cache"), "PIP_NO_CACHE_DIR": "1"}


@contextmanager
def locked() -> Iterator[int]:
    """Holds the one lock of all set-ups of this folder; gives its file descriptor."""
    path = ROOT / "build" / "setup.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is setting up this folder; waiting for it", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def read_stamp(venv: Path) -> dict:
    """{"folder": …, "files": {name: digest}}; no folder where the stamp is missing or unreadable."""
    try:
        stamp = json.loads((venv / STAMP).read_text("utf-8"))
        return {"folder": stamp["folder"], "files": dict(stamp["files"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"files": {}}


def write_stamp(venv: Path, stamp: dict) -> None:
    (venv / STAMP).write_text(json.dumps(stamp, indent=1), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ENVIRONMENTS:
        sys.exit(f"usage: setup.py {'|'.join(ENVIRONMENTS)}")
    main(sys.argv[1])
