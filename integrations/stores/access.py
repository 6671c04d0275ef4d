"""A connection as connectors need it: settings and secrets together, under this installation's network rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig, Connector, Exchange, Gate, OpenGate
from integrations.connectors.spec import ConnectorSpec
from integrations.models import Connection, ConnectionSecret
from integrations.stores import vault
from integrations.stores.renewals import Ask, Keeper, at_once


@dataclass(frozen=True, slots=True)
class Access:
    """Everything about one connection that a thread may hold; secrets stay in memory."""

    connection_id: int
    tenant_id: int
    revision: int
    system: str
    values: Mapping[str, Any]
    calls_per_minute: int | None = None

    @property
    def spec(self) -> ConnectorSpec:
        return registry.get_spec(self.system)

    def build(
        self,
        *,
        gate: Gate | None = None,
        observe: Callable[[Exchange], None] | None = None,
        ask: Ask = at_once,
    ) -> Connector:
        """Return a fresh connector; nothing is opened before its first call.

        ``ask`` carries the keeping of renewed secrets to a thread that holds a database connection.
        """
        return registry.build(
            self.system,
            ConnectionConfig(
                values=self.values,
                gate=gate or OpenGate(),
                allowed_hosts=settings.ALLOWED_PRIVATE_HOSTS,
                observe=observe,
                keeper=Keeper(self.tenant_id, self.connection_id, ask),
            ),
        )


def load(connections: list[Connection]) -> dict[int, Access]:
    """Return access to each connection, with one query for all their secrets."""
    sealed = {
        (secret.tenant_id, secret.connection_id): bytes(secret.sealed)
        for secret in ConnectionSecret.across_tenants.filter(
            connection_id__in=[one.pk for one in connections]
        )
    }
    return {one.pk: _access(one, sealed.get((one.tenant_id, one.pk))) for one in connections}


def _access(connection: Connection, sealed: bytes | None) -> Access:
    secrets = {} if sealed is None else vault.open_secrets(connection.tenant_id, connection.pk, sealed)
    defaults = {
        setting.name: setting.default
        for setting in registry.get_spec(connection.system).settings
        if setting.default is not None
    }
    return Access(
        connection.pk,
        connection.tenant_id,
        connection.revision,
        connection.system,
        {**defaults, **connection.settings, **secrets},
        connection.calls_per_minute,
    )
