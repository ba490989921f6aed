"""On a Linux without libgomp the writer loads all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

# A process of its own: what a linker has loaded cannot be unloaded. The maps show whose libgomp serves.
CHILD = """
from pipeline.engines.embedded import openmp
if {bare}:
    openmp._loads = lambda name, real=openmp._loads: name != "libgomp.so.1" and real(name)
openmp.provide()
import xllamacpp
print({{line.split(maxsplit=5)[5].strip() for line in open("/proc/self/maps") if "gomp" in line}})
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the wheel brings its own OpenMP")
@pytest.mark.parametrize(("bare", "serves"), [(True, "memfd:libgomp.so.1"), (False, "libgomp.so.1")])
def test_the_writer_loads_with_and_without_the_systems_libgomp(bare: bool, serves: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD.format(bare=bare)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert serves in done.stdout
    assert done.stdout.count("gomp") == 1, "two OpenMP runtimes would spin against each other"
