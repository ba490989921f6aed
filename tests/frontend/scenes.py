"""Runs the browser's scenes (frontend/e2e/run.mjs), and serves their requests: a JSON line each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.frontend.page_server import ROOT, PageServer

FRONTEND = ROOT / "frontend"
BIN = Path(sys.executable).parent
# node and npm come with the environment; the browser's own libraries are set up by the script.
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
_RUN_SECONDS = 400


def run(server: PageServer, scenes: tuple[str, ...] = ()) -> dict[str, Any]:
    """The report: {"scenes": {name: …}, "axe": {view: violations}, "errors", "strangers", "seconds"}."""
    script = FRONTEND / "e2e" / "run.mjs"
    command = [str(BIN / "node"), str(script), server.base, *scenes]
    pipe = subprocess.PIPE
    node = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT, cwd=FRONTEND
    )
    late = threading.Timer(_RUN_SECONDS, node.kill)
    late.start()
    try:
        return _listen(node, server)
    finally:
        late.cancel()
        node.kill()
        node.communicate()


def _listen(node: subprocess.Popen[str], server: PageServer) -> dict[str, Any]:
    assert node.stdin
    assert node.stdout
    assert node.stderr
    for line in node.stdout:
        message = json.loads(line)
        if "report" in message:
            report: dict[str, Any] = message["report"]
            return report
        node.stdin.write(json.dumps(_reply(message, server)) + "\n")
        node.stdin.flush()
    raise AssertionError(f"the browser's run ended early:\n{node.stderr.read()[-4000:]}")


def _reply(message: dict[str, Any], server: PageServer) -> dict[str, str]:
    match message["please"]:
        case "stop":
            server.stop()
        case "start":
            server.start()
        case "lan":
            return {"url": server.lan}
        case "sign":
            return {"url": server.sign(message["key"], message["seconds"])}
        case other:
            raise AssertionError(f"unknown request {other}")
    return {}
