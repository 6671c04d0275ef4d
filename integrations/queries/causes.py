"""What needs a person, grouped by cause: how many records, how much money, how old, and what mends it.

Feeds home, the error desk and the count in the side bar.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db import connection

from integrations.connectors import registry
from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import Direction, Kind, RunStatus, Side
from integrations.models import Flow, Run, current_tenant_id
from integrations.queries.records import NEEDS_PERSON


class Remedy(StrEnum):
    """What mends a cause; the pages draw one button for each."""

    LINK = "link"
    ADD_ROW = "add_row"
    REVIEW = "review"
    EDIT = "edit"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Cause:
    """Records that wait for the same thing."""

    key: str
    """Stable for as long as the cause is; names it in addresses."""
    status: RunStatus
    flow_id: int
    flow_name: str
    pair_id: int
    kind: Kind
    direction: Direction
    storefront: ConnectorSpec
    erp: ConnectorSpec
    reason_code: str
    hold_kind: str
    hold_key: str
    problem_field: str
    rule: str
    """What the problem field breaks: ``is longer than 10 characters``."""
    sample: str
    """The sentence of one of its records."""
    count: int
    money: tuple[Money, ...]
    oldest_at: datetime
    newest_at: datetime

    @property
    def target(self) -> ConnectorSpec:
        return self.erp if self.direction.target is Side.ERP else self.storefront

    @property
    def amount(self) -> Decimal:
        """The sum over currencies; only to sort by."""
        return sum((money.amount for money in self.money), Decimal(0))

    @property
    def nouns(self) -> str:
        """``17 orders``, ``1 order``."""
        return f"{self.count:,d} {plural(self.kind.label, self.count)}"

    @property
    def value_map(self) -> tuple[str, str]:
        """(map key, source value) of a cause that waits for a row."""
        table, _, value = self.hold_key.partition(":")
        return table, value

    @property
    def remedy(self) -> Remedy:
        if self.status is RunStatus.HELD:
            return {"product": Remedy.LINK, "value_map": Remedy.ADD_ROW, "review": Remedy.REVIEW}.get(
                self.hold_kind, Remedy.RETRY
            )
        return Remedy.EDIT if self.reason_code in _EDITABLE else Remedy.RETRY

    @property
    def title(self) -> str:
        verb = "waits" if self.count == 1 else "wait"
        if self.status is RunStatus.HELD:
            match self.remedy:
                case Remedy.LINK:
                    return f"{self.nouns} {verb} for SKU {self.hold_key} in {self.target.label}"
                case Remedy.ADD_ROW:
                    return f"{self.nouns} {verb} for {self.value_map[1]} in map {self.value_map[0]}"
                case Remedy.REVIEW:
                    return f"{self.nouns} changed after reaching {self.target.label}"
            return f"{self.nouns} {verb} for {self.hold_kind.replace('_', ' ')} {self.hold_key}"
        if self.problem_field and self.reason_code in ("rejected", "validation", "mapping"):
            return f"{self.nouns} failed: {self.problem_field} {self.rule}"
        return f"{self.nouns} failed: {_FAILURES.get(self.reason_code, self.sample.rstrip('.'))}"

    @property
    def advice(self) -> str:
        """What happens by itself, and what a person can do."""
        match self.remedy:
            case Remedy.LINK:
                return "Held. They go in order as soon as the SKU is linked."
            case Remedy.ADD_ROW:
                return "Held. One new row releases all of them."
            case Remedy.REVIEW:
                return f"Held. {self.target.label} keeps what it has until a person decides."
        return self.sample


_EDITABLE = frozenset({"rejected", "validation", "mapping", "money"})
_FAILURES = {
    "retries_used_up": "no answer after many tries",
    "unexpected_answer": "the answer could not be read",
    "not_found": "the record is gone",
    "duplicate": "it exists there already",
    "unreadable": "what arrived could not be read",
    "money": "the amounts do not add up",
}


def plural(noun: str, count: int) -> str:
    """Return the noun of the merchant in the right number: ``orders``, ``inventory``, ``categories``."""
    if count == 1 or noun == "inventory":
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


_GROUPS = """
SELECT r.status, r.flow_id, r.reason_code, coalesce(h.kind, ''),
       CASE WHEN h.kind = 'review' THEN '' ELSE coalesce(h.key, '') END,
       CASE WHEN r.status = 'dead' THEN coalesce(r.problem -> 0 ->> 'field', '') ELSE '' END,
       r.currency, count(*), coalesce(sum(r.amount), 0), min(r.created_at), max(r.created_at), min(r.reason),
       coalesce(min(r.problem -> 0 ->> 'rule'), '')
FROM run r
LEFT JOIN LATERAL (
    SELECT o.kind, o.key FROM hold o
    WHERE o.tenant_id = r.tenant_id AND o.run_id = r.id AND o.released_at IS NULL ORDER BY o.id DESC LIMIT 1
) h ON r.status = 'held'
WHERE r.tenant_id = %(tenant)s AND r.status IN ('held', 'dead')
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


@dataclass(slots=True)
class _Group:
    count: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)
    oldest: datetime | None = None
    newest: datetime | None = None
    sample: str = ""
    rule: str = ""


