"""Exit statuses: one for each problem, so that a script can tell them apart."""

from __future__ import annotations

from pipeline.errors import StoriesError

INTERRUPTED = 130
UNLISTED = 1
# 2 is argparse's own, for a command line that cannot be read.
STATUS = {
    "failed": 3,
    "empty-idea": 10,
    "long-idea": 11,
    "control-characters": 12,
    "no-words": 13,
    "markup": 14,
    "instructions": 15,
    "unsafe-idea": 16,
    "unknown-locale": 17,
    "experimental-locale": 18,
    "bad-variant": 19,
    "not-found": 20,
    "bad-id": 21,
    "unknown-voice": 22,
    "bad-request": 23,
    "unsafe": 24,
    "another-writer": 25,
    "unwritable": 30,
    "disk-full": 31,
    "store": 32,
    "damaged-record": 33,
    "bad-key": 34,
    "missing-weights": 40,
    "corrupt-weights": 41,
    "unknown-weights": 42,
    "no-network": 43,
    "download-cut": 44,
    "hash-mismatch": 45,
    "index-error": 46,
    "no-such-package": 47,
    "fetch-failed": 48,
    "missing-package": 49,
    "no-good-story": 50,
    "bad-translation": 51,
    "nothing-to-say": 52,
    "engine": 53,
    "unavailable": 54,
    "throttled": 55,
    "bad-audio": 56,
    "unknown-pair": 57,
    "unknown-profile": 60,
    "unknown-engine": 61,
    "config": 62,
    "no-player": 63,
    "unknown-model-folder": 64,
}


def status_of(error: StoriesError) -> int:
    return STATUS.get(error.problem, UNLISTED)
