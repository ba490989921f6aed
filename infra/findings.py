"""Prints findings one by one, as `stories doctor` does, and adds them up to an exit status."""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

from collections.abc import Iterable

from pipeline.types import Finding

_MARKS = {True: "ok", False: "NO", None: "?"}


def report(findings: Iterable[Finding]) -> list[Finding]:
    """Prints each as soon as it is known, with what to do where it did not pass; those that failed."""
    failed = []
    for finding in findings:
        print(f"{_MARKS[finding.passed]:3} {finding.name}: {finding.summary}", flush=True)
        if finding.todo and not finding.passed:
            print(f"      {finding.todo}", flush=True)
        if finding.passed is False:
            failed.append(finding)
    return failed
