"""Turns what Dynamics SL sends into records: blanks trimmed, 1900-01-01 is nothing, money Decimal, no card data.

Called for every reply before anything else sees it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

CARD_COLUMNS = frozenset({"CardNbr", "CardExpDate", "CardHldrName", "CardType"})
"""They exist in the customer table and its WSDL; never kept, never shown."""

_MONEY = re.compile(r"^(Cury(Tot|Bal|Unshipped|Whole|Doc|Orig)|BalDue$|CrLmt$)")
_RESIDUE = Decimal("0.000001")
_CENT = Decimal("0.01")
_LARGEST = Decimal(10) ** 20
"""Beyond this a double holds no cents, and Decimal's context could not round it."""
_PLACES = {
    **dict.fromkeys(("JPY", "KRW", "CLP", "VND", "ISK"), 0),
    **dict.fromkeys(("BHD", "KWD", "OMR", "TND"), 3),
}
_MOMENTS = frozenset({"LUpd_DateTime", "Crtd_DateTime", "createdDate", "lastUpdated"})
"""Columns with a time of day that means something; all others are days, kept as ``2026-03-02``.

A day has no zone: made a moment of UTC it would be another day for half of the world."""
_TEXT_DATES = frozenset(
    {
        "OrdDate",
        "CancelDate",
        "InvcDate",
        "DateCanceled",
        "LUpd_DateTime",
        "Crtd_DateTime",
        "ReqDate",
        "PromDate",
        "CuryEffDate",
        "BuildAvailDate",
    }
)
_TEXT_FORMATS = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")
_HIDDEN = re.compile(r"(<(?:\w+:)?(?:CardNbr|CardExpDate|CardHldrName|CardType)>)[^<]+(?=<)")


def conceal_cards(_path: str, text: str) -> str:
    """Return a reply with the values of card columns taken out, for the exchanges people see."""
    return _HIDDEN.sub(r"\1•••", text)


def places_of(currency: str) -> int:
    """Return how many decimal places a currency has; 2 where we know nothing else."""
    return _PLACES.get(currency.strip().upper(), 2)


def normalise(row: Mapping[str, Any], zone: ZoneInfo, step: Decimal = _CENT) -> dict[str, Any]:
    """Return one row in vendor names with typed, trimmed values; untyped members and card columns are dropped.

    ``step`` is the smallest amount of the currency, for rows that name none: lines follow their order.
    """
    currency = row.get("CuryID") or row.get("CuryId") or ""
    if currency.strip():
        step = Decimal(1).scaleb(-places_of(currency))
    clean: dict[str, Any] = {}
    for name, value in row.items():
        if name in CARD_COLUMNS:
            continue
        kind = type(
            value
        )  # exact types on purpose: an order has 700 members, isinstance costs as much as the rest
        if kind is str:
            text = value.rstrip()
            clean[name] = text if name not in _TEXT_DATES else _read_text_date(name, text, zone)
        elif kind is Decimal:
            clean[name] = money(value, step) if value and _is_money(name) else tidy_number(value)
        elif kind is datetime:
            clean[name] = _read_date(name, value, zone)
        elif kind is dict:
            clean[name] = normalise(value, zone, step)
        elif kind is list:
            clean[name] = [normalise(each, zone, step) for each in value if type(each) is dict]
        elif kind is int or kind is bool or value is None:
            clean[name] = value
    return clean


@cache
def _is_money(name: str) -> bool:
    return _MONEY.match(name) is not None


def money(value: Decimal, step: Decimal = _CENT) -> Decimal:
    """Return an amount rounded half-even to the currency's step; float residue disappears."""
    if abs(value) >= _LARGEST:
        return value
    # Residue first: 134.4749999999 is 134.475 stored as float, and must round as that.
    return value.quantize(_RESIDUE, ROUND_HALF_EVEN).quantize(step, ROUND_HALF_EVEN)


def tidy_number(value: Decimal) -> Decimal:
    """Return a quantity, price or rate without float residue and trailing zeros."""
    if not value or abs(value) >= _LARGEST:
        return value
    return Decimal(format(value.quantize(_RESIDUE, ROUND_HALF_EVEN).normalize(), "f"))


def to_utc(local: datetime, zone: ZoneInfo) -> datetime:
    """Return a server wall-clock time as UTC; of a doubled hour the first is meant."""
    return (local.replace(tzinfo=zone) if local.tzinfo is None else local).astimezone(UTC)


def _read_date(name: str, value: datetime, zone: ZoneInfo) -> datetime | str | None:
    if name == "EventTime":
        # SL keeps the time of day on the day 1900-01-01.
        return value.time().isoformat()
    if value.year <= 1900:
        return None
    return to_utc(value, zone) if name in _MOMENTS else value.date().isoformat()


def _read_text_date(name: str, text: str, zone: ZoneInfo) -> datetime | str | None:
    """Return a date that ``order`` carries as a string; text in no known format is kept as it is."""
    text = text.strip()
    if not text:
        return None
    try:
        return _read_date(name, datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    for form in _TEXT_FORMATS:
        try:
            return _read_date(name, datetime.strptime(text, form), zone)  # noqa: DTZ007 - SL stores wall-clock time
        except ValueError:
            continue
    return text
