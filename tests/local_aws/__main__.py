"""`python -m tests.local_aws`: a local AWS until Ctrl-C, and the environment for other shells."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from tests.local_aws.backing import BACKINGS
from tests.local_aws.hostnames import hostnames
from tests.local_aws.options import Options
from tests.local_aws.server import LocalAws

_PORT = 4577


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        try:
            aws = stack.enter_context(
                LocalAws(
                    options.backing,
                    port=options.port,
                    lambdas=options.lambdas,
                    endpoint_delay=options.endpoint_delay,
                )
            )
        except OSError as error:
            where = f"port {options.port} of this machine"
            return _complain(f"cannot listen on {where} ({error.strerror}): choose another with --port")
        except ImportError as error:
            return _complain(f"cannot import the handlers of {options.lambdas}: {error}")
        os.environ.update(aws.environment)  # so that Lambda handlers, which run here, find it
        more = stack.enter_context(hostnames(aws.account)) if options.hostnames else {}
        lines = "".join(
            f"export {name}={shlex.quote(value)}\n" for name, value in (aws.environment | more).items()
        )
        sys.stdout.write(lines)
        sys.stdout.write(f"# The local AWS, backed by {options.backing} engines, listens on {aws.url}.\n")
        sys.stdout.flush()
        if options.env:
            options.env.write_text(lines, "utf-8")
        stopped.wait()
    return 0


def _complain(message: str) -> int:
    sys.stderr.write(f"local_aws: {message}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.local_aws", description=__doc__)
    parser.add_argument("--backing", choices=BACKINGS, default="draft", help="the engines that answer")
    parser.add_argument("--port", type=int, default=_PORT, help="of the services that moto lacks; 0: any")
    parser.add_argument(
        "--lambdas",
        default={},
        metavar="MODULE",
        help="its FUNCTIONS, or its callables, are Lambda functions",
    )
    parser.add_argument(
        "--endpoint-delay",
        type=float,
        default=Options.endpoint_delay,
        metavar="SECONDS",
        help="that a new SageMaker endpoint is Creating",
    )
    parser.add_argument(
        "--hostnames",
        action="store_true",
        help="answer https://sts.REGION.amazonaws.com through HTTPS_PROXY, too: the SageMaker SDK asks it",
    )
    parser.add_argument("--env", type=Path, help="write the export lines to this file, too")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
