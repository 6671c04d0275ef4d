"""Finds connectors by folder: ``systems/<key>/spec.py`` and ``connector.py``, imported at first use."""

import importlib
import pkgutil
from functools import cache
from typing import cast

from integrations.connectors import systems
from integrations.connectors.base import ConnectionConfig, Connector, WebhookReceiver
from integrations.connectors.spec import ConnectorSpec


class UnknownSystem(LookupError):
    """No connector folder has this key."""


@cache
def keys() -> tuple[str, ...]:
    """Return the keys of all connectors, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(systems.__path__) if module.ispkg))


@cache
def get_spec(key: str) -> ConnectorSpec:
    """Return a system's spec. Raises UnknownSystem."""
    if key not in keys():
        raise UnknownSystem(key)
    return cast(ConnectorSpec, importlib.import_module(f"{systems.__name__}.{key}.spec").SPEC)


def all_specs() -> tuple[ConnectorSpec, ...]:
    return tuple(get_spec(key) for key in keys())


def build(key: str, config: ConnectionConfig) -> Connector:
    """Return a connector over one connection; it opens nothing before its first call."""
    get_spec(key)
    module = importlib.import_module(f"{systems.__name__}.{key}.connector")
    return cast(Connector, module.build(config))


def webhook_receiver(key: str) -> WebhookReceiver | None:
    """Return the receiver of a system, or None where it sends no webhooks."""
    get_spec(key)
    module = importlib.import_module(f"{systems.__name__}.{key}.connector")
    return cast("WebhookReceiver | None", getattr(module, "WEBHOOKS", None))
