"""Connectors are found by their folder, with no list that anybody keeps."""

from collections.abc import Iterator

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig
from integrations.kinds import Side


def test_every_folder_is_a_system_with_a_spec_of_the_same_key() -> None:
    assert {"dynamics_sl", "x_cart"} <= set(registry.keys())
    known = registry.keys()
    assert [registry.get_spec(key).key for key in known] == list(known)
    assert known == tuple(sorted(known))
    assert [spec.key for spec in registry.all_specs()] == list(known)


def test_an_unknown_system_says_so() -> None:
    for ask in (registry.home, registry.get_spec, registry.webhook_receiver):
        with pytest.raises(registry.UnknownSystem, match="no_such_system"):
            ask("no_such_system")
    with pytest.raises(registry.UnknownSystem):
        registry.build("../secrets", ConnectionConfig(values={}))


def test_a_shop_has_a_receiver_where_it_sends_webhooks() -> None:
    assert registry.webhook_receiver("x_cart") is not None
    for spec in registry.all_specs():
        assert (registry.webhook_receiver(spec.key) is not None) is bool(spec.webhook_setup), spec.key


def test_a_template_pack_is_read_in_the_order_of_its_files() -> None:
    keys = [template["definition"]["key"] for template in registry.template_pack("x_cart", "dynamics_sl")]
    assert keys[:2] == ["order_out", "order_acknowledge"]


def test_a_pair_without_templates_has_none() -> None:
    assert registry.template_pack("no_such_shop", "dynamics_sl") == []
    assert registry.template_pack("x_cart", "x_cart") == []


@pytest.fixture
def bench_systems() -> Iterator[None]:
    """Add the package of the benchmarks, and take it away again for the tests that follow."""
    before = list(registry._packages)
    registry.add_package("tests.bench.systems")
    yield
    registry._packages[:] = before
    registry._homes.cache_clear()


def test_a_further_package_is_found_without_losing_ours(bench_systems: None) -> None:
    registry.add_package("tests.bench.systems")
    assert {"bench_erp", "bench_store", "x_cart"} <= set(registry.keys())
    assert registry.get_spec("bench_erp").side is Side.ERP
