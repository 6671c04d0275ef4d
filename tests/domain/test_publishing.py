"""What is published was checked: a flow whose mapping would make what the target refuses is not."""

from copy import deepcopy
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.kinds import Environment
from integrations.models import Flow, Pair, ValueMap, in_tenant
from integrations.operations import connections, pairs, tenants
from tests.worlds import ACTOR

PACK = registry.template_pack("x_cart", "dynamics_sl")


def paired(pack: list[dict[str, Any]]) -> Pair:
    """Pair an X-Cart store with a Dynamics SL company whose ready flows are these."""
    store = connections.create_connection("x_cart", "Store", {
        "base_url": "http://127.0.0.1:9", "api_key_rw": "key", "store_timezone": "America/Chicago",
    }, actor=ACTOR)  # fmt: skip
    erp = connections.create_connection("dynamics_sl", "NLCO", {
        "base_url": "http://127.0.0.1:9/ctDynamicsSL", "cpny_id": "0060", "site_key": "key", "default_site": "MAIN",
    }, actor=ACTOR)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "template_pack", lambda storefront, erp: pack)
        return pairs.create_pair("Main", Environment.SANDBOX, store.pk, erp.pk, actor=ACTOR)


def order_rules(pack: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pack[0]["definition"]["mappings"]["order"]["rules"]
    return found


def refusal(pack: list[dict[str, Any]]) -> str:
    tenant = tenants.create_tenant("Northline")
    with in_tenant(tenant.pk):
        with pytest.raises(pairs.FlowRefused) as caught:
            paired(pack)
        assert not Pair.objects.exists() and not Flow.objects.exists() and not ValueMap.objects.exists()
    return str(caught.value)


def test_the_ready_flows_are_published_as_they_are(database: None) -> None:
    tenant = tenants.create_tenant("Northline")
    with in_tenant(tenant.pk):
        pair = paired(PACK)
        assert Flow.objects.filter(pair=pair, current__isnull=False).count() == len(PACK)


def test_a_value_the_target_refuses_keeps_the_flow_from_being_published(database: None) -> None:
    pack = deepcopy(PACK)
    (street,) = [rule for rule in order_rules(pack) if rule["to"] == "ShipAddr1"]
    street["do"].remove({"fn": "max_length", "length": 60})
    assert "ShipAddr1: has 61 characters; 60 fit (add truncate 60" in refusal(pack)


def test_a_required_field_without_a_rule_keeps_the_flow_from_being_published(database: None) -> None:
    pack = deepcopy(PACK)
    order_rules(pack)[:] = [rule for rule in order_rules(pack) if rule["to"] != "CustID"]
    assert "CustID: is required" in refusal(pack)


def test_the_rows_of_the_value_maps_count(database: None) -> None:
    pack = deepcopy(PACK)
    pack[0]["value_maps"][0]["rows"]["Courier"] = "UPS-GROUND-RESIDENTIAL"
    assert "ShipViaID: has 22 characters; 15 fit" in refusal(pack)
