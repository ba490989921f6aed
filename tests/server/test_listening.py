"""The listening socket; `stories serve` itself is called in tests/cli/test_serve.py."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

from pipeline.errors import ConfigError
from pipeline.server.listening import listen


def test_the_end_of_a_response_does_not_wait_for_an_acknowledgement() -> None:
    """Nagle's algorithm (RFC 896) with delayed acknowledgements takes 40 ms a response."""
    with closing(listen("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname(), timeout=60)
        accepted, _ = listening.accept()
        with closing(client), closing(accepted):
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("port", [-1, 2**16])
def test_a_port_out_of_range_is_an_error(port: int) -> None:
    with pytest.raises(ConfigError, match="0 to 65535"):
        listen("127.0.0.1", port)
