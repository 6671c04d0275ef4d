"""Shapes: what a value can be, without having it. The proof walks a mapping with shapes instead of values.

A shape is a set of possible values, told as alternatives: nothing, texts up to a length, numbers within a range, and
so on. It may be too wide, never too narrow: whatever evaluation can make must be in it. Result rules of
functions (``functions.registry``) and ``mapping.check`` compute with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.mapping.context import ValueTable

MAX_VALUES = 400
"""Texts a shape enumerates; beyond them it only keeps their lengths."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of ``shortest`` to ``longest`` characters (None = no bound known), or only these ``values``."""

    shortest: int = 0
    longest: int | None = None
    values: frozenset[str] | None = None
    is_target_id: bool = False
    """An id that the target gave out itself (a link): it fits wherever the target takes such an id."""

    @classmethod
    def among(cls, values: frozenset[str]) -> "Texts":
        """Return exactly these texts."""
        lengths = [len(value) for value in values] or [0]
        kept = values if len(values) <= MAX_VALUES else None
        return cls(min(lengths), max(lengths), kept)

    def union(self, other: "Texts") -> "Texts":
        values = None if self.values is None or other.values is None else self.values | other.values
        if values is not None and len(values) <= MAX_VALUES:
            return Texts.among(values)
        longest = None if self.longest is None or other.longest is None else max(self.longest, other.longest)
        # Where one side is an id of ours and the other is not, the lengths of both count again.
        is_id = self.is_target_id and other.is_target_id
        if self.is_target_id != other.is_target_id:
            longest = None
        return Texts(min(self.shortest, other.shortest), longest, None, is_id)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers from ``least`` to ``most`` with at most ``places`` decimals that are not 0; None = no bound known."""

    least: Decimal | None = None
    most: Decimal | None = None
    places: int | None = None

    def union(self, other: "Numbers") -> "Numbers":
        return Numbers(
            None if self.least is None or other.least is None else min(self.least, other.least),
            None if self.most is None or other.most is None else max(self.most, other.most),
            None if self.places is None or other.places is None else max(self.places, other.places),
        )


@dataclass(frozen=True, slots=True)
class Objects:
    """Objects with these members; a member that may be missing may be nothing. Open ones may hold more."""

    members: Mapping[str, "Shape"]
    is_open: bool = False

    def union(self, other: "Objects") -> "Objects":
        names = [*self.members, *(name for name in other.members if name not in self.members)]
        return Objects(
            {name: self.member(name) | other.member(name) for name in names}, self.is_open or other.is_open
        )

    def member(self, name: str) -> "Shape":
        return self.members.get(name, UNKNOWN if self.is_open else NOTHING)


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of ``shortest`` or more elements; ``positions`` tells each one where all places are known."""

    element: "Shape"
    shortest: int = 0
    longest: int | None = None
    positions: tuple["Shape", ...] | None = None
    """Set for several sources: the list has exactly these elements."""

    @classmethod
    def of(cls, positions: tuple["Shape", ...]) -> "Lists":
        """Return the list with one shape per place."""
        return cls(any_of(*positions), len(positions), len(positions), positions)

    def union(self, other: "Lists") -> "Lists":
        longest = None if self.longest is None or other.longest is None else max(self.longest, other.longest)
        same = (
            self.positions is not None
            and other.positions is not None
            and len(self.positions) == len(other.positions)
        )
        positions = (
            tuple(a | b for a, b in zip(self.positions or (), other.positions or (), strict=True))
            if same
            else None
        )
        return Lists(self.element | other.element, min(self.shortest, other.shortest), longest, positions)


@dataclass(frozen=True, slots=True)
class Shape:
    """The alternatives a value has. All off = no value at all: evaluation fails there or never comes by."""

    null: bool = False
    text: Texts | None = None
    whole: Numbers | None = None
    """An int."""
    exact: Numbers | None = None
    """A Decimal."""
    yes_no: bool = False
    moment: bool = False
    """An aware datetime."""
    day: bool = False
    """A date without a time."""
    members: Objects | None = None
    elements: Lists | None = None
    unknown: bool = False
    """Anything whatever: no rule tells. Never proved."""
    failures: tuple[str, ...] = ()
    """Why evaluation may refuse or hold a record instead; that is no invalid target."""

    def __or__(self, other: "Shape") -> "Shape":
        """Return the shape of a value that is one or the other."""
        return Shape(
            null=self.null or other.null,
            text=_either(self.text, other.text),
            whole=_either(self.whole, other.whole),
            exact=_either(self.exact, other.exact),
            yes_no=self.yes_no or other.yes_no,
            moment=self.moment or other.moment,
            day=self.day or other.day,
            members=_either(self.members, other.members),
            elements=_either(self.elements, other.elements),
            unknown=self.unknown or other.unknown,
            failures=_together(self.failures, other.failures),
        )

    @property
    def values(self) -> frozenset[str] | None:
        """The texts it can be, where it can be nothing but these (or null); else None."""
        if self.text is None or self.text.values is None or self.is_more_than_text:
            return None
        return self.text.values

    @property
    def is_more_than_text(self) -> bool:
        """True when a value need not be a text or nothing."""
        return bool(
            self.unknown or self.whole or self.exact or self.yes_no or self.moment or self.day
            or self.members or self.elements
        )  # fmt: skip

    @property
    def is_possible(self) -> bool:
        """False when no value comes out at all."""
        return self.null or self.text is not None or self.is_more_than_text

    def is_only(self, alternative: str) -> bool:
        """Return whether every value is of this one alternative: ``members``, ``elements``."""
        return not any(getattr(self, one) for one in _ALTERNATIVES if one != alternative)

    @property
    def may_be_empty(self) -> bool:
        """True for nothing and the empty text: what ``default`` and ``coalesce`` pass over."""
        return self.null or self.unknown or (self.text is not None and self.text.shortest == 0)

    def without_null(self) -> "Shape":
        return replace(self, null=False) if self.null else self

    def without_empty(self) -> "Shape":
        """Return the shape of a value that is neither nothing nor the empty text."""
        text = self.text
        if text is not None and text.shortest == 0:
            if text.values is not None:
                kept = text.values - {""}
                text = Texts.among(kept) if kept else None
            else:
                text = None if text.longest == 0 else replace(text, shortest=1)
        return replace(self, null=False, text=text)

    def or_null(self) -> "Shape":
        return self if self.null else replace(self, null=True)

    def may_fail(self, reason: str) -> "Shape":
        """Return the same shape with a reason why evaluation may stop here."""
        return replace(self, failures=_together(self.failures, (reason,)))


