"""The machine that figures were measured on, time on its clock, and what else it did meanwhile."""

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
    "xllamacpp kokoro-onnx hibari-tts onnxruntime lameenc fxtranslate espeakng-loader faster-whisper"
    " ctranslate2 jiwer sacrebleu numpy"
).split()


def describe() -> dict[str, Any]:
    """What a reader must know of the machine; memory in bytes."""
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
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def model_path(name: str) -> Path:
    """The path of pinned weights. Raises ConfigError, which says how to fetch them."""
    return models.path_of(name, models.models_dir(os.environ))


class Stopwatch:
    """Wall seconds of a block, and the cores that were busy with work of other processes meanwhile.

    A child counts as ours once it is over; one that outlives the block counts as other work.
    """

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}

    def __enter__(self) -> Stopwatch:
        self._before = (time.perf_counter(), _busy(), _ours())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        start, busy, ours = self._before
        wall = time.perf_counter() - start
        other = max(0.0, (_busy() - busy) - (_ours() - ours)) / wall
        self.figures = {"seconds": wall, "other_cores": round(other, 2)}


def _busy() -> float:
    """Core-seconds of the whole machine since it started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _ours() -> float:
    own = os.times()
    living = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:
            continue
        living += times.user + times.system
    return own.user + own.system + own.children_user + own.children_system + living


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
