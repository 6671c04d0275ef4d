"""Keeps the webhook subscription: made when it is missing, made anew when the site disabled it or events were added.

Called by the connector for whoever knows the public address of our receiver.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.systems.clarity_ecommerce.client import ClarityClient, written_id
from integrations.connectors.systems.clarity_ecommerce.webhooks import TOPICS

MOST_SUBSCRIPTIONS = 10


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription as the site tells it; the secret never comes back."""

    id: str
    url: str
    events: frozenset[str]
    is_enabled: bool
    disabled_reason: str = ""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done: ``kept``, ``created`` or ``repaired``, and why a repaired one was off."""

    subscription: Subscription
    done: str
    reason: str = ""


def listed(client: ClarityClient) -> list[Subscription]:
    """Return all subscriptions of this API client. Raises Misconfigured without the scope webhooks:manage."""
    return [_subscription(row) for row in client.rows("webhooks")]


def _subscription(row: Mapping[str, Any]) -> Subscription:
    return Subscription(
        str(row.get("id")),
        str(row.get("url") or ""),
        frozenset(str(each) for each in row.get("events") or ()),
        bool(row.get("isEnabled", not row.get("disabledReason"))),
        str(row.get("disabledReason") or ""),
    )


def ensure(client: ClarityClient, url: str, secret: str, *, is_new_secret: bool = False) -> Upkeep:
    """Make sure that one enabled subscription with all our events sends to ``url``.

    The new one is made before the old one goes, so that no event falls between; the receiver knows doubles by
    their event id. ``is_new_secret``: make it anew, because the site does not tell which secret it holds.
    Raises Misconfigured without a secret, or when the site takes no further subscription.
    """
    if len(secret) < 32:
        raise Misconfigured("The webhook secret is missing or too short", missing="webhook_secret")
    every = listed(client)
    ours = [each for each in every if each.url == url]
    good = [each for each in ours if each.is_enabled and each.events >= set(TOPICS)]
    if good and not is_new_secret:
        _remove(client, [each for each in ours if each is not good[0]])
        return Upkeep(good[0], "kept")
    if len(every) >= MOST_SUBSCRIPTIONS:
        if not ours:
            raise Misconfigured(
                "The site takes 10 subscriptions and has them; remove one that nobody uses",
                missing="webhooks",
            )
        _remove(client, [ours.pop()])
    # Reference: contract v1, POST /webhooks. There is no PUT: a subscription is changed by another in its place.
    made = client.send("POST", "webhooks", {"url": url, "events": sorted(TOPICS), "secret": secret})
    written_id(made, "id")
    _remove(client, ours)
    reason = next((each.disabled_reason for each in ours if each.disabled_reason), "")
    is_repaired = len(every) > len([each for each in every if each.url != url])
    return Upkeep(_subscription(made.fields), "repaired" if is_repaired else "created", reason)


def remove(client: ClarityClient, url: str) -> int:
    """End every subscription that sends to ``url``; return how many there were."""
    ours = [each for each in listed(client) if each.url == url]
    _remove(client, ours)
    return len(ours)


def _remove(client: ClarityClient, subscriptions: list[Subscription]) -> None:
    for each in subscriptions:
        try:
            client.delete(f"webhooks/{each.id}")
        except NotFound:
            continue  # somebody else removed it: it is gone, as wanted
