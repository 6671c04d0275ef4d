"""The values a page hands to the component tags: facts, hops, checks.

Views build them from queries; ``templatetags/connect.py`` draws them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from integrations.kinds import Family


@dataclass(frozen=True, slots=True)
class Fact:
    """One cell of a strip: what, the figure with its unit, and the evidence that links to the rows."""

    label: str
    figure: str
    unit: str = ""
    evidence: str = ""
    url: str = ""
    family: Family | None = None
    """Colours the figure when it says that somebody must act; None leaves it plain."""


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    url: str = ""


class Place(StrEnum):
    """The rail of a hop, left to right."""

    STOREFRONT = "storefront"
    CONNECT = "connect"
    ERP = "erp"

    @property
    def rail(self) -> int:
        return (Place.STOREFRONT, Place.CONNECT, Place.ERP).index(self) + 1


class HopState(StrEnum):
    DONE = "done"
    HOLD = "hold"
    """An amber band over the full width; it has no dot of its own."""
    AHEAD = "ahead"
    """Not yet happened: it will by itself."""


class MoneyVerdict(StrEnum):
    """How the amount at a hop compares with the first one; green equals, red difference."""

    FIRST = "first"
    SAME = "same"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Hop:
    """One row of a journey."""

    place: Place
    title: str
    text: str = ""
    at: datetime | None = None
    when_words: str = ""
    """Instead of a time: ``until now``, ``next``."""
    state: HopState = HopState.DONE
    money: Decimal | None = None
    verdict: MoneyVerdict = MoneyVerdict.FIRST
    gap: str = ""
    """What passed until the next hop, where it is over a second: ``+ 1 h 51 min, warehouse work``."""
    url: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class DrawnHop:
    """A hop with the lines of its rail worked out."""

    hop: Hop
    has_line_in: bool
    has_line_out: bool
    curve: str
    """SVG path in a 102 x 26 box when the next hop is on another rail, else empty."""
    is_next_ahead: bool


_RAIL_X = {Place.STOREFRONT: 17, Place.CONNECT: 51, Place.ERP: 85}


def draw_hops(hops: Sequence[Hop]) -> list[DrawnHop]:
    """Return each hop with how its line comes in and leaves; a hold stays on the rail of its neighbours."""
    drawn = []
    for index, hop in enumerate(hops):
        before = hops[index - 1] if index else None
        after = hops[index + 1] if index + 1 < len(hops) else None
        crosses = after is not None and after.place is not hop.place
        drawn.append(
            DrawnHop(
                hop=hop,
                has_line_in=before is not None and before.place is hop.place,
                has_line_out=after is not None,
                curve=_curve(hop.place, after.place) if after is not None and crosses else "",
                is_next_ahead=after is not None and after.state is HopState.AHEAD,
            )
        )
    return drawn


def _curve(start: Place, end: Place) -> str:
    left, right = _RAIL_X[start], _RAIL_X[end]
    return f"M{left} 0C{left} 18 {right} 6 {right} 26"
