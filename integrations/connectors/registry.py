"""Finds connectors by folder: ``systems/<key>/spec.py`` and ``connector.py``, imported at first use."""

import importlib
import importlib.util
import json
import pkgutil
from functools import cache
from importlib import resources
from typing import Any, cast

from integrations.connectors import systems
from integrations.connectors.base import ConnectionConfig, Connector, WebhookReceiver
from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import EntitySchema, Kind


class UnknownSystem(LookupError):
    """No connector folder has this key."""


_packages: list[str] = [systems.__name__]


def add_package(name: str) -> None:
    """Look for connectors in a further package as well (an installation's own, a benchmark's)."""
    if name not in _packages:
        _packages.append(name)
        _homes.cache_clear()


@cache
def _homes() -> dict[str, str]:
    """Return connector key -> dotted name of its package."""
    found: dict[str, str] = {}
    for package in _packages:
        path = importlib.import_module(package).__path__
        found.update({one.name: f"{package}.{one.name}" for one in pkgutil.iter_modules(path) if one.ispkg})
    return found


def keys() -> tuple[str, ...]:
    """Return the keys of all connectors, sorted."""
    return tuple(sorted(_homes()))


def home(key: str) -> str:
    """Return the dotted package of a connector. Raises UnknownSystem."""
    try:
        return _homes()[key]
    except KeyError:
        raise UnknownSystem(key) from None


@cache
def get_spec(key: str) -> ConnectorSpec:
    """Return a system's spec. Raises UnknownSystem."""
    return cast(ConnectorSpec, importlib.import_module(f"{home(key)}.spec").SPEC)


def all_specs() -> tuple[ConnectorSpec, ...]:
    return tuple(get_spec(key) for key in keys())


def schema(key: str, kind: Kind) -> EntitySchema | None:
    """Return the schema that a connector declares for a kind, without asking the system; None where it has none."""
    if importlib.util.find_spec(f"{home(key)}.schema") is None:
        return None
    schemas = importlib.import_module(f"{home(key)}.schema").SCHEMAS
    return cast("EntitySchema | None", schemas.get(kind))


def build(key: str, config: ConnectionConfig) -> Connector:
    """Return a connector over one connection; it opens nothing before its first call."""
    module = importlib.import_module(f"{home(key)}.connector")
    return cast(Connector, module.build(config))


def preload(key: str) -> None:
    """Import a connector before its first use; a key that no folder has (any more) is passed over."""
    if key in _homes():
        importlib.import_module(f"{home(key)}.connector")


def webhook_receiver(key: str) -> WebhookReceiver | None:
    """Return the receiver of a system, or None where it sends no webhooks."""
    module = importlib.import_module(f"{home(key)}.connector")
    return cast("WebhookReceiver | None", getattr(module, "WEBHOOKS", None))


def template_pack(storefront: str, erp: str) -> list[dict[str, Any]]:
    """Return the ready flows of a pair, read from ``<erp>/templates/<storefront>/*.json``; [] where none."""
    folder = resources.files(home(erp)) / "templates" / storefront
    if not folder.is_dir():
        return []
    files = sorted(
        (file for file in folder.iterdir() if file.name.endswith(".json")), key=lambda file: file.name
    )
    return [json.loads(file.read_text()) for file in files]
