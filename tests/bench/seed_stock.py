"""Makes the pair of the stock bench, starts its poll, tells how far it came; run as the owner role."""

import json
import sys

import django

django.setup()

from django.db.models import Max, Min  # noqa: E402  settings first
from django.utils import timezone  # noqa: E402

from integrations.kinds import Environment  # noqa: E402
from integrations.models import Event, PollCursor, Run, in_tenant  # noqa: E402
from integrations.operations import connections, pairs, tenants  # noqa: E402
from tests.worlds import ACTOR  # noqa: E402


def make(store_url: str, erp_url: str) -> None:
    """Make a merchant with both systems and the ready flows."""
    tenant = tenants.create_tenant("Stock bench")
    with in_tenant(tenant.pk):
        store = connections.create_connection("clarity_ecommerce", "Store", {
            "base_url": store_url, "client_id": "clarity-sandbox-client",
            "client_secret": "clarity-sandbox-client-secret-0123", "max_requests_per_minute": 6_000,
        }, actor=ACTOR)  # fmt: skip
        erp = connections.create_connection("dynamics_sl", "ERP", {
            "base_url": f"{erp_url}/ctDynamicsSL", "cpny_id": "0060", "site_key": "sandbox-site-key",
            "default_site": "MAIN",
        }, actor=ACTOR)  # fmt: skip
        pairs.create_pair("Stock", Environment.SANDBOX, store.pk, erp.pk, actor=ACTOR)


def poll() -> None:
    PollCursor.across_tenants.filter(connection__system="dynamics_sl").update(due_at=timezone.now())


def tell() -> None:
    """Print how many articles were written and how long it took so far."""
    done = Run.across_tenants.filter(
        kind="inventory", status__in=("succeeded", "skipped"), record_key__startswith="SKU-"
    )
    first = Event.across_tenants.filter(kind="inventory", record_key__startswith="SKU-").aggregate(
        at=Min("received_at")
    )["at"]
    last = done.aggregate(at=Max("finished_at"))["at"]
    cursors = PollCursor.across_tenants.filter(connection__system="dynamics_sl")
    print(json.dumps({
        "written": done.values("record_key").distinct().count(),
        "seconds": (last - first).total_seconds() if first and last else 0.0,
        "cursors_at_rest": cursors.exists() and not cursors.filter(last_finished_at__isnull=True).exists(),
    }))  # fmt: skip


if __name__ == "__main__":
    {"make": make, "poll": poll, "tell": tell}[sys.argv[1]](*sys.argv[2:])
