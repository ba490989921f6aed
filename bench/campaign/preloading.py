"""What a process does before it forks the product's commands: everything is imported, every table is read."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from io import StringIO
from pathlib import Path

from tqdm import tqdm

from pipeline.cli.__main__ import main

# What the commands below do not import.
_PRELOADED = (
    "uvicorn",
    "uvicorn.loops.auto",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "boto3",
    "botocore.session",
    "botocore.config",
    "pipeline.api.gateway",
    "pipeline.engines.aws.polly",
    "pipeline.engines.aws.s3",
    "pipeline.engines.aws.sagemaker",
    "pipeline.engines.aws.translate",
    "pipeline.lambdas",
    "pipeline.server.asgi",
)


def preload() -> None:
    """Imports everything, and fills the caches of tables and expressions, by doing the work once.

    One thread is left: a fork of many might hold a lock for ever.
    """
    # A thread of tqdm's; and its lock, which forked processes share: a killed one would keep it for ever.
    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
    os.environ.update(OPENBLAS_NUM_THREADS="1", STORIES_ENV_FILE="", STORIES_PROFILE="fake")
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        path = Path(folder) / "tales.yaml"
        path.write_text('{"name": "tales", "locales": ["en", "fr"], "entries": ["a shy snail"]}')
        for arguments in (["make", "a shy snail", "--locale", "fr"], ["catalog", "run", str(path)]):
            if status := main([*arguments, "--out", f"{folder}/out"]):
                raise RuntimeError(f"stories {arguments} ends with {status}")
    for name in _PRELOADED:
        import_module(name)
    tasks = Path("/proc/self/task")
    threads = len(list(tasks.iterdir())) if tasks.is_dir() else 1
    if threads != 1:
        raise RuntimeError(f"{threads} threads before the forks")
