"""Records made from a schema: one as a shop would send it, the worst it allows, and random ones by seed.

Used by preview, by the search for counter-examples and by tests. Every sample fits its schema.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from integrations.kinds import EntitySchema, FieldInfo, FieldType

TIME = datetime(2026, 3, 2, 15, 4, 5, tzinfo=UTC)
LONG_TEXT = 1_000
"""Characters of the longest text where the schema names no bound."""
_REALISTIC = {
    "email": "pat@example.com", "mail": "pat@example.com", "login": "pat@example.com",
    "firstname": "Pat", "lastname": "Lee", "customer_name": "Pat Lee", "attn": "Pat Lee", "company": "Lee Ltd",
    "phone": "+15125550100", "fax": "+15125550101", "street": "1 Main St", "addr1": "1 Main St",
    "addr2": "Suite 9", "city": "Austin", "state": "TX", "zip": "78701", "country": "US", "currency": "USD",
    "curyid": "USD", "sku": "A50-HALO", "invtid": "A50-HALO", "tracking": "1Z999AA10123456784", "url": "halo",
    "custid": "C300", "custordnbr": "XC-1043", "name": "Pat Lee", "status": "N",
}  # fmt: skip
UNICODE = "Zoë Ünal \u05e9\u05dc\u05d5\u05dd \U0001f600 ß"
"""Accents, right-to-left letters, a smiley beyond the first plane, and a letter that has two capitals."""
_CURRENCIES = ("USD", "EUR", "JPY", "KWD")

Choose = Callable[[FieldInfo], Any]
"""Returns a value for a field that is no object and no list; ABSENT leaves it out."""
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Sample:
    """One record with a name that says what it is a sample of."""

    name: str
    record: dict[str, Any]


def typical(schema: EntitySchema) -> dict[str, Any]:
    """Return a record as it comes on an ordinary day: every field filled, one element in each list."""
    return _object(schema.fields, realistic, 1)


def samples(schema: EntitySchema, *, seed: int = 0, count: int = 20) -> Iterator[Sample]:
    """Yield the named worst cases, then random records up to ``count``; the same seed gives the same records."""
    named = tuple(_named(schema))
    yield from named[:count]
    for number in range(len(named), count):
        yield Sample(f"random {number}", random_record(schema, random.Random(f"{seed}.{number}")))  # noqa: S311


def random_record(schema: EntitySchema, chance: random.Random) -> dict[str, Any]:
    """Return a record of values drawn from the extremes that the schema allows and from what lies between."""

    def choose(info: FieldInfo) -> Any:
        return chance.choice([*extremes(info), realistic(info), realistic(info)])

    return _object(schema.fields, choose, lambda: chance.choice((0, 1, 1, 2, 3)), chance)


def _named(schema: EntitySchema) -> Iterator[Sample]:
    fields = schema.fields
    yield Sample("typical", typical(schema))
    yield Sample("longest texts", _object(fields, _longest, 1))
    yield Sample("only what must be there", _object(fields, _least, 0))
    yield Sample("empty texts", _object(fields, _empty, 1))
    yield Sample("amounts of zero", _object(fields, _number(Decimal(0)), 1))
    yield Sample("huge amounts", _object(fields, _number(Decimal("999999999999")), 1))
    yield Sample("negative amounts", _object(fields, _number(Decimal("-12.34")), 1))
    yield Sample("unicode", _object(fields, _unicode, 2))
    for currency in _CURRENCIES[1:]:
        yield Sample(f"in {currency}", _object(fields, _in_currency(currency), 2))
    yield Sample("many lines", _object(fields, realistic, 50))


def _object(
    fields: tuple[FieldInfo, ...],
    choose: Choose,
    length: int | Callable[[], int],
    chance: random.Random | None = None,
) -> dict[str, Any]:
    made = {}
    for info in fields:
        value = _value(info, choose, length, chance)
        if value is not ABSENT:
            made[info.name] = value
    return made


def _value(
    info: FieldInfo, choose: Choose, length: int | Callable[[], int], chance: random.Random | None
) -> Any:
    if info.type is FieldType.OBJECT:
        left_out = chance.random() < 0.2 if chance is not None else length == 0
        if left_out and may_be_nothing(info):
            return None
        return _object(info.fields, choose, length, chance)
    if info.type is FieldType.ARRAY:
        count = length if isinstance(length, int) else length()
        if count == 0 and info.required:
            count = 1
        return [_object(info.fields, choose, length, chance) for _ in range(count)] if info.fields else []
    return choose(info)


def may_be_nothing(info: FieldInfo) -> bool:
    """Return whether a record that fits may have nothing here."""
    return info.nullable and not info.required


def realistic(info: FieldInfo) -> Any:
    """Return an ordinary value: the schema's own sample where it has one."""
    minimum = Decimal(0) if info.minimum is None else Decimal(info.minimum)
    match info.type:
        case FieldType.TEXT:
            return _fitting(info, info.sample or _word(info.name))
        case FieldType.INTEGER:
            count = int(info.sample) if info.sample.lstrip("-").isdigit() else 2
            return max(count, int(minimum.to_integral_value("ROUND_CEILING")))
        case FieldType.DECIMAL:
            number = Decimal(info.sample) if info.sample else Decimal("19.99")
            return max(_placed(number, info), _placed(minimum, info, "ROUND_CEILING"))
        case FieldType.BOOLEAN:
            return True
        case FieldType.DATE:
            return date(2026, 3, 2)
        case FieldType.DATETIME:
            return TIME
    return None


