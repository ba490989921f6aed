"""Whether this machine's clock is AWS's."""

from __future__ import annotations

from pipeline.engines.aws.doctor.case import Case, Result, unsure

# IAM user guide, "Elements of an AWS API request signature": a request's time may be off by five minutes.
_MOST_SKEW_S = 300


def check_clock(case: Case) -> Result:
    if case.skew_s is None:
        raise unsure("no answer of AWS told the time")
    if abs(case.skew_s) <= _MOST_SKEW_S:
        return True, f"within {max(1, round(abs(case.skew_s)))} s of AWS's", ""
    way = "ahead of" if case.skew_s > 0 else "behind"
    return (
        False,
        f"this machine's clock is {abs(case.skew_s) / 60:.0f} minutes {way} AWS's, which refuses signatures",
        "set this machine's clock, best by a time server (NTP)",
    )
