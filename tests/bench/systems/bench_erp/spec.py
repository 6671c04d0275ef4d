"""What the bench ERP declares."""

from integrations.connectors.spec import (
    Capability,
    ConnectorSpec,
    KindFacts,
    Limits,
    Setting,
    SettingType,
    Support,
    Verb,
)
from integrations.kinds import Kind, Side

SPEC = ConnectorSpec(
    key="bench_erp",
    label="Bench ERP",
    glyph="BE",
    side=Side.ERP,
    summary="Takes one JSON POST per order.",
    versions="1",
    settings=(
        Setting("base_url", "Address", SettingType.URL, required=True),
        Setting("max_parallel", "Parallel calls", SettingType.INTEGER, default=64),
        Setting("operation_timeout_s", "Timeout", SettingType.INTEGER, default=5),
        Setting("lookup_wait_s", "Seconds between look-ups", SettingType.INTEGER, default=1),
    ),
    capabilities={(Kind.ORDER, verb): Capability(Support.FULL) for verb in (Verb.FIND, Verb.CREATE)},
    facts={Kind.ORDER: KindFacts("Order", "reference", total="total")},
    limits=Limits(parallel_calls=64, connect_seconds=2, read_seconds=5, total_seconds=5),
)
