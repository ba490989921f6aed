"""File systems of a case's own: ext4 images on loop devices, small ones in memory. Root only."""

from __future__ import annotations

import filecmp
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from bench.campaign.processes import Child
from bench.campaign.running import memory

_MEGABYTES = 32
_SECONDS = 30.0


@lru_cache(maxsize=1)
def missing() -> str:
    """Why no image can be mounted here; "" where one can."""
    if os.geteuid() != 0:
        return "needs root"
    with tempfile.TemporaryDirectory(prefix=f"stories-campaign-{os.getpid()}-", dir=memory()) as folder:
        try:
            image = ext4(Path(folder) / "image")
            with mounted(Path(folder) / "mount", image):
                return ""
        except (OSError, subprocess.SubprocessError) as error:
            return f"needs mkfs.ext4 and loop devices ({error})"


def ext4(path: Path) -> Path:
    """A new image with a journal."""
    with path.open("wb") as file:
        file.truncate(_MEGABYTES << 20)
    _run("mkfs.ext4", "-q", "-F", "-b", "1024", "-J", "size=4", str(path))
    return path


@contextmanager
def mounted(point: Path, image: Path | None = None, options: str = "") -> Iterator[Path]:
    """image: None is a file system in memory, of the size that `options` name."""
    point.mkdir(exist_ok=True)
    if image:
        _run("mount", "-o", "loop", str(image), str(point))
    else:
        _run("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(point))
    try:
        yield point
    finally:
        unmount(point)


def remount(point: Path, options: str) -> None:
    _run("mount", "-o", f"remount,{options}", str(point))


def unmount(point: Path) -> None:
    """The last file of a process that was just killed may still be open."""
    deadline = time.monotonic() + _SECONDS
    while subprocess.run(["umount", str(point)], capture_output=True, check=False).returncode:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{point} cannot be unmounted")
        time.sleep(0.05)


def cut(image: Path, copy: Path, server: Child) -> None:
    """Copies what has reached the device, as a power cut leaves it: nothing is synced before.

    The server is stopped meanwhile, and a copy during which the kernel wrote is taken again.
    """
    server.send(signal.SIGSTOP)
    try:
        for _ in range(20):
            shutil.copyfile(image, copy)
            if filecmp.cmp(image, copy, shallow=False):
                return
        raise TimeoutError("the device is never at rest")
    finally:
        server.send(signal.SIGCONT)


def sweep() -> None:
    """Removes what a campaign that was killed left: its mounts, and its folders in memory."""
    for folder in memory().glob("stories-campaign-*"):
        pid = folder.name.split("-")[2]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            for line in reversed(Path("/proc/mounts").read_text().splitlines()):
                if line.split()[1].startswith(f"{folder}/"):
                    subprocess.run(["umount", line.split()[1]], capture_output=True, check=False)
            shutil.rmtree(folder, ignore_errors=True)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_SECONDS)
