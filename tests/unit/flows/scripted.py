"""A connector that does what a test tells it, and the house in memory; used by the tests of this folder.

``Erp`` and ``Shop`` keep records and raise what is queued in ``raises``; ``House`` keeps links and intents as
the delivery does, and writes down what it was asked in ``told``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from integrations.connectors.base import CheckResult, Found, WriteRequest, WriteResult
from integrations.connectors.errors import NotFound
from integrations.connectors.spec import ConnectorSpec, Identity, KindFacts, Limits
from integrations.flows.decision import Ladder
from integrations.flows.definition import CompiledFlow, compile_flow
from integrations.flows.outcome import LinkChange, Outcome
from integrations.flows.ports import IntentGrant, Link, LinkQuery, RunTask
from integrations.flows.runner import run_record
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind, Record, Side
from integrations.mapping import ValueTable

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
LADDER = Ladder(wait_seconds=7.0, settle_seconds=19.0)
ORDER_FACTS = KindFacts("Order", "number", total="total", currency="currency")


def _spec(key: str, label: str, side: Side, prefix: str) -> ConnectorSpec:
    return ConnectorSpec(
        key=key, label=label, glyph="XX", side=side, summary="", versions="1", settings=(), capabilities={},
        facts={Kind.ORDER: ORDER_FACTS}, limits=Limits(), reference_prefix=prefix,
    )  # fmt: skip


SHOP_SPEC = _spec("shop", "Shop", Side.STOREFRONT, "XC")
ERP_SPEC = _spec("erp", "ERP", Side.ERP, "")

ORDER_SCHEMA = EntitySchema(
    "erp", Kind.ORDER, "Sales order",
    (
        FieldInfo("CustID", FieldType.TEXT, required=True, max_length=15),
        FieldInfo("Number", FieldType.TEXT, required=True, max_length=10),
        FieldInfo("Total", FieldType.DECIMAL, places=2),
        FieldInfo("Status", FieldType.TEXT, max_length=10),
        FieldInfo("Phone", FieldType.TEXT, max_length=10),
        FieldInfo("lines", FieldType.ARRAY, required=True, fields=(FieldInfo("InvtID", FieldType.TEXT, required=True),)),
    ),
)  # fmt: skip


@dataclass(slots=True)
class Only:
    """A connector without any capability."""

    spec: ConnectorSpec
    calls: list[tuple[str, Any]] = field(default_factory=list)

    def check(self) -> Iterator[CheckResult]:
        yield CheckResult("Reach", True, "in memory")

    def identity(self) -> Identity:
        return Identity("memory", "Memory")

    def discover(self, kind: Kind) -> EntitySchema:
        return ORDER_SCHEMA

    def close(self) -> None:
        return None


@dataclass(slots=True)
class Scripted(Only):
    """A connector over a dict; ``raises["write"]`` is a list of errors, None among them lets a call through."""

    records: dict[tuple[Kind, str], dict[str, Any]] = field(default_factory=dict)
    by_reference: dict[str, str] = field(default_factory=dict)
    by_natural_key: dict[tuple[Kind, str], str] = field(default_factory=dict)
    raises: dict[str, list[Exception | None]] = field(default_factory=dict)
    written: list[WriteRequest] = field(default_factory=list)
    answer: WriteResult | None = None
    business_key: str = "1043"

    def _raise_next(self, call: str) -> None:
        queued = self.raises.get(call)
        if queued and (error := queued.pop(0)) is not None:
            raise error

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Any]:
        yield from ()

    def fetch(self, kind: Kind, external_id: str) -> Record:
        self.calls.append(("fetch", external_id))
        self._raise_next("fetch")
        if (kind, external_id) not in self.records:
            raise NotFound(f"{external_id} is not there")
        fields = self.records[kind, external_id]
        return Record(
            self.spec.key, kind, external_id, fields, NOW, str(fields.get("number", self.business_key))
        )

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        self.calls.append(("find", reference or natural_key))
        self._raise_next("find")
        found = (
            self.by_reference.get(reference) if reference else self.by_natural_key.get((kind, natural_key))
        )
        return None if found is None else Found(found)

    def write(self, request: WriteRequest) -> WriteResult:
        self.calls.append(("write", request.kind.value))
        self._raise_next("write")
        self.written.append(request)
        made = self.answer or WriteResult(
            request.external_id or f"{request.kind.value[0].upper()}{len(self.written)}", "KEY-1"
        )
        self.by_reference[request.reference] = made.external_id
        return made

    def named(self, call: str) -> list[Any]:
        return [what for name, what in self.calls if name == call]


@dataclass(slots=True)
class House:
    """Ports in memory: links and intents, and what was asked of them."""

    shop: Any
    erp: Any
    links: dict[Kind, list[Link]] = field(default_factory=dict)
    grants: dict[str, IntentGrant] = field(default_factory=dict)
    schemas: dict[Side, EntitySchema] = field(default_factory=lambda: {Side.ERP: ORDER_SCHEMA})
    told: list[tuple[str, str]] = field(default_factory=list)
    save_raises: Exception | None = None

    def connector(self, side: Side) -> Any:
        return self.shop if side is Side.STOREFRONT else self.erp

    def spec(self, side: Side) -> ConnectorSpec:
        found: ConnectorSpec = self.connector(side).spec
        return found

    def schema(self, side: Side, kind: Kind) -> EntitySchema:
        return self.schemas[side]

    def find_links(self, queries: Sequence[LinkQuery]) -> list[Link | None]:
        return [self._find(query) for query in queries]

    def _find(self, query: LinkQuery) -> Link | None:
        for link in self.links.get(query.kind, []):
            if query.value == (link.key_on(query.side) if query.by_key else link.id_on(query.side)):
                return link
        return None

    def claim_intent(self, kind: Kind, natural_key: str) -> IntentGrant:
        self.told.append(("claim", natural_key))
        return self.grants.get(natural_key, IntentGrant(True))

    def release_intent(self, kind: Kind, natural_key: str) -> None:
        self.told.append(("release", natural_key))

    def save_link(self, kind: Kind, link: Link, made_by: str) -> Link:
        if self.save_raises is not None:
            raise self.save_raises
        self.told.append((f"save {made_by}", f"{link.storefront_id}={link.erp_id}"))
        self.links.setdefault(kind, []).append(link)
        return link

    def keep(self, change: LinkChange) -> None:
        """Store what the finish would store of an outcome."""
        self.links.setdefault(change.kind, []).append(
            Link(
                change.storefront_id, change.erp_id, change.storefront_key, change.erp_key,
                change.written_to_erp, change.written_to_storefront, change.source_hash, change.agreed,
            )
        )  # fmt: skip

    def utc_now(self) -> datetime:
        return NOW

    def call_count(self) -> int:
        return len(self.shop.calls) + len(self.erp.calls)

    def exchanges(self) -> list[Any]:
        return []


ORDER: dict[str, Any] = {
    "number": "1043", "email": "Pat@Example.com", "currency": "USD", "status": "P", "phone": "555",
    "total": Decimal("134.47"), "tax": Decimal("9.49"), "freight": Decimal("5.00"),
    "items": [{"sku": "A50", "price": Decimal("59.99"), "quantity": 2, "amount": Decimal("119.98")}],
}  # fmt: skip
PLACES = {
    "total": "total",
    "tax": "tax",
    "freight": "freight",
    "lines": {"each": "items", "amount": "amount"},
}
LINES = {
    "to": "lines", "each": "items",
    "rules": [{"to": "InvtID", "from": "sku", "do": [{"fn": "link", "kind": "product"}]}],
}  # fmt: skip
RULES: list[dict[str, Any]] = [
    {"to": "CustID", "from": "email", "do": ["trim", "lower", {"fn": "link", "kind": "customer"}]},
    {"to": "Number", "from": "number"},
    {"to": "Total", "from": "total"},
    {"to": "Status", "from": "status"},
    LINES,
]
REFERENCES = {
    "type": "references",
    "items": [{"kind": "product", "from": "items[].sku", "by_key": True, "adopt": True}],
}
ENSURE = {"type": "ensure", "kind": "customer", "key": "email", "mapping": "customer"}
CUSTOMER_RULES = [{"to": "Name", "from": "email"}]


def order_flow(
    *,
    steps: list[dict[str, Any]] | None = None,
    rules: list[dict[str, Any]] | None = None,
    **policies: Any,
) -> CompiledFlow:
    """Return the order flow of these tests: storefront to ERP, all steps unless told otherwise."""
    all_steps = [
        {"type": "fetch"}, {"type": "money", "places": PLACES}, REFERENCES, ENSURE,
        {"type": "map", "mapping": "order"}, {"type": "validate"}, {"type": "write"},
    ]  # fmt: skip
    return compile_flow(
        {
            "key": "order_out", "kind": "order", "direction": "to_erp", "steps": steps or all_steps,
            "mappings": {"order": {"rules": rules or RULES}, "customer": {"rules": CUSTOMER_RULES}},
            "policies": policies,
        },
        version_id=1, version_number=3,
    )  # fmt: skip


def task_for(flow: CompiledFlow, **changes: Any) -> RunTask:
    task = RunTask(
        run_id=9, tenant_id=1, pair_id=2, flow_id=3, flow=flow, record_key="5012", business_key="", attempts=0,
        must_find=False, may_believe_missing=True, now=NOW, found_by="webhook", ladder=LADDER,
    )  # fmt: skip
    return replace(task, **changes)


def table(unknown: str, **rows: str) -> ValueTable:
    return ValueTable("codes", 4, rows, unknown)  # type: ignore[arg-type]


@dataclass(slots=True)
class World:
    """A shop with one order, an ERP that knows its item and its customer, and the house between them."""

    shop: Scripted
    erp: Scripted
    house: House

    def serve(self, flow: CompiledFlow | None = None, chance: float = 0.5, **changes: Any) -> Outcome:
        return run_record(task_for(flow or order_flow(), **changes), self.house, chance=lambda: chance)

    def deliver(self, flow: CompiledFlow | None = None, **changes: Any) -> Outcome:
        """Serve and store the link, as the finish does."""
        outcome = self.serve(flow, **changes)
        assert outcome.link is not None, outcome.reason
        self.house.keep(outcome.link)
        return outcome


def world() -> World:
    shop, erp = Scripted(SHOP_SPEC), Scripted(ERP_SPEC)
    shop.records[Kind.ORDER, "5012"] = dict(ORDER)
    house = House(shop, erp)
    house.links[Kind.PRODUCT] = [Link("A50", "A50-HALO", "A50", "A50-HALO")]
    house.links[Kind.CUSTOMER] = [Link("pat@example.com", "C300", "pat@example.com", "C300")]
    return World(shop, erp, house)
