"""Which addresses a connection may reach: a tenant must not point us at private networks or cloud metadata.

The name is resolved once per connect, every address is checked, and the socket goes to a checked address
itself, so that a second DNS answer cannot change where we end up. Used by ``transports.http``.
"""

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from integrations.connectors.base import ConnectionConfig
from integrations.connectors.errors import Misconfigured

_SHARED_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "64:ff9b::/96",  # NAT64: carries an IPv4 address we would not see
        "2002::/16",  # 6to4: likewise
    )
)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """What may be reached. ``allowed_hosts`` are ``host`` or ``host:port``, lower case."""

    allow_private_hosts: bool = False
    allowed_hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, config: ConnectionConfig) -> "AddressPolicy":
        return cls(config.allow_private_hosts, frozenset(host.lower() for host in config.allowed_hosts))

    def is_exempt(self, host: str, port: int) -> bool:
        """True when this host may be private, by the installation's own word."""
        name = host.lower().strip("[]")
        return (
            self.allow_private_hosts or name in self.allowed_hosts or f"{name}:{port}" in self.allowed_hosts
        )

    def checked(self, host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
        """Resolve ``host`` and return [(address family, socket address)] that may be connected to.

        Raises Misconfigured when any address is refused (a mixed answer is an attack or a mistake), and
        socket.gaierror when the name does not resolve.
        """
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses: list[tuple[int, tuple[str, int]]] = [
            (family, (str(address[0]), port)) for family, _, _, _, address in found
        ]
        if not self.is_exempt(host, port):
            refuse_private(host, (address[0] for _, address in addresses))
        return addresses


def refuse_private(host: str, addresses: Iterable[str]) -> None:
    """Raise Misconfigured when an address is not a public unicast one."""
    for address in addresses:
        if not is_public(address):
            raise Misconfigured(
                f"{host} points to a private or reserved address, which this installation does not allow",
                missing="public address",
                detail=f"{host} resolves to {address}",
            )


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if any(parsed.version == network.version and parsed in network for network in _SHARED_NETWORKS):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved
