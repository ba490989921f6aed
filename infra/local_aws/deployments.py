"""Amplify's deployments by zip: a job that takes a while, and the files that it unpacks."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

from infra.local_aws.wire import Params

# Bounds of this stand-in, far below Amplify's own (5 GB), far above a page of ours.
MOST_BYTES = 50_000_000
_MOST_UNPACKED = 200_000_000
_MOST_FILES = 5_000
_PENDING = 0.25  # of a job's time
PENDING, RUNNING, SUCCEED, FAILED = "PENDING", "RUNNING", "SUCCEED", "FAILED"


class BadZipError(Exception):
    """Its text says to a person what is wrong."""


@dataclass
class Job:
    """zip: as uploaded. files: unpacked when started; problem: why that could not be."""

    arn: str
    id: str
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    zip: bytes | None = None
    files: Mapping[str, bytes] | None = None
    problem: str | None = None
    began: float | None = None
    seconds: float = 0.0

    def start(self, seconds: float) -> None:
        try:
            self.files = unpacked(self.zip)
        except BadZipError as error:
            self.problem = str(error)
        self.began, self.seconds = time.monotonic(), seconds

    @property
    def status(self) -> str:
        past = time.monotonic() - self.began if self.began is not None else 0.0
        if self.began is None or past < self.seconds * _PENDING:
            return PENDING
        if past < self.seconds:
            return RUNNING
        return FAILED if self.problem else SUCCEED

    @property
    def over(self) -> bool:
        return self.status in (SUCCEED, FAILED)

    @property
    def summary(self) -> Params:
        told: Params = {
            "jobArn": self.arn,
            "jobId": self.id,
            "commitId": "HEAD",
            "commitMessage": "Manual deployment by zip",
            "commitTime": self.created,
            "startTime": self.created,
            "status": self.status,
            "jobType": "MANUAL",
        }
        return {**told, "endTime": datetime.now(UTC)} if self.over else told

    @property
    def told(self) -> Params:
        step: Params = {
            "stepName": "DEPLOY",
            "startTime": self.created,
            "status": self.status,
            "endTime": datetime.now(UTC),
        }
        if self.over and self.problem:
            step["statusReason"] = self.problem
        return {"summary": self.summary, "steps": [step]}


def unpacked(packed: bytes | None) -> dict[str, bytes]:
    """Files by path. Raises BadZipError: nothing there, no zip, too large, or a path that leads out of it."""
    if packed is None:
        raise BadZipError("Nothing was uploaded to the deployment's URL")
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            _check(members)
            return _read(archive, members)
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise BadZipError(f"The upload is not a zip file that can be read: {error}") from error


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > _MOST_FILES:
        raise BadZipError(f"The zip has {len(members)} files, more than {_MOST_FILES}")
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise BadZipError(f"The zip has a path that leads out of it: {member.filename!r}")
        if member.flag_bits & 0x1:
            raise BadZipError(f"{member.filename!r} is encrypted")


def _read(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """What is unpacked is counted, not what the zip claims."""
    files: dict[str, bytes] = {}
    left = _MOST_UNPACKED
    for member in members:
        with archive.open(member) as file:
            body = file.read(left + 1)
        left -= len(body)
        if left < 0:
            raise BadZipError(f"The zip has more than {_MOST_UNPACKED} bytes when it is unpacked")
        files[str(PurePosixPath(member.filename))] = body
    return files
