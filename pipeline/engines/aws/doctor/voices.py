"""Whether Polly has the voices of the table."""

from __future__ import annotations

from pipeline.engines.aws.doctor.case import Case, Result
from pipeline.engines.aws.voices import refresh

_NAMED_AT_MOST = 8


def check_voices(case: Case) -> Result:
    now = refresh(case.of("polly"), case.engine, case.table).table
    wanted = {one.id for one in case.table.voices if case.engine in one.engines}
    wanted |= set(case.table.locales.values())
    if lacking := sorted(wanted - {one.id for one in now.voices if case.engine in one.engines}):
        names = ", ".join(lacking[:_NAMED_AT_MOST])
        more = len(lacking) - _NAMED_AT_MOST
        return (
            False,
            f"Polly has no {case.engine} {names}{f' and {more} more' if more > 0 else ''} in {case.region}",
            "run `stories voices refresh`, or set AWS_REGION to one that has them",
        )
    return True, f"all {len(wanted)} of the table have the {case.engine} engine", ""
