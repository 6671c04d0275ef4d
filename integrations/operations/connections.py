"""Connections: made from the spec's form, tested with named results, their secrets sealed and never shown."""

import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from integrations.connectors import registry
from integrations.connectors.base import CheckResult
from integrations.connectors.errors import ConnectorError
from integrations.connectors.spec import ConnectorSpec, Setting, SettingType
from integrations.models import Connection, ConnectionSecret, Tenant, in_tenant
from integrations.operations import alerts, audit, limits
from integrations.operations.audit import Actor
from integrations.operations.delivery.prefetch import ladder_of
from integrations.operations.inbox import hash_token
from integrations.operations.wake import wake_on_commit
from integrations.stores import access, vault

# How long a person's test waits for its turn under a rate limit.
_TEST_PATIENCE_SECONDS = 10.0


class SettingsRefused(ValueError):
    """Some settings are not right; ``problems`` maps the field's name to what is wrong with it."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in problems.items()))
        self.problems = dict(problems)


def create_connection(system: str, name: str, given: Mapping[str, Any], *, actor: Actor) -> Connection:
    """Create a connection of the current tenant. Raises SettingsRefused, UnknownSystem."""
    spec = registry.get_spec(system)
    values, secret_values = clean_settings(spec, given, known_secrets=frozenset())
    if not name.strip():
        raise SettingsRefused({"name": "Give the connection a name."})
    if Connection.objects.filter(name=name.strip()).exists():
        raise SettingsRefused({"name": "Another connection has this name."})
    with transaction.atomic():
        made = Connection.objects.create(
            system=system,
            name=name.strip(),
            settings=values,
            max_parallel=int(values.get("max_parallel") or spec.limits.parallel_calls),
            calls_per_minute=_calls_per_minute(spec, values),
            secrets_changed=_stamped({}, secret_values),
        )
        ConnectionSecret.objects.create(
            connection=made, sealed=vault.seal_secrets(made.tenant_id, made.pk, secret_values)
        )
        if spec.webhook_setup:
            _set_hook_token(made)
        made.settle_seconds = ladder_of(access.load([made])[made.pk]).settle_seconds
        made.save()
        limits.state_limit(made.pk)
        audit.record(actor, "connection.created", f"connection {made.pk}", f"{spec.label}: {made.name}")
    return made


def update_connection(connection_id: int, name: str, given: Mapping[str, Any], *, actor: Actor) -> Connection:
    """Change settings; a secret left empty keeps its value. Raises SettingsRefused, Connection.DoesNotExist."""
    with transaction.atomic():
        found = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
        spec = registry.get_spec(found.system)
        # A worker may be keeping a renewed token right now: who comes second builds on what the first one wrote.
        stored = ConnectionSecret.objects.select_for_update(no_key=True).get(connection=found)
        old_secrets = vault.open_secrets(found.tenant_id, found.pk, stored.sealed)
        values, changed_secrets = clean_settings(spec, given, known_secrets=frozenset(old_secrets))
        if Connection.objects.filter(name=name.strip()).exclude(pk=found.pk).exists() or not name.strip():
            raise SettingsRefused({"name": "Give the connection a name that no other has."})
        stored.sealed = vault.seal_secrets(found.tenant_id, found.pk, {**old_secrets, **changed_secrets})
        stored.save()
        found.name, found.settings = name.strip(), values
        found.max_parallel = int(values.get("max_parallel") or spec.limits.parallel_calls)
        found.calls_per_minute = _calls_per_minute(spec, values)
        found.secrets_changed = _stamped(found.secrets_changed, changed_secrets)
        found.revision += 1
        found.settle_seconds = ladder_of(access.load([found])[found.pk]).settle_seconds
        found.save()
        limits.state_limit(found.pk)
        words = ", ".join(sorted(changed_secrets)) or "settings only"
        audit.record(actor, "connection.changed", f"connection {found.pk}", f"{found.name}: {words}")
    return found


def _calls_per_minute(spec: ConnectorSpec, values: Mapping[str, Any]) -> int | None:
    return int(values.get("max_requests_per_minute") or 0) or spec.limits.calls_per_minute


def clean_settings(
    spec: ConnectorSpec, given: Mapping[str, Any], *, known_secrets: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (settings, secrets) checked against the spec. Raises SettingsRefused naming each field."""
    values: dict[str, Any] = {}
    secret_values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for setting in spec.settings:
        raw = given.get(setting.name)
        if isinstance(raw, str):
            raw = raw.strip()
        if raw in (None, ""):
            if (
                setting.required
                and setting.default is None
                and not (setting.secret and setting.name in known_secrets)
            ):
                problems[setting.name] = f"{setting.label} is needed."
            continue
        try:
            value = _clean(setting, raw)
        except ValueError as error:
            problems[setting.name] = str(error)
            continue
        (secret_values if setting.secret else values)[setting.name] = value
    if unknown := set(given) - {setting.name for setting in spec.settings}:
        problems[sorted(unknown)[0]] = "This system has no such setting."
    if problems:
        raise SettingsRefused(problems)
    return values, secret_values


