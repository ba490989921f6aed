"""Addresses of this machine in its network."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import psutil
import pytest

from pipeline.server import reach
from pipeline.server.reach import Reach

UP, DOWN = "up,broadcast,running,multicast", "broadcast,multicast"
TUNNEL = "up,pointopoint,running,noarp,multicast"


def network(monkeypatch: pytest.MonkeyPatch, usual: str | None, **interfaces: tuple[str, list[str]]) -> None:
    """Interfaces by name: flags and addresses. usual: where this machine sends from."""

    def family(address: str) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in address else socket.AF_INET

    addresses = {
        name.replace("_", "-"): [SimpleNamespace(family=family(each), address=each) for each in given]
        for name, (_, given) in interfaces.items()
    }
    states = {
        name.replace("_", "-"): SimpleNamespace(isup=flags.startswith("up"), flags=flags)
        for name, (flags, _) in interfaces.items()
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
    monkeypatch.setattr(reach, "_usual", lambda _: usual and reach._ip(usual))


def urls(bound: str = "0.0.0.0", url: str = "") -> tuple[str, ...]:
    return Reach(bound, 8000, url).urls()


def test_the_address_in_the_house_comes_before_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    network(
        monkeypatch,
        "192.168.1.23",
        lo=("up,loopback,running", ["127.0.0.1", "::1"]),
        tun0=(TUNNEL, ["10.8.0.2"]),
        docker0=(UP, ["172.17.0.1"]),
        br_4f1c=(UP, ["172.18.0.1"]),
        eth0=(UP, ["10.0.0.5"]),
        usb0=(DOWN, ["192.168.42.1"]),
        wlan0=(UP, ["192.168.1.23", "fe80::1%wlan0", "169.254.3.3"]),
    )
    assert urls() == ("http://192.168.1.23:8000", "http://10.0.0.5:8000", "http://10.8.0.2:8000")


def test_a_vpn_that_takes_all_traffic_is_not_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    network(monkeypatch, "10.8.0.2", utun3=(TUNNEL, ["10.8.0.2"]), en0=(UP, ["192.168.1.23"]))
    assert urls() == ("http://192.168.1.23:8000", "http://10.8.0.2:8000")


def test_a_private_address_comes_before_a_public_one(monkeypatch: pytest.MonkeyPatch) -> None:
    network(monkeypatch, None, eth0=(UP, ["8.8.8.8", "192.168.1.23"]))
    assert urls()[0] == "http://192.168.1.23:8000"


def test_without_a_network_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    network(monkeypatch, None, lo=("up,loopback,running", ["127.0.0.1"]), wlan0=(DOWN, []))
    assert (urls(), Reach("0.0.0.0", 8000).is_open) == ((), True)


def test_a_server_that_listens_on_ipv6_has_those_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    network(monkeypatch, None, eth0=(UP, ["192.168.1.23", "fd00::2", "fe80::1%eth0"]))
    assert urls("::") == ("http://[fd00::2]:8000",)


@pytest.mark.parametrize("bound", ["127.0.0.1", "127.0.0.2", "::1"])
def test_this_machine_only_is_reached_by_nobody_else(bound: str) -> None:
    assert (urls(bound), Reach(bound, 8000).is_open) == ((), False)


def test_a_named_address_is_that_address() -> None:
    assert urls("192.168.1.23") == ("http://192.168.1.23:8000",)
    assert urls("fd00::2") == ("http://[fd00::2]:8000",)


def test_the_given_url_is_the_address_wherever_it_listens() -> None:
    assert urls("127.0.0.1", "https://stories.example.org") == ("https://stories.example.org",)


def test_the_real_machine_answers() -> None:
    """What a socket of this machine sends from is among its addresses; nothing is sent."""
    usual = reach._usual(4)
    addresses = reach.network_addresses(4)
    assert usual is None or usual.is_loopback or usual in addresses
    assert not any(address.is_loopback for address in addresses)
