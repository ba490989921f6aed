"""Starts and stops the local AWS: moto, and uvicorn beside it, in threads of this process, on loopback."""

from __future__ import annotations

import logging
import socket
import threading
import uuid
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import uvicorn
from moto import backends
from moto.server import ThreadedMotoServer

from infra.local_aws import (
    app,
    bedrock_control,
    bedrock_runtime,
    functions,
    iam,
    jumpstart,
    polly,
    quotas,
    s3,
    sagemaker_control,
    sagemaker_runtime,
    seed,
    stepfunctions,
    translate,
    websocket_api,
)
from infra.local_aws.account import ACCESS_KEY, SECRET_KEY, Account, Options
from infra.local_aws.backing import Backing
from infra.local_aws.connection import ReachableProtocol
from infra.local_aws.faults import Fault, Traffic
from infra.local_aws.wire import Wire

_MODULES = (
    translate,
    polly,
    sagemaker_runtime,
    bedrock_runtime,
    bedrock_control,
    sagemaker_control,
    stepfunctions,
    functions,
    quotas,
    iam,
    websocket_api,
    s3,
)
SERVICES: app.Services = tuple(module.SERVICE for module in _MODULES)
# For a person who reads the environment; every other service goes to moto too, by AWS_ENDPOINT_URL.
_MOTO = ("sts", "logs")
_LOOPBACK = "127.0.0.1"
_STARTING_SECONDS = 60


class LocalAws:
    """A context manager. One at a time in a process, because moto's state is the process's."""

    def __init__(
        self, backing: str = "fake", *, port: int = 0, models: Path | None = None, **options: Any
    ) -> None:
        """options: of account.Options, as `lambdas` and `endpoint_delay`. Raises ImportError."""
        self.options = Options(**options)
        functions.handlers_of(self.options.lambdas)
        self.account = Account(Backing.of(backing, models), self.options)
        self._port = port
        self._traffic = Traffic()
        self._running = ExitStack()

    def __enter__(self) -> LocalAws:
        with ExitStack() as starting:
            self._start_moto(starting)
            self._start_app(starting)
            seed.make_bucket(self.account, seed.BUCKET)
            for name in seed.ENDPOINTS:
                seed.make_endpoint(self.account, name)
            jumpstart.seed(self.account)
            self._running = starting.pop_all()
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        return f"http://{_LOOPBACK}:{self._port}"

    @property
    def push(self) -> str:
        """The address of the WebSocket API."""
        return f"{self.url}{websocket_api.SERVICE.path}".replace("http", "ws", 1)

    @property
    def environment(self) -> dict[str, str]:
        """For processes that use it: endpoints, region, keys, and the settings of the aws profile."""
        account = self.account
        endpoints = {_variable(name): account.url(name) for name in [*account.urls, *_MOTO]}
        return {
            "AWS_ENDPOINT_URL": account.moto,
            **endpoints,
            "AWS_REGION": account.region,
            "AWS_DEFAULT_REGION": account.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_EC2_METADATA_DISABLED": "true",
            "STORIES_ENDPOINT": seed.ENDPOINT,
            "STORIES_BUCKET": seed.BUCKET,
            # A model of 135M parameters writes no story that passes the checks, and a fake translation is in
            # no language; the profile itself stays strict.
            **({"STORIES_CHECKS": "report"} if account.backing.name != "embedded" else {}),
        }

    def requests(self, operation: str) -> int:
        """How many arrived since the last reset(), answered or not; "*" for all operations."""
        return self._traffic.requests(operation)

    def refused(self, key: str) -> int:
        """How many requests went over a rate of the options since the last reset(); key: as in rates."""
        return self.account.gates.refused[key]

    def inject(self, operation: str, fault: Fault) -> None:
        """Makes the next requests of the operation ("*": of any) fail. Raises ValueError."""
        app.check(SERVICES, operation, fault)
        self._traffic.inject(operation, fault)

    def clear(self, operation: str) -> None:
        """Removes the faults of this operation only."""
        self._traffic.clear(operation)

    def reset(self) -> None:
        """Removes all faults and counts. Stored objects stay: make_bucket() gives an empty bucket."""
        self._traffic.reset()
        self.account.gates.reset()

    def advance_endpoints(self) -> None:
        """Ends the time that endpoints are Creating or Deleting, for tests that step the states."""
        self.account.unready.clear()
        self.account.deleting.update({name: (old, 0.0) for name, (old, _) in self.account.deleting.items()})

    def make_bucket(self) -> str:
        """A new private bucket's name."""
        name = f"stories-{uuid.uuid4().hex[:12]}"
        seed.make_bucket(self.account, name)
        return name

    def client(self, service: str, **config: Any) -> AbstractContextManager[Any]:
        """A boto3 client of the account that sends each request once. config: botocore's Config."""
        return self.account.client(service, **config)

    def _start_moto(self, starting: ExitStack) -> None:
        from moto.sagemaker.models import FakeEndpointConfig

        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # otherwise a line for each request
        # botocore's model checks instance types; moto's own list is years old.
        starting.enter_context(patch.object(FakeEndpointConfig, "validate_instance_type", lambda *_: None))
        # moto lists its folder of services at every request: a third of the time of a small one.
        listed = backends.list_of_moto_modules
        if not hasattr(listed, "cache_info"):
            backends.list_of_moto_modules = cache(lambda: tuple(listed()))
        moto = ThreadedMotoServer(_LOOPBACK, 0, verbose=False)
        moto.start()
        starting.callback(moto.stop)
        host, port = moto.get_host_and_port()
        self.account.moto = f"http://{host}:{port}"

    def _start_app(self, starting: ExitStack) -> None:
        listening = socket.create_server((_LOOPBACK, self._port))
        self._port = listening.getsockname()[1]
        self.account.urls |= {service.id: self.url + service.path for service in SERVICES}
        config = uvicorn.Config(
            app.build(SERVICES, self.account, self._traffic),
            http=ReachableProtocol,
            ws="websockets-sansio",
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()

        def stop() -> None:
            self._traffic.reset()  # lets go of hanging requests
            server.should_exit = True
            thread.join()

        starting.callback(stop)
        for _ in range(_STARTING_SECONDS * 100):
            if server.started:
                return
            threading.Event().wait(0.01)
        raise TimeoutError(f"the local AWS did not start within {_STARTING_SECONDS} s")


def _variable(service: str) -> str:
    """botocore's: AWS_ENDPOINT_URL_ and the service's id ("SageMaker Runtime" -> SAGEMAKER_RUNTIME)."""
    return "AWS_ENDPOINT_URL_" + str(Wire.of(service).model.service_id).upper().replace(" ", "_")
