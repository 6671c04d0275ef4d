"""Makes the pair of the stock bench, starts its poll, tells how far it came; run as the owner role."""

import json
import sys
from datetime import UTC, datetime, timedelta

import django

django.setup()

from django.db.models import Max, Min, Sum  # noqa: E402  settings first
from django.utils import timezone  # noqa: E402

from integrations.kinds import Environment  # noqa: E402
from integrations.models import Attempt, Flow, PollCursor, Run, in_tenant  # noqa: E402
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


def hold() -> None:
    """Let nothing but stock go, and poll when asked: counting 10,000 articles takes longer than carrying them."""
    PollCursor.across_tenants.update(interval_seconds=86_400, due_at=timezone.now() + timedelta(days=1))
    Flow.across_tenants.exclude(key="inventory_out").update(paused_at=timezone.now(), pause_reason="bench")


def poll() -> None:
    PollCursor.across_tenants.filter(connection__system="dynamics_sl", kind="inventory").update(
        due_at=timezone.now()
    )


def tell(since: str) -> None:
    """Print how many articles found since then (seconds of the epoch) were written, and in how many seconds."""
    moment = datetime.fromtimestamp(float(since), UTC)
    runs = Run.across_tenants.filter(kind="inventory", created_at__gte=moment, record_key__startswith="SKU-")
    done = runs.filter(status="succeeded")
    first = runs.aggregate(at=Min("created_at"))["at"]
    last = done.aggregate(at=Max("finished_at"))["at"]
    cursors = PollCursor.across_tenants.filter(connection__system="dynamics_sl")
    print(json.dumps({
        "calls": Attempt.across_tenants.filter(run__in=runs).aggregate(sum=Sum("calls"))["sum"] or 0,
        "written": done.values("record_key").distinct().count(),
        "seconds": (last - first).total_seconds() if first and last else 0.0,
        "cursors_at_rest": cursors.exists() and not cursors.filter(last_finished_at__isnull=True).exists(),
    }))  # fmt: skip


if __name__ == "__main__":
    {"make": make, "hold": hold, "poll": poll, "tell": tell}[sys.argv[1]](*sys.argv[2:])