def _clean(setting: Setting, raw: Any) -> Any:
    text = str(raw)
    match setting.type:
        case SettingType.BOOLEAN:
            return raw if isinstance(raw, bool) else text.lower() in ("1", "true", "on", "yes")
        case SettingType.INTEGER:
            if not re.fullmatch(r"-?\d{1,9}", text):
                raise ValueError(f"{setting.label} is a whole number.")
            number = int(text)
            if setting.minimum is not None and number < setting.minimum:
                raise ValueError(f"{setting.label} is at least {setting.minimum}.")
            if setting.maximum is not None and number > setting.maximum:
                raise ValueError(f"{setting.label} is at most {setting.maximum}.")
            return number
        case SettingType.CHOICE:
            if text not in {value for value, _ in setting.choices}:
                raise ValueError(
                    f"{setting.label} is one of {', '.join(value for value, _ in setting.choices)}."
                )
        case SettingType.TIMEZONE:
            if text not in available_timezones():
                raise ValueError(f"{text!r} is not a time zone; write it as America/Chicago.")
        case SettingType.URL:
            parts = urlsplit(text)
            if parts.scheme not in ("https", "http") or not parts.hostname:
                raise ValueError(f"{setting.label} is an address that starts with https://.")
            text = text.rstrip("/")
    if setting.min_length is not None and len(text) < setting.min_length:
        raise ValueError(f"{setting.label} has at least {setting.min_length} characters.")
    if setting.max_length is not None and len(text) > setting.max_length:
        raise ValueError(f"{setting.label} has at most {setting.max_length} characters.")
    if setting.pattern and not re.fullmatch(setting.pattern, text):
        raise ValueError(f"{setting.label} does not have the right form.")
    return text


def _stamped(before: Mapping[str, str], changed: Mapping[str, Any]) -> dict[str, str]:
    now = timezone.now().isoformat(timespec="seconds")
    return {**before, **dict.fromkeys(changed, now)}


def _set_hook_token(connection: Connection, token: str = "") -> str:
    token = token or secrets.token_urlsafe(24)
    connection.hook_token_hash = hash_token(token)
    connection.hook_token_sealed = vault.seal(connection.tenant_id, token.encode(), f"hook:{connection.pk}")
    return token


def hook_token(connection: Connection) -> str:
    """Return the token in a connection's webhook address; "" where its system sends none."""
    if connection.hook_token_sealed is None:
        return ""
    return vault.unseal(
        connection.tenant_id, bytes(connection.hook_token_sealed), f"hook:{connection.pk}"
    ).decode()


def rotate_hook_token(connection_id: int, *, actor: Actor) -> str:
    """Give the webhook address a new token; the old one is refused at once. Returns the new one."""
    with transaction.atomic():
        found = Connection.objects.select_for_update(no_key=True).get(pk=connection_id)
        token = _set_hook_token(found)
        found.save(update_fields=["hook_token_hash", "hook_token_sealed"])
        audit.record(actor, "connection.hook_rotated", f"connection {found.pk}", found.name)
    return token


def run_test(tenant: Tenant, connection_id: int, *, actor: Actor) -> Iterator[CheckResult]:
    """Yield named results one by one, then store them; a full pass lifts a pause for refused credentials.

    Speaks to the remote system, so call it outside a transaction. Raises Connection.DoesNotExist.
    """
    with in_tenant(tenant.pk):
        found = Connection.objects.get(pk=connection_id)
        gate = limits.MeteredGate(found, patience_seconds=_TEST_PATIENCE_SECONDS)
        connector = access.load([found])[found.pk].build(gate=gate)
    results: list[CheckResult] = []
    identity = None
    try:
        for result in connector.check():
            results.append(result)
            yield result
        if results and all(result.ok for result in results):
            try:
                identity = connector.identity()
            except ConnectorError as error:
                results.append(CheckResult("Company", False, error.message))
                yield results[-1]
    finally:
        connector.close()
        gate.close()
        with in_tenant(tenant.pk):
            _store_test(found, results, identity, actor)


def _store_test(found: Connection, results: list[CheckResult], identity: Any, actor: Actor) -> None:
    passed = bool(results) and all(result.ok for result in results)
    now = timezone.now()
    changes: dict[str, Any] = {
        "tested_at": now,
        "test_results": [
            {
                "name": r.name,
                "ok": r.ok,
                "evidence": r.evidence,
                "fix": r.fix,
                "seconds": r.seconds,
                "field": r.field,
            }
            for r in results
        ],
    }
    if passed:
        changes.update(
            health="healthy", health_at=now, health_message="", last_success_at=now, failures_in_row=0
        )
        changes["open_until"] = None
        if identity is not None:
            changes.update(identity_key=identity.key, identity_label=identity.label)
        if found.pause_reason == "credentials refused":
            changes.update(paused_at=None, pause_reason="")
    Connection.objects.filter(pk=found.pk).update(**changes)
    if passed:
        with database.cursor() as cursor:
            for key in (f"refused:{found.pk}", f"connection-down:{found.pk}"):
                alerts.close_alert(cursor, found.tenant_id, key, "The connection test passed.")
        wake_on_commit()
    words = "passed" if passed else f"{sum(not r.ok for r in results)} of {len(results)} failed"
    audit.record(actor, "connection.tested", f"connection {found.pk}", f"{found.name}: {words}")


def pause(connection_id: int, reason: str, *, actor: Actor) -> None:
    """Stop polls and deliveries of a connection; events keep accumulating."""
    Connection.objects.filter(pk=connection_id, paused_at=None).update(
        paused_at=timezone.now(), pause_reason=reason[:200] or "paused by a person"
    )
    audit.record(actor, "connection.paused", f"connection {connection_id}", reason)


def resume(connection_id: int, *, actor: Actor) -> None:
    """Let a paused connection go on; what waited goes in order."""
    Connection.objects.filter(pk=connection_id).update(paused_at=None, pause_reason="", open_until=None)
    audit.record(actor, "connection.resumed", f"connection {connection_id}", "")
    wake_on_commit()
