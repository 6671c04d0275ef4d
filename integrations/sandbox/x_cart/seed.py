"""Fills an empty shop: the shared catalogue, one product with variants, shoppers with addresses, coupons."""

import json
from typing import Any

from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import numbering
from integrations.sandbox.x_cart.entities import DEFAULTS
from integrations.sandbox.x_cart.goods import Goods
from integrations.sandbox.x_cart.people import COUPONS, NAMES, TOWNS
from integrations.sandbox.x_cart.profiles import Profiles

VARIANT_PARENT = "TRK-RAIL"


def is_empty(state: State) -> bool:
    """Say whether the shop was never filled."""
    return state.row("SELECT id FROM products LIMIT 1") is None


def fill(state: State, goods: Goods, profiles: Profiles) -> None:
    """Create the demo contents. A half-filled shop cannot be: it is one transaction."""
    with state.transaction():
        for article in CATALOGUE:
            goods.create(
                {
                    "sku": article.sku,
                    "name": article.name,
                    "price": float(article.price),
                    "amount": article.stock,
                    "weight": float(article.weight),
                    "clean_url": article.sku.lower(),
                }
            )
        _fill_variants(goods)
        _fill_people(profiles)
        _fill_entities(state)


def _fill_variants(goods: Goods) -> None:
    parent = goods.create(
        {
            "sku": VARIANT_PARENT,
            "name": "Track rail, white",
            "price": 32.0,
            "amount": 60,
            "weight": 1.2,
            "is_demo_variant_parent": True,
        }
    )
    goods.create_variant(
        parent,
        {
            "sku": "TRK-RAIL-1M",
            "name": "Track rail, white, 1 m",
            "price": 32.0,
            "amount": 25,
            "default_amount": False,
            "default_variant": True,
        },
    )
    goods.create_variant(
        parent,
        {"sku": "TRK-RAIL-2M", "name": "Track rail, white, 2 m", "price": 58.0, "default_price": False},
    )


def _fill_people(profiles: Profiles) -> None:
    for index, (first, last) in enumerate(NAMES[:8]):
        login = f"{first}.{last}".encode("ascii", "ignore").decode().lower().replace("'", "")
        profile = profiles.create({"login": f"{login}@example.com"})
        town = TOWNS[index % len(TOWNS)]
        profiles.add_address(
            profile["id"],
            {
                "is_billing": True,
                "is_shipping": True,
                "is_work": False,
                "type": "R",
                "title": "",
                "firstname": first,
                "lastname": last,
                "phone": f"+15125550{index:03d}",
                "street": town.street,
                "zipcode": town.zipcode,
                "city": town.city,
                "country_code": town.country,
                "state": town.state_id,
                "state_name": town.state_name,
                "custom_fields": [],
            },
        )


def _fill_entities(state: State) -> None:
    coupons: list[dict[str, Any]] = [
        {**DEFAULTS["coupons"], "code": code, "value": value, "type": kind} for code, kind, value in COUPONS
    ]
    categories = [
        {**DEFAULTS["categories"], "name": name, "position": index, "clean_url": name.lower()}
        for index, name in enumerate(("Lamps", "Bulbs", "Accessories"))
    ]
    with state.transaction() as db:
        for collection, documents in (("coupons", coupons), ("categories", categories)):
            for document in documents:
                number = numbering.take(db, "entity")
                db.execute(
                    "INSERT INTO entities VALUES (?, ?, ?)",
                    (number, collection, json.dumps({"id": number, **document})),
                )
