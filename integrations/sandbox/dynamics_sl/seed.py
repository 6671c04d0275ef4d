"""What a fresh simulated company holds: the shared catalogue as items, and a few customers."""

from collections.abc import Collection
from typing import Any

from integrations.sandbox.core.catalogue import CATALOGUE
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.items import add_item
from integrations.sandbox.dynamics_sl.store import ADDRESSES, CUSTOMERS, put

_CUSTOMERS: tuple[dict[str, Any], ...] = (
    {
        "CustId": "C300",
        "Name": "Acme Ltd",
        "Addr1": "1 Main St",
        "City": "Austin",
        "State": "TX",
        "Zip": "78701",
        "Country": "USA",
        "EMailAddr": "pat@example.com",
        "ClassId": "RETAIL",
        "CrLmt": 5000.0,
        # A test number: card columns exist in the real table, and whoever reads a customer must drop them.
        "CardNbr": "4111111111111111",
        "CardHldrName": "PAT ACME",
    },
    {
        "CustId": "C310",
        "Name": "Lumen & Söhne GmbH",
        "Addr1": "Lindenstraße 4",
        "City": "Köln",
        "Zip": "50674",
        "Country": "DEU",
        "EMailAddr": "einkauf@lumen.example",
        "ClassId": "WHSL",
    },
    {
        "CustId": "WEB",
        "Name": "Web shop guests",
        "City": "Austin",
        "State": "TX",
        "Country": "USA",
        "EMailAddr": "guests@example.com",
        "ClassId": "WEB",
    },
    {"CustId": "C900", "Name": "Closed Lamps Inc", "EMailAddr": "closed@example.com", "Status": "I"},
)


def seed(installation: Installation, *, without: Collection[str] = ()) -> None:
    """Fill empty tables. ``without`` names catalogue articles this company does not carry."""
    with installation.state.transaction() as db:
        for article in CATALOGUE:
            if article.sku in without:
                continue
            asked = {
                "InvtID": article.sku,
                "Descr": article.name,
                "price": article.price,
                "cost": article.cost,
            }
            add_item(installation, asked | {"stock": article.stock, "weight": article.weight})
        for given in _CUSTOMERS:
            row = {"Status": "A", "Terms": "30", "CuryId": "USD", "DfltShipToId": "DEFAULT"} | given
            put(db, CUSTOMERS, row | installation.stamps(is_new=True))
            address = {
                name: row.get(name, "") for name in ("Name", "Addr1", "City", "State", "Zip", "Country")
            }
            address |= {"CustId": row["CustId"], "ShipToId": "DEFAULT", "ShipViaID": "BEST"}
            put(db, ADDRESSES, address | installation.stamps(is_new=True))