def _word(name: str) -> str:
    folded = name.lower()
    for part, word in _REALISTIC.items():
        if part in folded:
            return word
    return "7" if folded == "id" or folded.endswith("_id") else "text"


def _fitting(info: FieldInfo, wanted: str) -> str:
    """Return the text as far as the field takes it; of an enum, one that it has."""
    if info.enum:
        longest = info.max_length
        known = [one for one in info.enum if one and (longest is None or len(one) <= longest)]
        return wanted if wanted in known else (known or list(info.enum))[0]
    text = wanted if info.max_length is None else wanted[: info.max_length]
    return text or ("x" if info.required else "")


def _placed(number: Decimal, info: FieldInfo, rounding: str = "ROUND_HALF_UP") -> Decimal:
    if info.places is None:
        return number
    return number.quantize(Decimal(1).scaleb(-info.places), rounding)


def extremes(info: FieldInfo) -> list[Any]:
    """Return the simplest and the worst values a field allows; all of them fit it."""
    values: list[Any] = [None, ABSENT] if may_be_nothing(info) else []
    match info.type:
        case FieldType.TEXT:
            values += _extreme_texts(info)
        case FieldType.INTEGER:
            values += [one for one in (0, 1, -1, 7, 10**12, -(10**12)) if _is_allowed(one, info)]
        case FieldType.DECIMAL:
            texts = (
                "0",
                "1",
                "-1",
                "0.5",
                "2.125",
                "-0.0001",
                "0.123456789",
                "999999999999.99",
                "-999999999999",
            )
            placed = (_placed(Decimal(one), info) for one in texts)
            values += [one for one in placed if _is_allowed(one, info)] + (
                [5] if _is_allowed(5, info) else []
            )
        case FieldType.BOOLEAN:
            values += [True, False]
        case FieldType.DATE | FieldType.DATETIME:
            values += [TIME, TIME.date(), TIME + timedelta(hours=11), "2026-03-02", "soon"]
            values += [] if info.required else [""]
    return values or [realistic(info)]


def _extreme_texts(info: FieldInfo) -> list[Any]:
    if info.enum:
        return [one for one in info.enum if _fits_text(one, info)]
    longest = LONG_TEXT if info.max_length is None else info.max_length
    texts = [
        "",
        " ",
        "x",
        "ß" * longest,
        "x" * longest,
        UNICODE[:longest],
        "7",
        "-1.23456789",
        "2026-03-02",
        "US",
    ]
    return [one for one in dict.fromkeys(texts) if _fits_text(one, info)]


def _fits_text(text: str, info: FieldInfo) -> bool:
    return (bool(text) or not info.required) and (info.max_length is None or len(text) <= info.max_length)


def _is_allowed(number: Any, info: FieldInfo) -> bool:
    return info.minimum is None or number >= info.minimum


def _longest(info: FieldInfo) -> Any:
    if info.type is not FieldType.TEXT or info.enum:
        return realistic(info)
    return "W" * (LONG_TEXT if info.max_length is None else info.max_length)


def _least(info: FieldInfo) -> Any:
    return ABSENT if may_be_nothing(info) else realistic(info)


def _empty(info: FieldInfo) -> Any:
    if info.type is not FieldType.TEXT or info.required or info.enum:
        return realistic(info)
    return ""


def _unicode(info: FieldInfo) -> Any:
    return _fitting(info, UNICODE) if info.type is FieldType.TEXT else realistic(info)


def _in_currency(currency: str) -> Choose:
    def choose(info: FieldInfo) -> Any:
        is_currency = info.type is FieldType.TEXT and info.name.lower() in ("currency", "curyid")
        return _fitting(info, currency) if is_currency else realistic(info)

    return choose


def _number(number: Decimal) -> Choose:
    def choose(info: FieldInfo) -> Any:
        if info.type is FieldType.INTEGER and _is_allowed(int(number), info):
            return int(number)
        if info.type is FieldType.DECIMAL and _is_allowed(number, info):
            return _placed(number, info)
        return realistic(info)

    return choose


def with_value(record: Mapping[str, Any], keys: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return the record with another value at a schema path (``items[]``, ``sku``): in every element of a list.

    Objects on the way that are missing are not made; ABSENT takes the field out.
    """
    made = dict(record)
    key, is_list = (keys[0][:-2], True) if keys[0].endswith("[]") else (keys[0], False)
    if len(keys) == 1 and not is_list:
        if value is ABSENT:
            made.pop(key, None)
        else:
            made[key] = value
        return made
    held = made.get(key)
    if is_list and isinstance(held, list) and len(keys) > 1:
        made[key] = [with_value(one, keys[1:], value) if isinstance(one, Mapping) else one for one in held]
    elif isinstance(held, Mapping):
        made[key] = with_value(held, keys[1:], value)
    return made
