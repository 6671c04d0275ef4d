"""The same mapping by hand, in glom and in JSONata: what the bench compares with.

All give the same target record; the bench checks that before it measures. The peers are given the same helpers
as the hand-written code where their own language has no exact decimals, zones or links.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import jsonata
from glom import Coalesce, T, glom

from tests.bench.mapping_order import COUNTRIES, LINKS, SHIP_VIA, TERMS, ZONE

_CENT, _FINE, _ZONE = Decimal("0.01"), Decimal("0.0001"), ZoneInfo(ZONE)
_ZERO = Decimal(0)
Engine = Callable[[dict[str, Any]], dict[str, Any]]


def _first(one: Any, other: Any) -> Any:
    if one is not None and one != "":
        return one
    return other if other is not None and other != "" else None


def _cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP) or _ZERO.quantize(_CENT)


def _unit_price(line: dict[str, Any]) -> Decimal:
    return (line["net_amount"] / line["amount"]).quantize(_FINE, ROUND_HALF_UP)


def _day(moment: datetime) -> str:
    return moment.astimezone(_ZONE).strftime("%Y-%m-%d")


def _full_name(address: dict[str, Any]) -> str:
    names = [(address.get("firstname") or "").strip(), (address.get("lastname") or "").strip()]
    return " ".join(name for name in names if name)


def by_hand(order: dict[str, Any]) -> dict[str, Any]:
    """Return the target record as a programmer of this one mapping would make it."""
    to, bill = order.get("shipping_address") or {}, order.get("billing_address") or {}
    email = order["email"].strip().lower()
    currency = order["currency"].upper()
    country = _first(to.get("country_code"), bill.get("country_code"))
    company = _first(to.get("company"), bill.get("company"))
    payments = order.get("payments") or []
    tracking = (order.get("tracking") or "").split(" ")
    made = {
        "CustID": LINKS["customer", email],
        "CustOrdNbr": "XC-" + order["order_number"],
        "OrdDate": _day(order["create_date"]),
        "ShiptoID": "DEFAULT",
        "ShipName": _full_name(to),
        "ShipAttn": company[:30] if company is not None else None,
        "ShipAddr1": _first(to.get("street1"), bill.get("street1")).strip(),
        "ShipAddr2": _first(to.get("street2"), bill.get("street2")) or "",
        "ShipCity": _first(to.get("city"), bill.get("city")).strip(),
        "ShipState": _first(to.get("state_code"), bill.get("state_code")).upper(),
        "ShipZip": _first(to.get("zip"), bill.get("zip")).strip(),
        "ShipCountry": COUNTRIES[country.strip()],
        "ShipPhone": _first(to.get("phone"), bill.get("phone")).replace(" ", ""),
        "BillName": _full_name(bill),
        "BillAddr1": bill["street1"].strip(),
        "BillCity": bill["city"].strip(),
        "BillState": bill["state_code"].upper(),
        "BillZip": bill["zip"].strip(),
        "Email": email,
        "ShipViaID": SHIP_VIA[order["shipping_method"].strip()],
        "Terms": TERMS.get(order["payment_method"].strip(), "30"),
        "CuryID": currency,
        "CuryTotFrt": _cents((order.get("shipping_cost") or _ZERO) + (order.get("handling_cost") or _ZERO)),
        "CuryTotTax": _cents(order["tax_amount"]),
        "CuryDisc": _cents(order["discount_amount"] * -1),
        "CuryTotOrd": order["total"],
        "Review": order["total"] > 1000 or order["payment_status"]["code"] in ("Q", "A"),
        "Note": (order.get("customer_notes") or "").strip()[:120],
        "PmtRef": payments[0].get("reference") if payments else None,
        "Tracking": tracking[1] if len(tracking) > 1 else None,
        "Lines": [_line_by_hand(line, currency) for line in order["items"] if line["amount"] > 0],
    }
    if order["payment_method"] == "Purchase order":
        made["PONumber"] = order.get("po_number")
    return made


def _line_by_hand(line: dict[str, Any], currency: str) -> dict[str, Any]:
    attributes = line.get("attributes") or []
    return {
        "InvtID": LINKS["product", line["sku"].strip().upper()],
        "Descr": line["name"].strip()[:60],
        "QtyOrd": Decimal(line["amount"]),
        "CuryUnitPrice": _unit_price(line),
        "CuryExtPrice": _cents(line["net_amount"]),
        "CuryID": currency,
        "TaxCat": line.get("tax_code") or "STD",
        "SiteID": "MAIN",
        "Colour": attributes[0].get("value") if attributes else None,
    }


def _either(field: str) -> Coalesce:
    return Coalesce(f"shipping_address.{field}", f"billing_address.{field}", skip=(None, ""), default=None)


_GLOM_LINE = {
    "InvtID": ("sku", lambda sku: LINKS["product", sku.strip().upper()]),
    "Descr": ("name", str.strip, T[:60]),
    "QtyOrd": ("amount", Decimal),
    "CuryUnitPrice": _unit_price,
    "CuryExtPrice": ("net_amount", _cents),
    "TaxCat": Coalesce("tax_code", skip=(None, ""), default="STD"),
    "SiteID": lambda line: "MAIN",
    "Colour": "attributes.0.value",
}
_GLOM = {
    "CustID": ("email", str.strip, str.lower, lambda email: LINKS["customer", email]),
    "CustOrdNbr": ("order_number", lambda number: "XC-" + number),
    "OrdDate": ("create_date", _day),
    "ShiptoID": lambda order: "DEFAULT",
    "ShipName": ("shipping_address", _full_name),
    "ShipAttn": (_either("company"), T[:30]),
    "ShipAddr1": (_either("street1"), str.strip),
    "ShipAddr2": (_either("street2"), lambda street: street or ""),
    "ShipCity": (_either("city"), str.strip),
    "ShipState": (_either("state_code"), str.upper),
    "ShipZip": (_either("zip"), str.strip),
    "ShipCountry": (_either("country_code"), str.strip, lambda code: COUNTRIES[code]),
    "ShipPhone": (_either("phone"), lambda phone: phone.replace(" ", "")),
    "BillName": ("billing_address", _full_name),
    "BillAddr1": ("billing_address.street1", str.strip),
    "BillCity": ("billing_address.city", str.strip),
    "BillState": ("billing_address.state_code", str.upper),
    "BillZip": ("billing_address.zip", str.strip),
    "Email": ("email", str.strip, str.lower),
    "ShipViaID": ("shipping_method", str.strip, lambda method: SHIP_VIA[method]),
    "Terms": ("payment_method", str.strip, lambda method: TERMS.get(method, "30")),
    "CuryID": ("currency", str.upper),
    "CuryTotFrt": (lambda order: order["shipping_cost"] + order["handling_cost"], _cents),
    "CuryTotTax": ("tax_amount", _cents),
    "CuryDisc": ("discount_amount", lambda discount: _cents(-discount)),
    "CuryTotOrd": "total",
    "Review": lambda order: order["total"] > 1000 or order["payment_status"]["code"] in ("Q", "A"),
    "Note": ("customer_notes", str.strip, T[:120]),
    "PmtRef": "payments.0.reference",
    "Tracking": ("tracking", lambda tracking: tracking.split(" "), T[1]),
}


def by_glom(order: dict[str, Any]) -> dict[str, Any]:
    """Return the target record through glom; what differs by record or by parent is added around it."""
    made: dict[str, Any] = glom(order, _GLOM)
    currency = made["CuryID"]
    lines = glom(order, ("items", [lambda line: line if line["amount"] > 0 else None], [_GLOM_LINE]))
    made["Lines"] = [{**line, "CuryID": currency} for line in lines]
    if order["payment_method"] == "Purchase order":
        made["PONumber"] = order.get("po_number")
    return made


_JSONATA = """
(
  $either := function($one, $other) { $one and $one != "" ? $one : $other };
  $to := shipping_address; $bill := billing_address; $order := $;
  $merge([{
    "CustID": $link("customer", $lowercase($trim(email))),
    "CustOrdNbr": "XC-" & order_number,
    "OrdDate": $day(create_date),
    "ShiptoID": "DEFAULT",
    "ShipName": $to.firstname & " " & $to.lastname,
    "ShipAttn": $substring($either($to.company, $bill.company), 0, 30),
    "ShipAddr1": $trim($either($to.street1, $bill.street1)),
    "ShipAddr2": $either($to.street2, $bill.street2),
    "ShipCity": $trim($either($to.city, $bill.city)),
    "ShipState": $uppercase($either($to.state_code, $bill.state_code)),
    "ShipZip": $trim($either($to.zip, $bill.zip)),
    "ShipCountry": $country($either($to.country_code, $bill.country_code)),
    "ShipPhone": $replace($either($to.phone, $bill.phone), " ", ""),
    "BillName": $bill.firstname & " " & $bill.lastname,
    "BillAddr1": $trim($bill.street1),
    "BillCity": $trim($bill.city),
    "BillState": $uppercase($bill.state_code),
    "BillZip": $trim($bill.zip),
    "Email": $lowercase($trim(email)),
    "ShipViaID": $shipvia(shipping_method),
    "Terms": $terms(payment_method),
    "CuryID": $uppercase(currency),
    "CuryTotFrt": $freight(shipping_cost, handling_cost),
    "CuryTotTax": $cents(tax_amount),
    "CuryDisc": $turned(discount_amount),
    "CuryTotOrd": total,
    "Review": $over(total) or payment_status.code in ["Q", "A"],
    "Note": $substring($trim(customer_notes), 0, 120),
    "PmtRef": payments[0].reference,
    "Tracking": $split(tracking, " ")[1],
    "Lines": [items[amount > 0].{
      "InvtID": $link("product", $uppercase($trim(sku))),
      "Descr": $substring($trim(name), 0, 60),
      "QtyOrd": $exact(amount),
      "CuryUnitPrice": $unit($),
      "CuryExtPrice": $cents(net_amount),
      "CuryID": $uppercase($order.currency),
      "TaxCat": $either(tax_code, "STD"),
      "SiteID": "MAIN",
      "Colour": attributes[0].value
    }]
  }, payment_method = "Purchase order" ? {"PONumber": po_number} : {}])
)
"""


def by_jsonata() -> Engine:
    """Return the mapping as a parsed JSONata expression with its helpers."""
    expression = jsonata.Jsonata(_JSONATA)
    expression.set_validate_input(False)  # it knows no datetime; not looking also makes it faster
    helpers: dict[str, Callable[..., Any]] = {
        "link": lambda kind, key: LINKS[kind, key],
        "day": _day,
        "country": lambda code: COUNTRIES[code.strip()],
        "shipvia": lambda method: SHIP_VIA[method.strip()],
        "terms": lambda method: TERMS.get(method.strip(), "30"),
        "freight": lambda one, other: _cents(one + other),
        "cents": _cents,
        "turned": lambda value: _cents(-value),
        "over": lambda total: total > 1000,
        "exact": Decimal,
        "unit": _unit_price,
    }
    for name, helper in helpers.items():
        expression.register_lambda(name, helper)
    return expression.evaluate
