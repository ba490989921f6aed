"""The browser's evening (frontend/e2e/evening.mjs) and the talk with it: JSON lines, asked and answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.frontend.house import ROOT, House

FRONTEND = ROOT / "frontend"
BIN = Path(sys.executable).parent
# node and npm come with the environment; the browser's own libraries are set up by the script.
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
_EVENING_SECONDS = 400


def spend(house: House, scenes: tuple[str, ...] = ()) -> dict[str, Any]:
    """What was seen: {"scenes": {name: …}, "axe": {view: rules broken}, "errors", "strangers", "seconds"}."""
    script = FRONTEND / "e2e" / "evening.mjs"
    command = [str(BIN / "node"), str(script), house.base, *scenes]
    pipe = subprocess.PIPE
    node = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT, cwd=FRONTEND
    )
    late = threading.Timer(_EVENING_SECONDS, node.kill)
    late.start()
    try:
        return _listen(node, house)
    finally:
        late.cancel()
        node.kill()
        node.communicate()


def _listen(node: subprocess.Popen[str], house: House) -> dict[str, Any]:
    assert node.stdin
    assert node.stdout
    assert node.stderr
    for line in node.stdout:
        word = json.loads(line)
        if "report" in word:
            report: dict[str, Any] = word["report"]
            return report
        node.stdin.write(json.dumps(_answer(word, house)) + "\n")
        node.stdin.flush()
    raise AssertionError(f"the evening ended early:\n{node.stderr.read()[-4000:]}")


def _answer(word: dict[str, Any], house: House) -> dict[str, str]:
    match word["please"]:
        case "stop":
            house.stop()
        case "start":
            house.start()
        case "sign":
            return {"url": house.sign(word["key"], word["seconds"])}
        case other:
            raise AssertionError(f"nobody knows how to {other}")
    return {}
