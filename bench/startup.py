"""How long `stories --help`, a Lambda's import and the DAGs' parse take; what memory a story needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from bench.figures import Finding, Result, Target, single, spread
from bench.machine import Stopwatch
from bench.stories import IDEAS

COMMAND = [sys.executable, "-m", "pipeline.cli"]
# Milliseconds of a Lambda function for our own code, beside boto3 and Powertools, which AWS brings.
_IMPORT = """
import time, boto3, pydantic
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.logging import utils
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
began = time.perf_counter()
import pipeline.lambdas
print((time.perf_counter() - began) * 1000)
"""
# Milliseconds of the DAG processor for our DAGs, every half minute.
_PARSE = """
import sys, time
import airflow, airflow.sdk
sys.path.insert(0, "dags")
began = time.perf_counter()
import story_catalog, story_quality
print((time.perf_counter() - began) * 1000)
"""
# Linux counts ru_maxrss in kB, macOS in bytes.
_UNIT = 1 if sys.platform == "darwin" else 1024


def measure(quick: bool) -> Result:
    helps = [_seconds([*COMMAND, "--help"]) for _ in range(10)]
    imports = [_milliseconds(_IMPORT) for _ in range(10)]
    parses = [_milliseconds(_PARSE) for _ in range(5)]
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as out:
        status, peak = _peak([*COMMAND, "make", "--out", out, "--locale", "fr", "--", IDEAS[0]])
    note = "resident, of the one process" + (f"; exit status {status}" if status else "")
    own = "import of our own code over boto3's and Powertools'"
    return Result(
        [
            Finding("start-up", "stories --help", spread(helps), "s", Target(0.3)),
            Finding("Lambda", own, spread(imports), "ms", Target(50)),
            Finding("DAG parse", "both DAG files over import airflow", spread(parses), "ms", Target(300)),
            Finding("memory", "peak of stories make --locale fr", single(peak / 1e9), "GB", None, note),
        ]
    )


def _milliseconds(script: str) -> float:
    """The figure that the script prints last. Airflow gets a temporary home."""
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as home:
        environ = {**os.environ, "AIRFLOW_HOME": home}
        command = [sys.executable, "-W", "ignore", "-c", script]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ)
    return float(done.stdout.splitlines()[-1])


def _seconds(command: list[str]) -> float:
    with Stopwatch() as watch:
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return watch.figures["seconds"]


def _peak(command: list[str]) -> tuple[int, int]:
    """Exit status, and the most bytes that were resident at once, as the kernel counted them."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * _UNIT
