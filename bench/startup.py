"""How long `stories --help`, a Lambda's import and the DAGs' parse take; what memory a story needs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from bench.figures import Finding, Target, spread
from bench.result import Result
from bench.stories import IDEAS

COMMAND = [sys.executable, "-m", "pipeline.cli"]
# What a Lambda function pays for our own code, beside boto3 and Powertools, which AWS brings.
_IMPORT = """
import time, boto3, pydantic
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.logging import utils
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
began = time.perf_counter()
import pipeline.lambdas
print((time.perf_counter() - began) * 1000)
"""
# What the DAG processor pays for our DAGs, every half minute.
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
    answered = [_seconds([*COMMAND, "--help"]) for _ in range(10)]
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as out:
        status, peak = _peak([*COMMAND, "make", "--out", out, "--locale", "fr", "--", IDEAS[0]])
    return Result(
        [
            Finding("start-up", "stories --help", spread(answered), "s", Target(0.3)),
            Finding(
                "Lambda",
                "import of our own code over boto3's and Powertools'",
                spread(_milliseconds(_IMPORT) for _ in range(10)),
                "ms",
                Target(50),
            ),
            Finding(
                "DAG parse",
                "both DAG files over import airflow",
                spread(_milliseconds(_PARSE) for _ in range(5)),
                "ms",
                Target(300),
            ),
            Finding(
                "memory",
                "peak of stories make --locale fr",
                spread([peak / 1e9]),
                "GB",
                None,
                "resident, of the one process" + (f"; exit status {status}" if status else ""),
            ),
        ]
    )


def _milliseconds(script: str) -> float:
    """As the script prints them, last. An Airflow has a home of its own, so that nobody's is touched."""
    with tempfile.TemporaryDirectory(prefix="stories-bench-") as home:
        environ = {**os.environ, "AIRFLOW_HOME": home}
        command = [sys.executable, "-W", "ignore", "-c", script]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ)
    return float(done.stdout.splitlines()[-1])


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def _peak(command: list[str]) -> tuple[int, int]:
    """Exit status, and the most bytes that were resident at once, as the kernel counted them."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * _UNIT
