"""Fixtures of all tests of the AWS engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.loaders
import botocore.session
import pytest


@pytest.fixture(scope="package", autouse=True)
def _shared_loader() -> Iterator[None]:
    """Every botocore session reads the service models once: that is most of the time a client takes."""
    loader = botocore.loaders.create_loader()
    create = botocore.session.get_session

    def get_session(*arguments: Any) -> Any:
        session = create(*arguments)
        session.register_component("data_loader", loader)
        return session

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.get_session", get_session)
        yield
