"""Places an order in the X-Cart sandbox and prints its journey live, until its tracking number came back."""

import time
from datetime import datetime
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from integrations.models import Attempt, Run

_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05


class Command(BaseCommand):
    help = "One order through everything: X-Cart, Dynamics SL, shipped, tracking back. Fails unless it came back."

    def handle(self, *args: Any, **options: Any) -> None:
        self.started = time.monotonic()
        self.shown: set[tuple[int, int, int]] = set()
        store, erp = settings.SANDBOXES["x_cart"], settings.SANDBOXES["dynamics_sl"]
        order = self._control(store, "POST", "orders", {"email": "demo.shopper@example.com"})
        number = order["order_number"]
        self._say("X-Cart", f"order {number} placed, id {order['id']}, waiting for its webhook")
        run = self._wait_for(number)
        self._say("Connect", f"X-Cart {run.record_key} is Dynamics SL {run.target_id}")
        tracking = [f"1Z999AA1{int(time.time()) % 100_000_000:08d}"]
        self._control(
            erp, "POST", f"orders/{run.target_id}/ship", {"carrier": "UPSGRND", "tracking": tracking}
        )
        self._say("Dynamics SL", f"order {run.target_id} shipped with {tracking[0]}")
        self._wait_for_tracking(store, order["id"], tracking[0], run)
        self._say("X-Cart", f"order {number} shows Shipped and tracking {tracking[0]}")

    def _wait_for(self, number: str) -> Run:
        while True:
            self._show_hops(business_key=number)
            run = Run.across_tenants.filter(business_key=number, kind="order").order_by("id").first()
            if run is not None and run.status == "succeeded":
                return run
            if run is not None and run.status in ("dead", "held", "skipped"):
                raise CommandError(f"Order {number} did not arrive: {run.reason}")
            self._pause(f"order {number} did not reach Dynamics SL")

    def _wait_for_tracking(self, store: dict[str, str], order_id: Any, tracking: str, run: Run) -> None:
        while True:
            self._show_hops(kind="shipment", tenant_id=run.tenant_id, id__gt=run.pk)
            order = self._control(store, "GET", f"orders/{order_id}", None)
            numbers = [entry["value"] for entry in order["tracking_numbers"]]
            if order["shipping_status"]["code"] == "S" and any(tracking in number for number in numbers):
                self._show_hops(kind="shipment", tenant_id=run.tenant_id, id__gt=run.pk)
                return
            self._pause("the tracking number did not come back")

    def _show_hops(self, **which: Any) -> None:
        runs = Run.across_tenants.filter(**which).values_list("pk", flat=True)
        for attempt in Attempt.across_tenants.filter(run_id__in=list(runs)).order_by("id"):
            for position, hop in enumerate(attempt.hops):
                key = (attempt.run_id, attempt.number, position)
                if key not in self.shown:
                    self.shown.add(key)
                    self._say(hop["rail"].capitalize(), f"{hop['title']}. {hop['text']}", hop["at"])

    def _say(self, where: str, words: str, at: str = "") -> None:
        clock = datetime.fromisoformat(at) if at else datetime.now().astimezone()
        elapsed = time.monotonic() - self.started
        self.stdout.write(f"{clock.astimezone():%H:%M:%S}  +{elapsed:5.2f} s  {where:12} {words}")
        self.stdout.flush()

    def _pause(self, problem: str) -> None:
        if time.monotonic() - self.started > _PATIENCE_SECONDS:
            raise CommandError(f"After {_PATIENCE_SECONDS:.0f} s {problem}; see the logs.")
        time.sleep(_LOOK_SECONDS)

    def _control(self, sandbox: dict[str, str], method: str, path: str, body: Any) -> Any:
        answer = requests.request(
            method,
            f"{sandbox['control_url']}/{path}",
            json=body,
            headers={"Authorization": f"Bearer {sandbox['token']}"},
            timeout=10,
        )
        answer.raise_for_status()
        return answer.json()
