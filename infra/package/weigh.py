"""Measures the functions' zip, lists its files, and fails above the limit.

python infra/package/weigh.py build/lambda; standard library only.
"""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path

LIMIT = 400_000  # bytes, zipped: a small package starts fast


def zipped(folder: Path) -> tuple[int, list[tuple[str, int, int]]]:
    """The zip's size, and each file's name, size in the zip and size unpacked; bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder).as_posix())
        listed = [(file.filename, file.compress_size, file.file_size) for file in archive.infolist()]
    return len(buffer.getvalue()), listed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the staged package")
    folder = parser.parse_args(arguments).folder
    if not folder.is_dir():
        print(f"{folder} does not exist: make package builds it", file=sys.stderr)
        return 1
    total, files = zipped(folder)
    for name, small, large in files:
        print(f"{small:>8} {large:>8}  {name}")
    unpacked = sum(large for _, _, large in files)
    print(f"{total:>8} bytes zipped, {unpacked} unpacked, {len(files)} files; at most {LIMIT} zipped")
    return 0 if total <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
