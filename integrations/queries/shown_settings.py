"""Which settings of a connection may be shown to anybody; the API and the support console ask."""

from collections.abc import Mapping
from typing import Any

from integrations.connectors import registry
from integrations.connectors.registry import UnknownSystem
from integrations.models import Connection


def shown_settings(connection: Connection) -> Mapping[str, Any]:
    """Return only what the system's spec declares and does not call secret, whatever the row holds.

    {} where the system's connector is not installed any more.
    """
    try:
        spec = registry.get_spec(connection.system)
    except UnknownSystem:
        return {}
    shown = {setting.name for setting in spec.settings if not setting.secret}
    return {name: value for name, value in connection.settings.items() if name in shown}
