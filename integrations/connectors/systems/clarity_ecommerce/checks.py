"""The connection test: named results, each with what was seen, how long it took and how to mend it."""

import time
from collections.abc import Callable, Iterator

from integrations.connectors.base import CheckResult
from integrations.connectors.errors import AuthFailed, ConnectorError, Misconfigured
from integrations.connectors.systems.clarity_ecommerce import subscriptions
from integrations.connectors.systems.clarity_ecommerce.client import ClarityClient
from integrations.connectors.systems.clarity_ecommerce.spec import ALL_SCOPES

FIX_ADDRESS = "Check the site address, and that the site can be reached from this server."
FIX_CLIENT = (
    "Copy client ID and client secret again; a secret is shown once, so make a new one if it is lost."
)
FIX_SCOPES = "Give the API client the scope in the site's administration, then test again."
FIX_WEBHOOKS = "Give the API client webhooks:manage, or switch off keeping the subscription."


class Failed(Exception):
    """A check that got its answer and does not like it."""

    def __init__(self, evidence: str, field: str = "") -> None:
        super().__init__(evidence)
        self.evidence = evidence
        self.field = field


def run_checks(client: ClarityClient) -> Iterator[CheckResult]:
    """Yield one result after another; without an accepted client the rest is not asked. Reads only."""
    accepted = _checked("Client accepted", lambda: _accept(client), FIX_CLIENT)
    yield accepted
    if not accepted.ok:
        return
    answered = _checked("API v1 answers", lambda: _ping(client), FIX_ADDRESS, "base_url")
    yield answered
    if not answered.ok:
        return
    yield _checked("Scopes granted", lambda: _scopes(client), FIX_SCOPES, "scopes")
    yield _checked("Orders can be read", lambda: _newest(client, "orders", "orderNumber"), FIX_SCOPES)
    yield _checked("Products can be read", lambda: _newest(client, "products", "sku"), FIX_SCOPES)
    yield _checked("Webhooks", lambda: _webhooks(client), FIX_WEBHOOKS, "webhook_secret")


def _checked(name: str, ask: Callable[[], str], fix: str, field: str = "") -> CheckResult:
    started = time.monotonic()
    try:
        evidence, ok, where = ask(), True, ""
    except Failed as error:
        evidence, ok, where = error.evidence, False, error.field or field
    except ConnectorError as error:
        evidence, ok, where = error.message, False, field
        if isinstance(error, AuthFailed):
            where = error.field or field
        elif isinstance(error, Misconfigured):
            where, fix = error.missing if error.missing.isidentifier() else field, fix
    return CheckResult(name, ok, evidence, "" if ok else fix, time.monotonic() - started, where)


def _accept(client: ClarityClient) -> str:
    token, _ = client.tokens.get()
    return f"{client.token_url} gave a token with {len(token.scopes)} scopes"


def _ping(client: ClarityClient) -> str:
    given = client.get("ping")
    if not isinstance(given, dict) or given.get("apiVersion") != "v1":
        raise Failed("What answers here is not API v1", "base_url")
    return f"{given.get('service')} {given['apiVersion']}, its clock says {given.get('time')}"


def _scopes(client: ClarityClient) -> str:
    token, _ = client.tokens.get()
    wanted = str(client.setting("scopes", ALL_SCOPES)).split()
    missing = [each for each in wanted if each not in token.scopes]
    if missing:
        raise Failed(f"The client was not given {', '.join(missing)}")
    return f"All {len(wanted)} scopes that are asked for"


def _newest(client: ClarityClient, path: str, name: str) -> str:
    given = client.get(path, {"pageSize": 1})
    if not isinstance(given, dict) or not isinstance(given.get("results"), list):
        raise Failed("The list has no results")
    if not given["results"]:
        return f"The site has no {path} yet"
    return (
        f"{given.get('totalCount')} {path}, the one unchanged for longest is {given['results'][0].get(name)}"
    )


def _webhooks(client: ClarityClient) -> str:
    if not client.setting("webhook_secret"):
        return "No webhook secret: changes are found by polling alone"
    if not client.setting("auto_register_webhooks", True):
        return "The subscription is kept by hand"
    found = subscriptions.listed(client)
    disabled = [each for each in found if not each.is_enabled]
    if disabled:
        raise Failed(f"A subscription was switched off: {disabled[0].disabled_reason}")
    return f"{len(found)} of {subscriptions.MOST_SUBSCRIPTIONS} subscriptions in use"
