"""Writes coupons, categories and the status of returns: found by their key, compared, and only the differences sent.

X-Cart keeps no reference of ours. A coupon is known by its code, a category by its name below its parent; a return is
made in the shop and only changed here. Both dialects come in as a desk that speaks the words of the 5.5 API.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from integrations.connectors.base import Found, WriteRequest, WriteResult
from integrations.connectors.errors import Misconfigured, NotFound
from integrations.connectors.systems.x_cart import extras
from integrations.connectors.systems.x_cart.client import XCartClient, number
from integrations.connectors.systems.x_cart.normalise import moment
from integrations.connectors.systems.x_cart.values import flag, measure, problem, text, whole
from integrations.kinds import Kind, Record

COUPON_TYPES = ("%", "$", "S")
RETURN_STATUSES = ("I", "C", "D")
_SHORTEST_CODE = 4
_KEYS = {Kind.COUPON: "code", Kind.CATEGORY: "name"}
_RECORDS: Mapping[Kind, Callable[[Mapping[str, Any]], Record]] = {
    Kind.COUPON: extras.coupon_record,
    Kind.CATEGORY: extras.category_record,
    Kind.RETURN: extras.return_record,
}


class ListDesk(Protocol):
    """What a dialect can do with these lists. Rows and values have the names of our schema."""

    def rows(self, kind: Kind) -> Iterable[Mapping[str, Any]]:
        """Return a whole list. Raises Misconfigured where the shop has no such list."""

    def row(self, kind: Kind, record_id: str) -> Mapping[str, Any]:
        """Return one. Raises NotFound."""

    def create(self, kind: Kind, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Add one and return it. Raises Rejected, OutcomeUnknown."""

    def change(self, kind: Kind, record_id: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change one and return it. Raises Rejected, NotFound, OutcomeUnknown."""


class Api55Lists:
    """The desk of the 5.5 API; returns go through the companion add-on."""

    paths: Mapping[Kind, str] = {
        Kind.COUPON: "coupons",
        Kind.CATEGORY: "categories",
        Kind.RETURN: "returns",
    }

    def __init__(self, client: XCartClient) -> None:
        self._client = client

    def rows(self, kind: Kind) -> Iterable[Mapping[str, Any]]:
        try:
            return self._client.rows(self.paths[kind])
        except NotFound as error:
            raise Misconfigured(
                f"The shop has no route for {self.paths[kind]}: the add-on behind it is not installed or off",
                missing=self.paths[kind],
                detail=error.detail,
            ) from error

    def row(self, kind: Kind, record_id: str) -> Mapping[str, Any]:
        return self._client.get_object(f"{self.paths[kind]}/{number(record_id, kind.label)}")

    def create(self, kind: Kind, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._client.send_object("POST", self.paths[kind], _wire(values))

    def change(self, kind: Kind, record_id: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        path = f"{self.paths[kind]}/{number(record_id, kind.label)}"
        return self._client.send_object("PUT", path, _wire(values))


def _wire(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the 5.5 API takes them: a parent by its number, times as RFC 3339."""
    body = {
        name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()
    }
    if "parent_id" in body:
        parent = body.pop("parent_id")
        body["parent"] = int(parent) if parent else None
    return body


class ListWriter:
    """Finds, creates and changes the records of one shop's lists."""

    def __init__(self, desk: ListDesk) -> None:
        self._desk = desk

    def find(self, kind: Kind, natural_key: str, hint: Mapping[str, Any]) -> Found | None:
        """Return the record with this key; asked by a hint alone, only when it holds all that the hint says."""
        wanted = _VALUES[kind](hint)
        key = natural_key.strip() or str(wanted.get(_KEYS[kind]) or "")
        held = self._search(kind, key, wanted) if key else None
        if held is None or (not natural_key and _changes(held, wanted)):
            return None
        return Found(held.external_id, {_KEYS[kind]: held.business_key})

    def write(self, request: WriteRequest) -> WriteResult:
        """Create or change a record. Raises Rejected, NotFound, Misconfigured, OutcomeUnknown."""
        kind, wanted = request.kind, _VALUES[request.kind](request.fields)
        held = self._held(kind, request.external_id, wanted)
        if held is None:
            return _result(_RECORDS[kind](self._desk.create(kind, wanted)), is_unchanged=False)
        changes = _changes(held, wanted)
        if not changes:
            return _result(held, is_unchanged=True)
        return _result(_RECORDS[kind](self._desk.change(kind, held.external_id, changes)), is_unchanged=False)

    def _held(self, kind: Kind, external_id: str, wanted: Mapping[str, Any]) -> Record | None:
        if external_id:
            return _RECORDS[kind](self._desk.row(kind, number(external_id, kind.label)))
        if kind is Kind.RETURN:
            raise problem("id", "", "is needed: a return is made in the shop")
        key = str(wanted.get(_KEYS[kind]) or "")
        if not key:
            raise problem(_KEYS[kind], "", "is needed")
        return self._search(kind, key, wanted)

    def _search(self, kind: Kind, key: str, wanted: Mapping[str, Any]) -> Record | None:
        records = (_RECORDS[kind](row) for row in self._desk.rows(kind))
        found = [each for each in records if each.business_key.casefold() == key.casefold()]
        if "parent_id" in wanted:
            found = [each for each in found if each.fields["parent_id"] == wanted["parent_id"]]
        if len(found) > 1:
            raise problem(
                _KEYS[kind], key, "is the name of several categories; name the one above it (parent_id)"
            )
        return found[0] if found else None


def _changes(held: Record, wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in wanted.items() if held.fields.get(name) != value}


def _result(record: Record, *, is_unchanged: bool) -> WriteResult:
    return WriteResult(record.external_id, record.business_key, record.fields, is_unchanged=is_unchanged)


def _coupon(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a coupon is to hold; what is not named stays as it is. Raises Rejected."""
    values = _common(
        fields,
        texts={"code": 16, "comment": None},
        measures=("value", "total_range_begin", "total_range_end"),
        flags=("enabled", "single_use", "specific_products"),
        numbers=("uses_limit", "uses_limit_per_user"),
    )
    if "code" in values and len(values["code"]) < _SHORTEST_CODE:
        raise problem("code", values["code"], f"must have {_SHORTEST_CODE} characters at least")
    if fields.get("type") not in (None, ""):
        values["type"] = _one_of("type", fields["type"], COUPON_TYPES)
    for name in ("date_range_begin", "date_range_end"):
        if fields.get(name) not in (None, ""):
            values[name] = moment(fields[name])
    return values


def _category(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = _common(
        fields,
        texts={"name": 255, "clean_url": 255, "description": None},
        flags=("enabled",),
        numbers=("position",),
    )
    if "parent_id" in fields:
        parent = str(fields["parent_id"] or "").strip()
        if parent and not parent.isdigit():
            raise problem("parent_id", parent, "must be the number of a category")
        values["parent_id"] = parent or None
    return values


def _return(fields: Mapping[str, Any]) -> dict[str, Any]:
    values = _common(fields, texts={"comment": None})
    if fields.get("status") not in (None, ""):
        values["status"] = _one_of("status", fields["status"], RETURN_STATUSES)
    return values


_VALUES: Mapping[Kind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    Kind.COUPON: _coupon,
    Kind.CATEGORY: _category,
    Kind.RETURN: _return,
}


def _common(
    fields: Mapping[str, Any],
    *,
    texts: Mapping[str, int | None],
    measures: Iterable[str] = (),
    flags: Iterable[str] = (),
    numbers: Iterable[str] = (),
) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value is not None}
    values: dict[str, Any] = {
        name: text(name, given[name], size) for name, size in texts.items() if name in given
    }
    values |= {name: measure(name, given[name]) for name in measures if name in given}
    values |= {name: flag(name, given[name]) for name in flags if name in given}
    return values | {name: whole(name, given[name]) for name in numbers if name in given}


def _one_of(name: str, value: object, known: tuple[str, ...]) -> str:
    given = str(value).strip()
    if given not in known:
        raise problem(name, given, f"is none of {', '.join(known)}")
    return given
