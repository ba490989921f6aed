"""A worker for the tests: returns the text after some noise on stdout; dies on request."""

from __future__ import annotations

import os
from typing import Any

from bench.processes import serve


def reply(request: dict[str, Any]) -> dict[str, Any]:
    os.write(1, b"a library that prints\n")
    if request["text"] == "die":
        os._exit(3)
    return {"text": request["text"]}


if __name__ == "__main__":
    serve(reply)
