"""Starts and stops it all: moto, and uvicorn beside it, in threads of this process, on loopback."""

from __future__ import annotations

import logging
import socket
import threading
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from moto import backends
from moto.server import ThreadedMotoServer

from infra.local_aws import app, jumpstart, seed
from infra.local_aws.account import ACCESS_KEY, SECRET_KEY, Account
from infra.local_aws.backing import Backing
from infra.local_aws.connection import ReachableProtocol
from infra.local_aws.faults import Fault, Traffic
from infra.local_aws.options import Options
from infra.local_aws.polly import SERVICE as POLLY
from infra.local_aws.s3 import S3
from infra.local_aws.sagemaker_runtime import SERVICE as SAGEMAKER_RUNTIME
from infra.local_aws.service import Mounted
from infra.local_aws.stateful import services_of
from infra.local_aws.translate import SERVICE as TRANSLATE
from infra.local_aws.wire import Wire

SERVICES: tuple[Mounted, ...] = (TRANSLATE, POLLY, SAGEMAKER_RUNTIME, S3())
# Named for whoever reads the environment; everything else goes to moto as well, by AWS_ENDPOINT_URL.
_MOTO = ("sagemaker", "sts", "iam", "service-quotas", "stepfunctions", "lambda", "logs")
_LOOPBACK = "127.0.0.1"
_STARTING_SECONDS = 60


class LocalAws:
    """A context manager. One at a time in a process: moto's state is the process's."""

    def __init__(
        self,
        backing: str = "fake",
        *,
        port: int = 0,
        models: Path | None = None,
        services: Sequence[Mounted] = SERVICES,
        **options: Any,
    ) -> None:
        """options: options.Options', as `lambdas` and `endpoint_delay`."""
        self.account = Account(Backing.of(backing, models))
        self.options = Options(**options)
        self._services = (*services, *services_of(self.options))
        self._port = port
        self._traffic = Traffic()
        self._moto = ThreadedMotoServer(_LOOPBACK, 0, verbose=False)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> LocalAws:
        self._start_moto()
        try:
            self._start_app()
            seed.make_bucket(self.account, seed.BUCKET)
            for name in seed.ENDPOINTS:
                seed.make_endpoint(self.account, name)
            jumpstart.seed(self.account)
        except BaseException:
            self.__exit__()
            raise
        self.reset()
        return self

    def __exit__(self, *_: object) -> None:
        self._traffic.reset()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join()
        self.options.ending.close()
        self._moto.stop()

    @property
    def url(self) -> str:
        return f"http://{_LOOPBACK}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """For a process that is to use it: endpoints, region, keys, and what the stories profile needs."""
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
            # A model of 135M parameters writes no story that passes, and a fake translation is in no
            # language; the profile itself stays strict.
            **({"STORIES_CHECKS": "report"} if account.backing.name != "embedded" else {}),
        }

    def requests(self, operation: str) -> int:
        """How many arrived since the last reset(), whatever became of them; "*" for all operations."""
        return self._traffic.requests(operation)

    def inject(self, operation: str, fault: Fault) -> None:
        """The next requests of the operation ("*": of any) fail. Raises ValueError."""
        app.check(self._services, operation, fault)
        self._traffic.inject(operation, fault)

    def clear(self, operation: str) -> None:
        """No more faults of this operation; all else goes on."""
        self._traffic.clear(operation)

    def reset(self) -> None:
        """No faults and no counts. What is stored stays: take a bucket of your own with make_bucket()."""
        self._traffic.reset()

    def make_bucket(self) -> str:
        """A new private bucket's name."""
        name = f"stories-{uuid.uuid4().hex[:12]}"
        seed.make_bucket(self.account, name)
        return name

    def client(self, service: str, **config: Any) -> AbstractContextManager[Any]:
        """A boto3 client of the account, for tests of the wire itself."""
        return self.account.client(service, **config)

    def _start_moto(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request else
        _read_its_folder_once()
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.account.moto = f"http://{host}:{port}"

    def _start_app(self) -> None:
        listening = socket.create_server((_LOOPBACK, self._port))
        self._port = listening.getsockname()[1]
        self.account.urls |= {service.id: self.url + service.path for service in self._services}
        config = uvicorn.Config(
            app.build(self._services, self.account, self._traffic),
            http=ReachableProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        waited = threading.Event()
        for _ in range(_STARTING_SECONDS * 100):
            if self._server.started:
                return
            waited.wait(0.01)
        raise TimeoutError(f"the local AWS did not start within {_STARTING_SECONDS} s")


def _read_its_folder_once() -> None:
    """moto lists its own folder of services at every request: a third of the time of a small one."""
    if not hasattr(backends.list_of_moto_modules, "cache_info"):
        listed = backends.list_of_moto_modules
        backends.list_of_moto_modules = cache(lambda: tuple(listed()))


def _variable(service: str) -> str:
    """botocore's: AWS_ENDPOINT_URL_ and the service's id ("SageMaker Runtime" -> SAGEMAKER_RUNTIME)."""
    return "AWS_ENDPOINT_URL_" + str(Wire.of(service).model.service_id).upper().replace(" ", "_")