_ALTERNATIVES = (
    "null", "text", "whole", "exact", "yes_no", "moment", "day", "members", "elements", "unknown"
)  # fmt: skip


def _either(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return one.union(other)


def _together(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other))) if one and other else one or other


NEVER = Shape()
"""No value: the empty set."""
NOTHING = Shape(null=True)
UNKNOWN = Shape(null=True, unknown=True)


def any_of(*shapes: Shape) -> Shape:
    """Return the shape of a value that is one of these."""
    made = NEVER
    for shape in shapes:
        made = made | shape
    return made


def text(longest: int | None = None, *, shortest: int = 0) -> Shape:
    """Return texts up to a length; None = no bound known."""
    return Shape(text=Texts(shortest, longest))


def text_among(*values: str) -> Shape:
    """Return one of these texts; none of them = no value."""
    return Shape(text=Texts.among(frozenset(values))) if values else NEVER


def whole_number(least: Decimal | None = None, most: Decimal | None = None) -> Shape:
    """Return an int within a range."""
    return Shape(whole=Numbers(least, most, 0))


def decimal_number(
    least: Decimal | None = None, most: Decimal | None = None, *, places: int | None = None
) -> Shape:
    """Return a Decimal within a range and with at most so many decimal places."""
    return Shape(exact=Numbers(least, most, places))


def constant(value: Any) -> Shape:
    """Return the shape of exactly this value."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return Shape(yes_no=True)
    if isinstance(value, str):
        return text_among(value)
    if isinstance(value, int):
        return whole_number(Decimal(value), Decimal(value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            return UNKNOWN
        return decimal_number(value, value, places=decimal_places(value))
    if isinstance(value, datetime):
        return Shape(moment=True)
    if isinstance(value, date):
        return Shape(day=True)
    if isinstance(value, list):
        return Shape(elements=Lists.of(tuple(constant(one) for one in value)))
    if isinstance(value, dict):
        return Shape(members=Objects({name: constant(one) for name, one in value.items()}))
    return UNKNOWN


def decimal_places(number: Decimal) -> int:
    """Return how many decimal places a finite number uses; trailing zeros are none."""
    _, digits, exponent = number.as_tuple()
    used = -int(exponent)
    for digit in reversed(digits):
        if digit or used <= 0:
            break
        used -= 1
    return max(0, used) if number else 0


_DATE_LENGTH = 10
_MOMENT_LENGTH = 35


def written(given: Shape) -> Texts:
    """Return the texts that ``as_text`` makes of these values; lists and objects it refuses.

    Numbers have no known length: 5, 5.00 and 5.0000 are one number and three texts.
    """
    if given.unknown:
        return Texts()
    parts = [given.text] if given.text is not None else []
    if given.yes_no:
        parts.append(Texts.among(frozenset(("true", "false"))))
    if given.whole is not None:
        parts.append(Texts(1, _digits(given.whole)))
    if given.exact is not None:
        parts.append(Texts(1))
    if given.day:
        parts.append(Texts(_DATE_LENGTH, _DATE_LENGTH))
    if given.moment:
        parts.append(Texts(_DATE_LENGTH, _MOMENT_LENGTH))
    if not parts:
        return Texts(0, 0)
    made = parts[0]
    for part in parts[1:]:
        made = made.union(part)
    return made


def _digits(numbers: Numbers) -> int | None:
    if numbers.least is None or numbers.most is None:
        return None
    return max(len(str(int(numbers.least))), len(str(int(numbers.most))))


def read_number(given: Shape) -> Numbers:
    """Return the numbers that ``to_decimal`` makes of these values; what is no number it refuses."""
    if given.unknown or given.text is not None:
        return Numbers()
    numbers = [one for one in (given.whole, given.exact) if one is not None]
    if not numbers:
        return Numbers()
    return numbers[0] if len(numbers) == 1 else numbers[0].union(numbers[1])


def not_single(given: Shape) -> tuple[str, ...]:
    """Return the note for a step that refuses lists and objects; () where it never gets one."""
    if given.unknown or given.members is not None or given.elements is not None:
        return ("fails for a list or an object",)
    return ()


def not_number(given: Shape) -> tuple[str, ...]:
    """Return the note for a step that refuses what is no number; () where it never gets such."""
    is_other = (
        given.unknown
        or given.text
        or given.yes_no
        or given.moment
        or given.day
        or given.members
        or given.elements
    )
    return ("fails for a value that is not a number",) if is_other else ()


@dataclass(frozen=True, slots=True)
class ShapeContext:
    """What result rules may know beside the shape: the value maps by key, where they were passed in."""

    value_tables: "Mapping[str, ValueTable]" = field(default_factory=dict)
