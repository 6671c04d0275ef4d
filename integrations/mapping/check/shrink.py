"""Makes a record that the target refuses as small as it can be: what is left of it is what matters.

Used by ``search``. Works by trying: every change is kept only while ``is_refused`` still says so.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from integrations.kinds import FieldInfo
from integrations.mapping.paths import read
from integrations.mapping.samples import ABSENT, may_be_nothing, with_value

Record = dict[str, Any]
Refused = Callable[[Record], bool]


@dataclass(frozen=True, slots=True)
class Point:
    """A field of the source that is varied: its path, its keys, and the values worth trying."""

    info: FieldInfo
    path: str
    values: tuple[Any, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.path.split("."))

    def put(self, record: Record, value: Any) -> Record:
        """Return the record with this value here, in every element where it is in a list."""
        return with_value(record, self.keys, value)

    def first(self, record: Record) -> Any:
        """Return the value here; of a list's elements, the first one's."""
        path, value = self.path, read(record, self.path)
        while "[]" in path and isinstance(value, list):
            value, path = (value[0] if value else None), path.replace("[]", "", 1)
        return value


def shrunk(record: Record, points: Iterable[Point], is_refused: Refused) -> Record:
    """Return the record with every varied field as simple as it can be while it is still refused."""
    for point in points:
        present = point.first(record)
        for simpler in _simpler(present, point.info):
            changed = point.put(record, simpler)
            if is_refused(changed):
                record = changed
                break
        else:
            if isinstance(present, str) and len(present) > 1:
                record = _shorter(record, point, present, is_refused)
    return record


def _shorter(record: Record, point: Point, text: str, is_refused: Refused) -> Record:
    """Return the record with the shortest beginning of a text that is still refused, in plain letters if it can."""
    plain = "x" * len(text)
    letters = plain if is_refused(point.put(record, plain)) else text
    low, high = 1, len(letters)
    while low < high:
        middle = (low + high) // 2
        if is_refused(point.put(record, letters[:middle])):
            high = middle
        else:
            low = middle + 1
    changed = point.put(record, letters[:high])
    return changed if is_refused(changed) else record


_NUMBERS = (0, 1, -1, *(Decimal(text) for text in ("0.5", "0.01", "0.001", "0.0001", "0.00001")))


def _simpler(value: Any, info: FieldInfo) -> list[Any]:
    """Return plainer values than this one, the plainest first."""
    plain: list[Any] = [ABSENT] if may_be_nothing(info) else []
    if isinstance(value, str):
        plain += ["", "x"]
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        plain += _NUMBERS
    elif isinstance(value, list):
        plain += [[], value[:1]]
    return [one for one in plain if one is ABSENT or one != value]
