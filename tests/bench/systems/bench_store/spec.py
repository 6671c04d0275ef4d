"""What the bench store declares."""

from integrations.connectors.spec import (
    Capability,
    ConnectorSpec,
    KindFacts,
    Limits,
    Setting,
    Support,
    Verb,
)
from integrations.kinds import Kind, Side

SPEC = ConnectorSpec(
    key="bench_store",
    label="Bench Store",
    glyph="BS",
    side=Side.STOREFRONT,
    summary="Sends whole orders by signed webhook.",
    versions="1",
    settings=(
        Setting("webhook_secret", "Webhook secret", secret=True, required=True),
        Setting("max_parallel", "Parallel calls", default=64),
    ),
    capabilities={(Kind.ORDER, verb): Capability(Support.FULL) for verb in (Verb.WATCH, Verb.READ)},
    facts={
        Kind.ORDER: KindFacts("Order", "number", total="total", currency="currency", email="email"),
    },
    limits=Limits(parallel_calls=64),
    reference_prefix="BS",
    webhook_setup="POST the order, signed.",
)
