"""Laptops in the same local network find each other by mDNS. What is announced names a device, never a person."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from typing import NamedTuple, Self

import ifaddr
from zeroconf import (
    Error,
    InterfaceChoice,
    IPVersion,
    ServiceBrowser,
    ServiceInfo,
    ServiceStateChange,
    Zeroconf,
)

from sync.errors import Problem

SERVICE = "_xinyi._tcp.local."
_MAX_LABEL = 63
"""Bytes of one part of a name in DNS."""

_LOOK_MS = 3000


class Neighbour(NamedTuple):
    """A laptop that waits nearby: what it calls itself, and where it may be (each ``host:port``).

    A computer with a cable, a radio and a virtual machine has several addresses, and only some lead to it from here.
    """

    name: str
    addresses: list[str]


Found = Callable[[Neighbour], None]


class Announcement:
    """Makes this laptop known as waiting, until it is closed. Raises OSError where the network does not carry that.

    Args:
        name: what the lists on other computers show.
        port: where it listens.
        address: the one address that it listens at, empty for all.
    """

    def __init__(self, name: str, port: int, address: str = "") -> None:
        addresses = [address] if address else own_addresses()
        if not addresses:
            raise OSError
        self._network = _network(address)
        self._service = ServiceInfo(
            SERVICE,
            f"{_label(name)}.{SERVICE}",
            port,
            parsed_addresses=addresses,
            # Not the computer's own name: it may be that of its owner.
            server=f"xinyi-{secrets.token_hex(6)}.local.",
        )
        try:
            self._network.register_service(self._service, allow_name_change=True)
        except Error as error:
            self._network.close()
            raise OSError from error

    def close(self) -> None:
        """Say goodbye."""
        self._network.unregister_service(self._service)
        self._network.close()


class Browser:
    """Looks for laptops that wait, until it is closed. Raises OSError where the network does not carry that.

    Args:
        found: told of each one, again when its address changes; on a thread of the browser.
        gone: told the name of one that stopped waiting; likewise.
        address: the one address of this computer at which to look, empty for all.
    """

    def __init__(self, found: Found, gone: Callable[[str], None], address: str = "") -> None:
        self._found = found
        self._gone = gone
        self._network = _network(address)
        self._browser = ServiceBrowser(self._network, SERVICE, handlers=[self._changed])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop looking."""
        self._browser.cancel()
        self._network.close()

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        shown = name.removesuffix(f".{service_type}")
        if state_change is ServiceStateChange.Removed:
            self._gone(shown)
            return
        service = zeroconf.get_service_info(service_type, name, _LOOK_MS)
        addresses = service.parsed_addresses(IPVersion.V4Only) if service else []
        if service and service.port and addresses:
            self._found(Neighbour(shown, [f"{one}:{service.port}" for one in addresses]))


def split_address(text: str) -> tuple[str, int]:
    """``host:port`` as a person types it. Raises Problem."""
    host, _, port = unicodedata.normalize("NFKC", text).strip().rpartition(":")
    host = host.strip().removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) not in range(1, 2**16):
        raise Problem("neighbour.bad_address", address=text)
    return host, int(port)


def own_addresses() -> list[str]:
    """Where this computer can be reached from others, by IPv4."""
    addresses = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [one for one in addresses if not one.startswith("127.")]


def _network(address: str) -> Zeroconf:
    return Zeroconf(interfaces=[address] if address else InterfaceChoice.All, ip_version=IPVersion.V4Only)


def _label(name: str) -> str:
    """A name as one part of a DNS name: at most 63 bytes, no dots, nothing invisible."""
    clean = "".join(one for one in name.replace(".", "·") if one.isprintable()).strip()
    return clean.encode()[:_MAX_LABEL].decode(errors="ignore") or "xinyi"
