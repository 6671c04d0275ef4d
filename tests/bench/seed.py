"""Makes the bench tenants and pairs; run as the owner role. Prints the webhook tokens as JSON."""

import json
import sys

import django

django.setup()

from integrations.kinds import Environment  # noqa: E402  settings first
from integrations.models import in_tenant  # noqa: E402
from integrations.operations import connections, pairs, tenants  # noqa: E402
from tests.worlds import ACTOR, SECRET  # noqa: E402


def main(erp_url: str, pair_count: int) -> None:
    tokens = []
    for number in range(pair_count):
        tenant = tenants.create_tenant(f"Bench {number}")
        with in_tenant(tenant.pk):
            store = connections.create_connection(
                "bench_store", "Store", {"webhook_secret": SECRET}, actor=ACTOR
            )
            erp = connections.create_connection("bench_erp", "ERP", {"base_url": erp_url}, actor=ACTOR)
            pairs.create_pair("Main", Environment.SANDBOX, store.pk, erp.pk, actor=ACTOR)
            tokens.append(connections.hook_token(store))
    print(json.dumps(tokens))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
