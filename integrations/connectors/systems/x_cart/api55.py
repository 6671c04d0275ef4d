"""A shop of X-Cart 5.5 or later behind the connector: what is read and written through ``/api``, kind by kind."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations.connectors.base import CheckResult, Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import Misconfigured, NotFound, Rejected
from integrations.connectors.systems.x_cart import changes, extras, money, normalise, payments, writes
from integrations.connectors.systems.x_cart.checks import run_checks
from integrations.connectors.systems.x_cart.client import XCartClient, number
from integrations.connectors.systems.x_cart.customers import CustomerWriter
from integrations.connectors.systems.x_cart.list_writes import Api55Lists, ListWriter
from integrations.connectors.systems.x_cart.products import ProductWriter, linked_id
from integrations.connectors.systems.x_cart.sku_index import SkuIndex
from integrations.kinds import Kind, Record

ORDER_NUMBER = re.compile(r"\w{1,255}", re.ASCII)
ORDERS_A_PAGE = 20
"""Orders on one page of payments: each costs a call, and what a page has read is lost when it is cut short."""

_LISTS: dict[Kind, tuple[str, Callable[[Mapping[str, Any]], Record]]] = {
    Kind.COUPON: ("coupons", extras.coupon_record),
    Kind.CATEGORY: ("categories", extras.category_record),
    Kind.RETURN: ("returns", extras.return_record),
}


class Api55Shop:
    """Reads and writes one shop by the 5.5 API. Thread safe. The caller has checked kind and verb."""

    def __init__(self, client: XCartClient) -> None:
        self._client = client
        self.index = SkuIndex(client)
        self._products = ProductWriter(client, self.index)
        self._customers = CustomerWriter(client)
        self._orders = writes.Api55Orders(client)
        self._lists = ListWriter(Api55Lists(client))

    def check(self) -> Iterator[CheckResult]:
        """Yield the connection test's results."""
        return run_checks(self._client)

    def probe(self) -> None:
        """Ask for something small. Raises what the shop's answer means."""
        self._client.get("products", [("itemsPerPage", 1)])

    # -- reading -----------------------------------------------------------------------------------------

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
        """Yield thin orders or whole payments since the cursor; sweep the other kinds."""
        if kind is Kind.ORDER:
            return changes.OrderChanges(self._client, cursor, now).pages()
        if kind is Kind.PAYMENT:
            polling = changes.OrderChanges(
                self._client, cursor, now, records_of=self._payments, chunk=ORDERS_A_PAGE
            )
            return polling.pages()
        if kind is Kind.PRODUCT:
            return changes.sweep(self._client, "products", cursor, self._product)
        if kind is Kind.INVENTORY:
            return changes.sweep(self._client, "products", cursor, _stock)
        if kind is Kind.CUSTOMER:
            return changes.sweep(self._client, "profiles", cursor, self._customer)
        return self._sweep(kind, cursor)

    def _sweep(self, kind: Kind, cursor: Mapping[str, Any]) -> Iterator[Page]:
        self._require_addon(kind)
        path, record_of = _LISTS[kind]
        try:
            yield from changes.sweep(self._client, path, cursor, record_of)
        except NotFound as error:
            # The first page of a list is never "not there": it is the route that is missing.
            missing = "addon_enabled" if kind is Kind.RETURN else path
            raise Misconfigured(
                f"The shop has no route for {path}: the add-on behind it is not installed or off",
                missing=missing,
                detail=error.detail,
            ) from error

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state. Raises NotFound; Rejected for an order whose amounts do not add up."""
        if kind is Kind.ORDER:
            return self._fetch_order(external_id)
        if kind is Kind.PAYMENT:
            order_id, _ = payments.parts_of(external_id)
            return payments.pick(self._payments(self._client.order(order_id)), external_id)
        if kind is Kind.PRODUCT:
            product_id = linked_id(external_id, "", self.index.find).partition("/")[0]
            return self._product(self._client.get_object(f"products/{product_id}"))
        if kind is Kind.INVENTORY:
            goods_id = linked_id(external_id, "", self.index.find)
            return normalise.stock_record(self._client.get_object(writes.stock_path(goods_id)), goods_id)
        if kind is Kind.CUSTOMER:
            return self._customer(self._customers.linked(external_id))
        self._require_addon(kind)
        path, record_of = _LISTS[kind]
        return record_of(self._client.get_object(f"{path}/{number(external_id, kind.label)}"))

    def _require_addon(self, kind: Kind) -> None:
        if kind is Kind.RETURN and not self._client.setting("addon_enabled", False):
            # Only a shop of 5.5 needs the add-on; which one this is may not be known yet.
            self.probe()
            raise Misconfigured(
                "X-Cart 5.5 tells of returns through the companion add-on only", missing="addon_enabled"
            )

    def _fetch_order(self, order_id: str) -> Record:
        # Reference: developer.x-cart.com/api/5.5.1/admin, /orders/{id}. The order holds no payment method;
        # the transactions do.
        order = self._client.order(order_id)
        transactions = self._client.rows(f"orders/{order_id}/payment_transactions")
        record = normalise.order_record(order, transactions, str(self._client.setting("default_currency")))
        return replace(checked_order(record), version=changes.version_of(order))

    def _payments(self, order: Mapping[str, Any]) -> Sequence[Record]:
        order_id = number(order.get("id"), "order")
        transactions = self._client.rows(f"orders/{order_id}/payment_transactions")
        return payments.records(order, transactions, str(self._client.setting("default_currency")))

    def _product(self, row: Mapping[str, Any]) -> Record:
        return normalise.product_record(row, str(self._client.setting("store_timezone", "UTC")))

    def _customer(self, row: Mapping[str, Any]) -> Record:
        addresses = self._client.rows(f"profiles/{number(row.get('id'), 'customer')}/addresses")
        return normalise.customer_record(row, addresses)

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return where an initial load starts: orders and payments by time, the other kinds are swept anyway."""
        by_time = kind in (Kind.ORDER, Kind.PAYMENT)
        return {"at": (since or changes.BEFORE_ALL).isoformat()} if by_time else {}

    def locate(self, kind: Kind, key: str) -> str | None:
        """Return the id behind an order number, a SKU, an e-mail, a payment's public id, a coupon's code or a name."""
        if kind in (Kind.PRODUCT, Kind.INVENTORY):
            return self.index.find(key)
        if kind is Kind.CUSTOMER:
            profile = self._customers.profile(key)
            return str(profile["id"]) if profile else None
        if kind is Kind.ORDER:
            return self._order_id(key)
        if kind is Kind.PAYMENT:
            # The public id begins with the order's number: 1043-QX7A.
            order_id = self._order_id(key.rpartition("-")[0])
            found = self._payments(self._client.order(order_id)) if order_id else ()
            return next((each.external_id for each in found if each.business_key == key), None)
        rows = (record for page in self._sweep(kind, {}) for record in page.records)
        return next((record.external_id for record in rows if record.business_key == key), None)

    def _order_id(self, order_number: str) -> str | None:
        # Reference: developer.x-cart.com/api/5.5.1/admin, GET /orders/by_number/{orderNumber}. The route takes
        # letters and digits only; other numbers are answered 404 like unknown ones.
        if not ORDER_NUMBER.fullmatch(order_number):
            return None
        try:
            return str(self._client.get_object(f"orders/by_number/{order_number}")["id"])
        except NotFound:
            return None

    # -- writing -----------------------------------------------------------------------------------------

    def find(self, kind: Kind, natural_key: str, hint: Mapping[str, Any]) -> Found | None:
        """Look for a record by its key, or by all that a hint says of it."""
        if kind is Kind.SHIPMENT:
            return writes.Shipment(self._orders, hint).find()
        if kind is Kind.CUSTOMER:
            return self._customers.find(natural_key, hint)
        if kind is Kind.PRODUCT:
            return self._products.find(natural_key, hint)
        if kind in (Kind.COUPON, Kind.CATEGORY):
            return self._lists.find(kind, natural_key, hint)
        if kind is Kind.PAYMENT:
            payment_id = self.locate(kind, natural_key) if natural_key else None
            return Found(payment_id, {"reference": natural_key}) if payment_id else None
        sku = natural_key or str(hint.get("sku") or "")
        external_id = self.index.find(sku) if sku else None
        if external_id is None:
            return None
        held = self._client.get_object(writes.stock_path(external_id))
        return Found(external_id, {"product_id": external_id, "sku": sku, "amount": held.get("amount")})

    def write(self, request: WriteRequest) -> WriteResult:
        """Write one record. Repeating a write changes nothing more."""
        if request.kind is Kind.SHIPMENT:
            return writes.Shipment(self._orders, request.fields).write()
        if request.kind is Kind.ORDER:
            return writes.write_order_status(self._orders, request)
        if request.kind is Kind.PRODUCT:
            return self._products.write(request)
        if request.kind is Kind.CUSTOMER:
            return self._customers.write(request)
        if request.kind in _LISTS:
            self._require_addon(request.kind)
            return self._lists.write(request)
        return writes.write_stock(self._client, self.index, request)

    def close(self) -> None:
        self._client.close()


def _stock(row: Mapping[str, Any]) -> Record:
    return normalise.stock_record(row, str(row.get("id") or ""))


def checked_order(record: Record) -> Record:
    """Return an order whose amounts add up to its total. Raises Rejected for another."""
    problem = money.identity_problem(record.fields)
    if problem is not None:
        raise Rejected(
            f"The amounts of order {record.business_key} do not add up: its total {problem.rule}",
            problems=(problem,),
        )
    return record
