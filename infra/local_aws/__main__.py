"""`python -m infra.local_aws`: a local AWS until Ctrl-C, and the environment for other shells."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.local_aws import deploy, rates
from infra.local_aws.account import Options
from infra.local_aws.backing import BACKINGS
from infra.local_aws.hostnames import hostnames
from infra.local_aws.server import LocalAws

_PORT = 4577
# Lambda handlers run in this process. No CloudWatch reads its output, which their metrics would only fill.
_FOR_HANDLERS = {**deploy.ENVIRONMENT, "POWERTOOLS_METRICS_DISABLED": "true"}


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
                    **(rates.HELD if options.quotas else {}),
                )
            )
        except OSError as error:
            where = f"port {options.port} of this machine"
            return _complain(f"cannot listen on {where} ({error.strerror}): choose another with --port")
        except (ImportError, AttributeError) as error:
            return _complain(f"cannot import the FUNCTIONS of {options.lambdas}: {error}")
        environment = aws.environment
        if options.lambdas == deploy.HANDLERS:
            environment["STORIES_WORKFLOW"] = deploy.deploy(aws)
        os.environ.update(environment | _FOR_HANDLERS)
        if options.hostnames:
            environment |= stack.enter_context(hostnames(aws.account))
        exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
        if options.env:
            stack.enter_context(kept(options.env, exports))
        sys.stdout.write(greeting(aws, options.env) + ("" if options.env else exports))
        sys.stdout.flush()
        stopped.wait()
    return 0


@contextmanager
def kept(path: Path, text: str) -> Iterator[None]:
    """The file, as long as the local AWS runs; a file that another process wrote there meanwhile stays."""
    path.write_text(text, "utf-8")
    try:
        yield
    finally:
        if path.is_file() and path.read_text("utf-8") == text:
            path.unlink()


def greeting(aws: LocalAws, env: Path | None) -> str:
    """Comments, so that a shell may read the whole output."""
    backing = aws.account.backing.name
    first = f"# The local AWS, backed by {backing} engines, listens on {aws.url}. Ctrl-C ends it.\n"
    if env is None:
        return first + "# In another shell:\n"
    # A shell looks for a name without a slash in its PATH.
    name = env if "/" in str(env) else f"./{env}"
    return (
        f"{first}# In another shell:  . {name}\n"
        "#   make serve PROFILE=aws                                 the API, the workflow behind it\n"
        '#   make story PROFILE=aws CONTEXT="a shy snail" LOCALE=fr  without them\n'
    )


def _complain(message: str) -> int:
    sys.stderr.write(f"local_aws: {message}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.local_aws", description=__doc__)
    parser.add_argument("--backing", choices=BACKINGS, default="draft", help="the engines that answer")
    parser.add_argument("--port", type=int, default=_PORT, help="of the services beside moto; 0: any")
    parser.add_argument(
        "--lambdas",
        default=deploy.HANDLERS,
        metavar="MODULE",
        help="its FUNCTIONS are the Lambda functions; the workflow calls those of %(default)s",
    )
    parser.add_argument(
        "--endpoint-delay",
        type=float,
        default=Options.endpoint_delay,
        metavar="SECONDS",
        help="time that a new SageMaker endpoint is Creating",
    )
    parser.add_argument(
        "--hostnames",
        action="store_true",
        help="answer https://sts.REGION.amazonaws.com too, through HTTPS_PROXY: the SageMaker SDK calls it",
    )
    parser.add_argument(
        "--quotas",
        action="store_true",
        help="refuse requests over a new account's quotas; Polly then takes a third of a second for each",
    )
    parser.add_argument("--env", type=Path, help="write the export lines to this file instead")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
