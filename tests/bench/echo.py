"""A worker for the tests: says what it was told, after some noise; dies when told to."""

from __future__ import annotations

import os
from typing import Any

from bench.workers import serve


def answer(request: dict[str, Any]) -> dict[str, Any]:
    os.write(1, b"a library that prints\n")
    if request["say"] == "die":
        os._exit(3)
    return {"said": request["say"]}


if __name__ == "__main__":
    serve(answer)
