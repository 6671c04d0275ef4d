"""Actions: long operations with a status address, and their jobs. Called by ``rest``.

202 with a Location, 202 while it works, 204 when it is done; a failure appears on the poll. While a job runs, other
calls of that sign-in on the same form fail [documented].
"""

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.sandbox.acumatica import orders, payments, shipping
from integrations.sandbox.acumatica.records import held_record
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import Refusal, server_error, unwrap

Run = Callable[[Store, dict[str, Any], Mapping[str, Any]], None]


def _create_shipment(store: Store, order: dict[str, Any], given: Mapping[str, Any]) -> None:
    shipping.create_shipment(store, order, warehouse=str(given.get("WarehouseID") or ""))


def _release_credit_hold(store: Store, order: dict[str, Any], given: Mapping[str, Any]) -> None:
    if order["Status"] != "Credit Hold":
        raise server_error("The Release from Credit Hold action is not available.")
    order["Status"], order["CreditHold"] = "Open", False
    store.save("SalesOrder", order)


def _reopen(store: Store, order: dict[str, Any], given: Mapping[str, Any]) -> None:
    if order["Status"] != "Canceled":
        raise server_error("The Reopen Order action is not available.")
    order["Status"], order["Hold"] = "On Hold", True
    for line in order.get("Details") or ():
        line["OpenQty"] = line["OrderQty"]
    orders.compute_totals(order)
    store.save("SalesOrder", order)


def _prepare_invoice(store: Store, shipment: dict[str, Any], given: Mapping[str, Any]) -> None:
    shipping.prepare_invoice(store, shipment)


def _release_payment(store: Store, payment: dict[str, Any], given: Mapping[str, Any]) -> None:
    payment["Status"] = "Open"
    store.save("Payment", payment)


def _void_payment(store: Store, payment: dict[str, Any], given: Mapping[str, Any]) -> None:
    payments.void_payment(store, payment)


RUNS: dict[tuple[str, str], Run] = {
    ("SalesOrder", "CancelSalesOrder"): lambda store, order, given: shipping.cancel_order(store, order),
    ("SalesOrder", "ReopenSalesOrder"): _reopen,
    ("SalesOrder", "ReleaseFromCreditHoldSalesOrder"): _release_credit_hold,
    ("SalesOrder", "SalesOrderCreateShipment"): _create_shipment,
    ("SalesOrder", "SalesOrderCreateReceipt"): _create_shipment,
    ("Shipment", "ConfirmShipment"): lambda store, shipment, given: shipping.confirm_shipment(
        store, shipment
    ),
    ("Shipment", "PrepareInvoice"): _prepare_invoice,
    ("SalesInvoice", "ReleaseSalesInvoice"): lambda store, invoice, given: shipping.release_invoice(
        store, invoice
    ),
    ("Payment", "ReleasePayment"): _release_payment,
    ("Payment", "VoidPayment"): _void_payment,
}


@dataclass
class Job:
    """One operation in the background. ``polls`` answers of 202 are left; then ``failure`` or success."""

    entity: str
    session: str
    polls: int
    failure: Refusal | None = None


class Jobs:
    """The running operations. ``polls`` how often a status address says 202 first."""

    def __init__(self) -> None:
        self.polls = 1
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, store: Store, entity: str, action: str, session: str, body: Mapping[str, Any]) -> str:
        """Run an action on its record and return the job's id; what fails is told on the poll. Raises Refusal."""
        run = RUNS.get((entity, action))
        record = _record(store, entity, body.get("entity") or {})
        given = {name: unwrap(value) for name, value in (body.get("parameters") or {}).items()}
        job = Job(entity, session, self.polls)
        try:
            if run is not None:
                with store.state.transaction():
                    run(store, record, given)
        except Refusal as refusal:
            job.failure = refusal
        number = str(uuid.uuid4())
        with self._lock:
            self._jobs[number] = job
        return number

    def poll(self, number: str) -> int:
        """Return 202 or 204. Raises Refusal: the failure, or 404 for an unknown or finished job."""
        with self._lock:
            job = self._jobs.get(number)
            if job is None:
                raise Refusal(404)
            if job.polls > 0:
                job.polls -= 1
                return 202
            del self._jobs[number]
        if job.failure is not None:
            raise job.failure
        return 204

    def finish(self, number: str) -> None:
        """End a job at once. Raises Refusal: what it failed with."""
        with self._lock:
            job = self._jobs.pop(number)
        if job.failure is not None:
            raise job.failure

    def locks(self, session: str, entity: str) -> bool:
        """Say whether an operation of this sign-in keeps the form."""
        with self._lock:
            return any(
                job.session == session and job.entity == entity and job.polls > 0
                for job in self._jobs.values()
            )

    def clear(self) -> None:
        with self._lock:
            self._jobs.clear()


def _record(store: Store, entity: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    found = held_record(store, entity, sent)
    if found is None:
        raise server_error(
            "No entity satisfies the condition.",
            "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException",
        )
    return found
