"""What changes in an order: its lines matched with the wanted ones, and what may not be changed any more.

Called by ``orders``.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from integrations.connectors.errors import FieldProblem, Rejected

COMPUTED = Decimal("-999876")
"""A price or cost that Dynamics SL computes itself."""
DEFAULT_TAX = -1
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")


def same(held: object, wanted: object) -> bool:
    """Return whether a column already holds a value, whatever its spelling."""
    if isinstance(held, Decimal | bool | int) and not isinstance(wanted, str):
        return held == wanted
    if isinstance(held, Decimal | bool | int):
        return str(held).lower() == str(wanted).strip().lower()
    if isinstance(held, str) and _DAY.match(held):
        return held == str(wanted)[:10]
    return str(held or "").strip() == str(wanted or "").strip()


def merge_lines(before: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Return all lines as wanted, matched by LineRef, else by InvtID in order; None = no change.

    A line that is not wanted any more is marked to be deleted. No wanted lines at all = they are not told.
    """
    if not wanted:
        return None
    lines = [dict(line) for line in before]
    open_places = [place for place, line in enumerate(lines) if not line.get("KitComponent")]
    is_changed = False
    for each in wanted:
        key = "LineRef" if each.get("LineRef") else "InvtID"
        place = next((place for place in open_places if lines[place].get(key) == each.get(key)), None)
        if place is None:
            lines.append({"CurySlsPrice": COMPUTED, "CuryCost": COMPUTED, "Taxable": DEFAULT_TAX, **each})
            is_changed = True
            continue
        open_places.remove(place)
        for name, value in each.items():
            if not same(lines[place].get(name), value):
                lines[place][name] = value
                is_changed = True
    for place in open_places:
        lines[place]["deleteFlag"] = 1
        is_changed = True
    return lines if is_changed else None


def refuse_change(
    before: Mapping[str, Any], lines: list[dict[str, Any]] | None, *, is_cancelled: bool
) -> None:
    """Raise Rejected for a change that comes too late; the sentence says what a person can do.

    Dynamics SL would refuse most of it as well, in words that depend on its version.
    """
    number = before["OrdNbr"]
    if before.get("Status") == "C" or before.get("InvcNbr"):
        raise _too_late("Status", f"Order {number} is closed in Dynamics SL and cannot be changed any more")
    if before.get("Cancelled"):
        raise _too_late(
            "Cancelled", f"Order {number} is cancelled in Dynamics SL and cannot be changed any more"
        )
    held = before.get("orderItems") or []
    if is_cancelled and any(line["QtyShip"] > 0 for line in held):
        raise _too_late(
            "Cancelled", f"Order {number} has been shipped in part and cannot be cancelled any more"
        )
    problems = tuple(
        FieldProblem(
            f"orderItems[{place}].QtyOrd",
            "removed" if line.get("deleteFlag") else str(line.get("QtyOrd")),
            f"{line['QtyShip']:f} of {line['InvtID']} have been shipped",
        )
        for place, line in enumerate(lines or ())
        if line.get("QtyShip") and (line.get("deleteFlag") or line["QtyOrd"] < line["QtyShip"])
    )
    if problems:
        raise Rejected(f"Order {number}: {problems[0].rule} already", problems=problems, code="shipped")


def _too_late(field: str, sentence: str) -> Rejected:
    return Rejected(sentence, problems=(FieldProblem(field, "", sentence),), code="too_late")
