"""The addresses by which other devices of the network reach a server on this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

# Interfaces to containers and virtual machines of this machine only: Docker, Podman, libvirt, VMware,
# VirtualBox.
_INNER = ("docker", "br-", "veth", "cni", "podman", "virbr", "vmnet", "vmenet", "vboxnet")
# Addresses for documentation (RFC 5737, RFC 3849): asked is where the system would send from, and nothing is
# sent.
_FAR = {4: "192.0.2.1", 6: "2001:db8::1"}
_PORT = 9


@dataclass(frozen=True, slots=True)
class Reach:
    """bound: the numeric address that the server listens on. url: as others call it, "" for not given."""

    bound: str
    port: int
    url: str = ""

    @property
    def is_open(self) -> bool:
        """Whether other devices could reach it, given a network."""
        return bool(self.url) or not _ip(self.bound).is_loopback

    def urls(self) -> tuple[str, ...]:
        """The best first; () without a network. Looked up at each call: a laptop changes its network."""
        if self.url:
            return (self.url,)
        if not self.is_open:
            return ()
        ip = _ip(self.bound)
        addresses = (ip,) if not ip.is_unspecified else network_addresses(ip.version)
        return tuple(f"http://{f'[{each}]' if each.version == 6 else each}:{self.port}" for each in addresses)


def network_addresses(version: int) -> tuple[IPv4Address | IPv6Address, ...]:
    """This machine's addresses in networks that others may be in, the best first. version: 4 or 6."""
    usual = _usual(version)
    addresses = [each for each in _interfaces() if each[0].version == version]
    # Stable: of equals, the system's order.
    addresses.sort(key=lambda each: (each[1], each[0] != usual, not each[0].is_private))
    return tuple(dict.fromkeys(address for address, _ in addresses))


def _interfaces() -> Iterator[tuple[IPv4Address | IPv6Address, bool]]:
    """Addresses of the interfaces that are up, and whether each is a tunnel (a VPN's)."""
    import psutil

    states = psutil.net_if_stats()
    for name, addresses in psutil.net_if_addrs().items():
        state = states.get(name)
        if state is None or not state.isup or name.startswith(_INNER):
            continue
        for each in addresses:
            if each.family in (socket.AF_INET, socket.AF_INET6):
                address = _ip(each.address)
                if not address.is_loopback and not address.is_link_local:
                    yield address, "pointopoint" in state.flags.split(",")


def _usual(version: int) -> IPv4Address | IPv6Address | None:
    """The address that this machine sends from."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_FAR[version], _PORT))
            return _ip(probe.getsockname()[0])
    except OSError:  # no network, no IPv6
        return None


def _ip(address: str) -> IPv4Address | IPv6Address:
    return ip_address(address.partition("%")[0])
