"""A shop of X-Cart 5.0 to 5.4 behind the connector: what is read and written through its classic REST API."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations.connectors.base import CheckResult, Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import AuthFailed, ConnectorError, NotFound
from integrations.connectors.systems.x_cart import (
    changes,
    classic_lists,
    classic_rows,
    extras,
    normalise,
    payments,
    writes,
)
from integrations.connectors.systems.x_cart.api55 import ORDERS_A_PAGE, checked_order
from integrations.connectors.systems.x_cart.classic_changes import (
    ClassicOrderChanges,
    DateRange,
    thin_order,
    version_of,
)
from integrations.connectors.systems.x_cart.classic_checks import run_classic_checks
from integrations.connectors.systems.x_cart.classic_client import ClassicClient
from integrations.connectors.systems.x_cart.classic_goods import ClassicGoods
from integrations.connectors.systems.x_cart.classic_writes import ClassicOrders, ClassicPeople
from integrations.connectors.systems.x_cart.client import number
from integrations.connectors.systems.x_cart.list_writes import ListWriter
from integrations.connectors.systems.x_cart.products import linked_id
from integrations.connectors.systems.x_cart.spec import LIMITS
from integrations.kinds import Kind, Record

_COMPLEX = {Kind.PRODUCT: "product", Kind.INVENTORY: "product", Kind.CUSTOMER: "profile"}


class ClassicShop:
    """Reads and writes one shop by the classic API. Thread safe. The caller has checked kind and verb."""

    def __init__(self, client: ClassicClient) -> None:
        self._client = client
        self._ranges = DateRange(client)
        self._goods = ClassicGoods(client)
        self._people = ClassicPeople(client)
        self._orders = ClassicOrders(client)
        self._currency = str(client.setting("default_currency"))
        self._language = str(client.setting("language", "en"))[:2].lower()
        self._lists = ListWriter(classic_lists.ClassicLists(client, self._language))

    def check(self) -> Iterator[CheckResult]:
        """Yield the connection test's results."""
        return run_classic_checks(self._client, self._ranges)

    def probe(self) -> None:
        """Ask for something small. Raises what the shop's answer means."""
        self._client.get("currency")

    def is_there(self) -> bool:
        """Say whether a classic API answers, whatever it thinks of our key."""
        try:
            self.probe()
        except AuthFailed:
            return True
        except ConnectorError:
            return False
        return True

    # -- reading -----------------------------------------------------------------------------------------

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
        """Yield thin orders or whole payments since the cursor; sweep the other kinds."""
        if kind is Kind.ORDER:
            return self._polling(cursor, now, lambda row: [thin_order(row)], LIMITS.page_size).pages()
        if kind is Kind.PAYMENT:
            return self._polling(cursor, now, self._payments, ORDERS_A_PAGE).pages()
        return self._sweep(kind, cursor)

    def _polling(
        self,
        cursor: Mapping[str, Any],
        now: datetime,
        records_of: Callable[[Mapping[str, Any]], Sequence[Record]],
        chunk: int,
    ) -> ClassicOrderChanges:
        return ClassicOrderChanges(self._ranges, cursor, now, records_of=records_of, chunk=chunk)

    def _sweep(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        """Yield every record of a list, page by page; the cursor is ``{"page": n}`` as in 5.5."""
        page = int(cursor.get("page", 1))
        is_complex = kind in _COMPLEX
        entity = _COMPLEX.get(kind) or classic_lists.ENTITIES[kind]
        for rows in self._client.pages(entity, is_complex=is_complex, first=page):
            is_last = len(rows) < LIMITS.page_size
            page += 1
            records = [record for row in rows if (record := self._record(kind, row)) is not None]
            yield Page(records, {"page": 1 if is_last else page}, is_last)

    def _record(self, kind: Kind, row: Mapping[str, Any]) -> Record | None:
        if kind is Kind.PRODUCT:
            return self._product(row)
        if kind is Kind.INVENTORY:
            product = normalise.fitted(lambda: classic_rows.product_row(row))
            return normalise.stock_record(product, str(product["id"]))
        if kind is Kind.CUSTOMER:
            return None if row.get("isAnonymous") or row.get("isAdmin") else self._customer(row)
        if kind is Kind.COUPON:
            return extras.coupon_record(normalise.fitted(lambda: classic_rows.coupon_row(row)))
        # The list has scalars only: names, orders and lines come with the record.
        key = classic_lists.KEYS[classic_lists.ENTITIES[kind]]
        try:
            return self.fetch(kind, number(row.get(key), kind.label))
        except NotFound:
            return None  # removed since the list was read

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state. Raises NotFound; Rejected for an order whose amounts do not add up."""
        if kind is Kind.ORDER:
            return self._fetch_order(external_id)
        if kind is Kind.PAYMENT:
            order_id, _ = payments.parts_of(external_id)
            order = self._client.one(f"order/{order_id}", is_complex=True)
            return payments.pick(self._payments(order), external_id)
        if kind is Kind.PRODUCT:
            product_id = linked_id(external_id, "", self._goods.find).partition("/")[0]
            return self._product(self._client.one(f"product/{product_id}", is_complex=True))
        if kind is Kind.INVENTORY:
            goods_id = linked_id(external_id, "", self._goods.find)
            return normalise.stock_record(self._goods.present(goods_id), goods_id)
        if kind is Kind.CUSTOMER:
            profile_id = self._people.linked_id(external_id)
            return self._customer(self._client.one(f"profile/{profile_id}", is_complex=True))
        record_id = number(external_id, kind.label)
        row = self._client.one(f"{classic_lists.ENTITIES[kind]}/{record_id}")
        if kind is Kind.COUPON:
            return extras.coupon_record(normalise.fitted(lambda: classic_rows.coupon_row(row)))
        if kind is Kind.CATEGORY:
            category = normalise.fitted(lambda: classic_rows.category_row(row, self._language))
            return extras.category_record(category)
        return extras.return_record(normalise.fitted(lambda: classic_rows.return_row(row)))

    def _fetch_order(self, order_id: str) -> Record:
        order = self._client.one(f"order/{number(order_id, 'order')}", is_complex=True)
        row = normalise.fitted(lambda: classic_rows.order_row(order, self._currency))
        record = checked_order(normalise.order_record(row, self._transactions(order), self._currency))
        return replace(record, version=version_of(order))

    def _transactions(self, order: Mapping[str, Any]) -> list[dict[str, Any]]:
        # The complex order names its transactions; captures and refunds are told by each of them only.
        ids = [number(each.get("id"), "payment") for each in order.get("transactions") or ()]
        rows = [self._client.one(f"payment-transaction/{each}") for each in ids]
        return normalise.fitted(lambda: [classic_rows.transaction_row(row) for row in rows])

    def _payments(self, order: Mapping[str, Any]) -> Sequence[Record]:
        row = normalise.fitted(lambda: classic_rows.order_row(order, self._currency))
        return payments.records(row, self._transactions(order), self._currency)

    def _product(self, row: Mapping[str, Any]) -> Record:
        zone = str(self._client.setting("store_timezone", "UTC"))
        return normalise.product_record(normalise.fitted(lambda: classic_rows.product_row(row)), zone)

    def _customer(self, row: Mapping[str, Any]) -> Record:
        return normalise.customer_record(normalise.fitted(lambda: classic_rows.profile_row(row)), ())

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: orders and payments by time, the other kinds are swept anyway."""
        if kind not in (Kind.ORDER, Kind.PAYMENT):
            return {}
        start = (since or changes.BEFORE_ALL).isoformat()
        return {"at": start, "open_from": start}

    def locate(self, kind: Kind, key: str) -> str | None:
        """Return the id behind an order number, a SKU, an e-mail, a payment's public id, a coupon's code or a name."""
        if kind in (Kind.PRODUCT, Kind.INVENTORY):
            return self._goods.find(key)
        if kind is Kind.CUSTOMER:
            found = self._people.find(key)
            return found.external_id if found else None
        if kind is Kind.ORDER:
            return self._order_id(key)
        if kind is Kind.PAYMENT:
            order_id = self._order_id(key.rpartition("-")[0])
            order = self._client.one(f"order/{order_id}", is_complex=True) if order_id else None
            found_in = self._payments(order) if order is not None else ()
            return next((each.external_id for each in found_in if each.business_key == key), None)
        records = (record for page in self._sweep(kind, {}) for record in page.records)
        return next((record.external_id for record in records if record.business_key == key), None)

    def _order_id(self, order_number: str) -> str | None:
        for row in self._client.rows("order", [("_cnd[orderNumber]", order_number)]) if order_number else ():
            if str(row.get("orderNumber")) == order_number:
                return number(row.get("order_id"), "order")
        return None

    # -- writing -----------------------------------------------------------------------------------------

    def find(self, kind: Kind, natural_key: str, hint: Mapping[str, Any]) -> Found | None:
        """Look for a record by its key, or by all that a hint says of it."""
        if kind is Kind.SHIPMENT:
            return writes.Shipment(self._orders, hint).find()
        if kind is Kind.CUSTOMER:
            return self._people.found(natural_key, hint)
        if kind is Kind.PRODUCT:
            return self._goods.found(natural_key, hint)
        if kind in (Kind.COUPON, Kind.CATEGORY):
            return self._lists.find(kind, natural_key, hint)
        if kind is Kind.PAYMENT:
            payment_id = self.locate(kind, natural_key) if natural_key else None
            return Found(payment_id, {"reference": natural_key}) if payment_id else None
        sku = natural_key or str(hint.get("sku") or "")
        external_id = self._goods.find(sku)
        if external_id is None:
            return None
        amount = self._goods.present(external_id).get("amount")
        return Found(external_id, {"product_id": external_id, "sku": sku, "amount": amount})

    def write(self, request: WriteRequest) -> WriteResult:
        """Write one record. Repeating a write changes nothing more."""
        if request.kind is Kind.SHIPMENT:
            return writes.Shipment(self._orders, request.fields).write()
        if request.kind is Kind.ORDER:
            return writes.write_order_status(self._orders, request)
        if request.kind is Kind.PRODUCT:
            return self._goods.write(request)
        if request.kind is Kind.CUSTOMER:
            return self._people.write(request)
        if request.kind in classic_lists.ENTITIES:
            return self._lists.write(request)
        return self._goods.write_stock(request)

    def close(self) -> None:
        self._client.close()
