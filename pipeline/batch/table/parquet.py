"""Writes the table of a run: whole to a file, or in parts beside the run."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.batch.runs import Run
from pipeline.batch.table.columns import COLUMNS, SCHEMA
from pipeline.batch.table.editions import editions
from pipeline.storage import keys

# A row group is what is held in memory, with its lists; a part is what a reader fetches as one object.
_GROUP, _GROUPS_OF_PART = 5_000, 10
FOLDER = "table/"


def write(run: Run, file: BinaryIO) -> int:
    """The number of rows. Raises NotFoundError: no such run; DamagedError."""
    return _written(_groups(run), file)


def keep(run: Run) -> int:
    """Beside the run: FOLDER has files of at most 50,000 rows, which together are the table; the number of
    rows. In place of an earlier one. Raises as write() does.
    """
    groups, rows, parts = _groups(run), 0, 0
    while added := _keep_part(run, parts + 1, groups):
        rows, parts = rows + added, parts + 1
    for key in [*run.store.list(keys.run(run.id, FOLDER))]:
        if key > _part(run, parts):  # of an earlier table, which was longer
            run.store.put(key, _file([])[0])
    return rows


def _keep_part(run: Run, number: int, groups: Iterator[pa.RecordBatch]) -> int:
    data, rows = _file(islice(groups, _GROUPS_OF_PART))
    if rows or number == 1:
        run.store.put(_part(run, number), data)
    return rows


def _part(run: Run, number: int) -> str:
    return keys.run(run.id, f"{FOLDER}{number:05d}.parquet")


def _file(groups: Iterable[pa.RecordBatch]) -> tuple[bytes, int]:
    file = io.BytesIO()
    rows = _written(groups, file)
    return file.getvalue(), rows


def _written(groups: Iterable[pa.RecordBatch], file: BinaryIO) -> int:
    rows = 0
    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        for group in groups:
            writer.write_batch(group)
            rows += group.num_rows
    return rows


def _groups(run: Run) -> Iterator[pa.RecordBatch]:
    # Values alone: manifests, with the times of all their words, would be 60 kB a row.
    rows = (tuple(column.value(edition) for column in COLUMNS) for edition in editions(run))
    while group := list(islice(rows, _GROUP)):
        columns = zip(zip(*group, strict=True), COLUMNS, strict=True)
        yield pa.record_batch([pa.array(values, column.type) for values, column in columns], schema=SCHEMA)
