"""Changes told by their paths: whether another record holds what was changed, and the same made in it."""

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from integrations.kinds.changes import (
    NotEditable,
    can_be_repeated,
    changes_between,
    holds_before,
    with_changes,
)

RECORD: dict[str, Any] = {
    "number": "1051", "total": Decimal("23.00"), "paid": True, "note": None,
    "ship": {"city": "Chicago", "zip": "60614-1208-USA"},
    "lines": [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1}],
}  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the record with one value set by Python's own means."""
    made = deepcopy(RECORD)
    holder: Any = made
    *steps, last = [int(one) if one.isdigit() else one for one in path.split("/")]
    for one in steps:
        holder = holder[one]
    holder[last] = value
    return made


def without(*path: Any) -> dict[str, Any]:
    made = deepcopy(RECORD)
    holder: Any = made
    for one in path[:-1]:
        holder = holder[one]
    del holder[path[-1]]
    return made


@pytest.mark.parametrize(
    "edited",
    [
        changed("ship/zip", "60614-1208"),
        changed("lines/1/quantity", 5),
        changed("gift", True),
        changed("ship/state", "IL"),
        changed("note", {"text": "call first"}),
        without("ship", "zip"),
        without("lines", 1),
        without("lines", 0),
        {**changed("ship/zip", "60614"), "total": Decimal("24.00")},
    ],
)
def test_the_same_change_of_a_record_that_holds_the_same_leads_to_the_same(edited: dict[str, Any]) -> None:
    changes = changes_between(RECORD, edited)
    assert can_be_repeated(changes, RECORD, edited)
    other = {**RECORD, "number": "1052"}
    assert holds_before(other, changes)
    assert with_changes(other, changes) == {**edited, "number": "1052"}
    assert other["ship"]["zip"] == "60614-1208-USA", "the record that was read stays as it is"


@pytest.mark.parametrize(
    ("edited", "other"),
    [
        (changed("ship/zip", "60614"), changed("ship/zip", "60615-1208-USA")),
        (changed("ship/zip", "60614"), without("ship", "zip")),
        (changed("ship/zip", "60614"), without("ship")),
        (changed("ship/zip", "60614"), {**RECORD, "ship": "60614-1208-USA"}),
        (changed("lines/1/quantity", 5), without("lines", 1)),
        (changed("lines/1/quantity", 5), {**RECORD, "lines": {"1": {"quantity": 1}}}),
        (changed("paid", False), changed("paid", 1)),
        (changed("note", "x"), without("note")),
        (changed("gift", True), changed("gift", False)),
        (changed("gift", True), changed("gift", None)),
        (without("ship", "zip"), changed("ship/zip", "")),
        ({**changed("ship/zip", "60614"), "total": Decimal("1")}, changed("total", Decimal("23.01"))),
    ],
)
def test_a_record_that_holds_another_value_at_one_of_the_paths_is_told(
    edited: dict[str, Any], other: dict[str, Any]
) -> None:
    assert not holds_before(other, changes_between(RECORD, edited))


def test_an_amount_is_the_same_whatever_digits_it_came_with() -> None:
    assert holds_before({**RECORD, "total": Decimal("23.0")}, changes_between(RECORD, changed("total", 1)))


@pytest.mark.parametrize(
    "edited",
    [
        RECORD,
        {**RECORD, "lines": [*RECORD["lines"], {"sku": "C", "quantity": 1}]},
        changed("ship.zip", "60614"),
        changed("a[0]", 1),
        changed("", 1),
    ],
)
def test_what_its_path_does_not_tell_alone_is_not_repeated(edited: dict[str, Any]) -> None:
    assert not can_be_repeated(changes_between(RECORD, edited), RECORD, edited)


def test_a_path_that_leads_nowhere_is_refused() -> None:
    with pytest.raises(NotEditable, match="leads nowhere"):
        with_changes(without("ship"), changes_between(RECORD, changed("ship/zip", "60614")))