def list_causes() -> list[Cause]:
    """Return every cause, most money first, then most records."""
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, {"tenant": current_tenant_id()})
        rows = cursor.fetchall()
    groups: dict[tuple[Any, ...], _Group] = defaultdict(_Group)
    for *identity, currency, count, amount, oldest, newest, sample, rule in rows:
        group = groups[tuple(identity)]
        group.count += count
        if amount:
            group.money[currency] = group.money.get(currency, Decimal(0)) + amount
        group.oldest = oldest if group.oldest is None else min(group.oldest, oldest)
        group.newest = newest if group.newest is None else max(group.newest, newest)
        group.sample = group.sample or sample
        group.rule = group.rule or rule
    flows = {
        flow.pk: flow
        for flow in Flow.objects.filter(pk__in={identity[1] for identity in groups}).select_related(
            "pair__storefront", "pair__erp"
        )
    }
    causes = [_cause(identity, group, flows[identity[1]]) for identity, group in groups.items()]
    return sorted(causes, key=lambda cause: (-cause.amount, -cause.count, cause.key))


def _key(identity: tuple[Any, ...]) -> str:
    return hashlib.sha256("\0".join(map(str, identity)).encode()).hexdigest()[:16]


def _cause(identity: tuple[Any, ...], group: _Group, flow: Flow) -> Cause:
    status, flow_id, reason_code, hold_kind, hold_key, problem_field = identity
    assert group.oldest is not None  # noqa: S101  a group has at least one row
    assert group.newest is not None  # noqa: S101
    return Cause(
        key=_key(identity),
        status=RunStatus(status),
        flow_id=flow_id,
        flow_name=flow.name,
        pair_id=flow.pair_id,
        kind=Kind(flow.kind),
        direction=Direction(flow.direction),
        storefront=registry.get_spec(flow.pair.storefront.system),
        erp=registry.get_spec(flow.pair.erp.system),
        reason_code=reason_code,
        hold_kind=hold_kind,
        hold_key=hold_key,
        problem_field=problem_field,
        rule=group.rule,
        sample=group.sample,
        count=group.count,
        money=tuple(Money(amount, currency) for currency, amount in sorted(group.money.items())),
        oldest_at=group.oldest,
        newest_at=group.newest,
    )


def find_cause(key: str) -> Cause | None:
    """Return the cause with this key, None when it is mended."""
    return next((cause for cause in list_causes() if cause.key == key), None)


_IDENTITY = """
SELECT r.status, r.flow_id, r.reason_code, coalesce(h.kind, ''),
       CASE WHEN h.kind = 'review' THEN '' ELSE coalesce(h.key, '') END,
       CASE WHEN r.status = 'dead' THEN coalesce(r.problem -> 0 ->> 'field', '') ELSE '' END
FROM run r
LEFT JOIN LATERAL (
    SELECT o.kind, o.key FROM hold o
    WHERE o.tenant_id = r.tenant_id AND o.run_id = r.id AND o.released_at IS NULL ORDER BY o.id DESC LIMIT 1
) h ON r.status = 'held'
WHERE r.tenant_id = %(tenant)s AND r.id = %(run)s
"""


def find_cause_of(run_id: int) -> Cause | None:
    """Return the cause a held or failed run waits for, None for any other."""
    with connection.cursor() as cursor:
        cursor.execute(_IDENTITY, {"tenant": current_tenant_id(), "run": run_id})
        identity = cursor.fetchone()
    return None if identity is None else find_cause(_key(identity))


_OF_CAUSE = """
SELECT r.id FROM run r
LEFT JOIN LATERAL (
    SELECT o.kind, o.key FROM hold o
    WHERE o.tenant_id = r.tenant_id AND o.run_id = r.id AND o.released_at IS NULL ORDER BY o.id DESC LIMIT 1
) h ON r.status = 'held'
WHERE r.tenant_id = %(tenant)s AND r.status = %(status)s AND r.flow_id = %(flow)s AND r.reason_code = %(code)s
  AND coalesce(h.kind, '') = %(hold_kind)s
  AND CASE WHEN h.kind = 'review' THEN '' ELSE coalesce(h.key, '') END = %(hold_key)s
  AND (r.status <> 'dead' OR coalesce(r.problem -> 0 ->> 'field', '') = %(field)s)
ORDER BY r.id LIMIT %(limit)s
"""


def runs_of(cause: Cause, *, limit: int = 1_000) -> list[int]:
    """Return the ids of the runs that wait for this cause, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            _OF_CAUSE,
            {
                "tenant": current_tenant_id(),
                "status": cause.status.value,
                "flow": cause.flow_id,
                "code": cause.reason_code,
                "hold_kind": cause.hold_kind,
                "hold_key": cause.hold_key,
                "field": cause.problem_field,
                "limit": limit,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def sums(causes: Iterable[Cause]) -> tuple[Money, ...]:
    """Return the money of several causes, one sum per currency, largest first."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for cause in causes:
        for money in cause.money:
            found[money.currency] += money.amount
    return tuple(
        Money(amount, currency) for currency, amount in sorted(found.items(), key=lambda one: -one[1])
    )


def count_needing_person() -> int:
    """Return how many records wait for a person."""
    return Run.objects.filter(status__in=[status.value for status in NEEDS_PERSON]).count()
