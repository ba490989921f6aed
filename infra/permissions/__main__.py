"""Runs every function behind its role, and writes the table of docs/operations.md (`make permissions`)."""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stdout

from infra.local_aws import LocalAws
from infra.permissions.calls import observed
from infra.permissions.table import FILE, document, rendered


def main() -> int:
    with LocalAws("fake") as aws, redirect_stdout(io.StringIO()):
        roles = observed(aws)
    FILE.write_text(document(FILE.read_text("utf-8"), rendered(roles)), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
