"""What all kinds share: keys in external ids, times of the server, records for the product, checks before sending."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from integrations.connectors.errors import FieldProblem, NotFound, Rejected
from integrations.connectors.systems.sage_500.fields import SYSTEM
from integrations.kinds import FieldInfo, Kind, Record

CODE_PAGE = "cp1252"
"""Of SQL_Latin1_General, the collation that Sage 500 is installed with [inferred]; its columns are varchar."""
_UNMARKED = {"Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ħ": "H", "ħ": "h"}


def surrogate_key(external_id: str, what: str) -> int:
    """Return the integer key in an external id. Raises NotFound for anything else."""
    if not external_id.isdecimal() or len(external_id) > 10:
        raise NotFound(f"{external_id} is no {what} of Sage 500")
    return int(external_id)


def to_utc(value: object, zone: ZoneInfo) -> datetime | None:
    """Return a datetime column as a moment; its clock is the SQL Server's."""
    if not isinstance(value, datetime):
        return None
    # In the hour that comes twice in autumn the first one is meant: a poll rather sees a record again.
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def to_day(value: object) -> str | None:
    """Return a datetime column that means a calendar day."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else None


def yes_no(value: object) -> str:
    return "Yes" if value else "No"


def amount(value: object) -> Decimal:
    """Return a number column; NULL counts as nothing."""
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def record(
    kind: Kind,
    external_id: str,
    fields: Mapping[str, Any],
    *,
    business_key: str,
    updated_at: datetime | None = None,
    search_keys: Mapping[str, Any] | None = None,
    version: str = "",
) -> Record:
    """Return a record of this system."""
    named = {name: str(value) for name, value in (search_keys or {}).items() if value}
    return Record(SYSTEM, kind, external_id, fields, updated_at, business_key, named, version)


def same(held: object, wanted: object) -> bool:
    """Return whether a column already holds a value, whatever its spelling."""
    if isinstance(held, Decimal | int) and isinstance(wanted, Decimal | int):
        return held == wanted
    if wanted in (None, ""):
        return held in (None, "")
    return str(held if held is not None else "").strip() == str(wanted).strip()


def refuse_nameless(reference: str, column: str) -> None:
    """Raise Rejected for a record without our reference: it could not be found again."""
    if not reference:
        problem = FieldProblem(column, "", "is required: the record is found again by it")
        raise Rejected("The record has no reference of ours", problems=(problem,))


def storable(row: Mapping[str, Any], free: frozenset[str]) -> dict[str, Any]:
    """Return a row whose texts the database's code page holds; it would store a question mark for anything else.

    Letters lose marks it does not know (Ż becomes Z); other signs are left out of ``free`` texts. Raises Rejected.
    """
    return {
        name: _in_code_page(name, value, is_free=name in free) if isinstance(value, str) else value
        for name, value in row.items()
    }


def _in_code_page(name: str, value: str, *, is_free: bool) -> str:
    kept = "".join(_plain_letter(letter) for letter in value)
    lost = "".join(dict.fromkeys(letter for letter in kept if not _fits(letter)))
    if lost and not is_free:
        rule = f"has signs that the database's code page cannot hold: {lost}"
        raise Rejected(f"{name} {rule}", problems=(FieldProblem(name, value, rule),), code="code_page")
    return "".join(letter for letter in kept if _fits(letter)).strip() if lost else kept


def _plain_letter(letter: str) -> str:
    if _fits(letter):
        return letter
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return _UNMARKED.get(letter) or plain or letter


def _fits(text: str) -> bool:
    try:
        text.encode(CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True


def refuse_unfit(
    fields: Mapping[str, Any], known: Iterable[FieldInfo], *, path: str = "", creating: bool = True
) -> None:
    """Raise Rejected naming what is missing or too long; nothing is ever cut."""
    problems = tuple(_problems(fields, known, path, creating=creating))
    if problems:
        raise Rejected(f"{problems[0].field} {problems[0].rule}", problems=problems)


def _problems(
    fields: Mapping[str, Any], known: Iterable[FieldInfo], path: str, *, creating: bool
) -> Iterator[FieldProblem]:
    for info in known:
        value = fields.get(info.name)
        here = f"{path}{info.name}"
        if creating and info.required and value in (None, "", []):
            yield FieldProblem(here, "", "is required")
        elif isinstance(value, str) and info.max_length is not None and len(value) > info.max_length:
            yield FieldProblem(here, value, f"has {len(value)} characters; {info.max_length} fit")
        elif isinstance(value, str) and info.enum and value not in info.enum:
            yield FieldProblem(here, value, f"is none of {', '.join(info.enum)}")
        elif isinstance(value, list) and info.fields:
            for place, row in enumerate(value):
                if isinstance(row, Mapping):
                    yield from _problems(row, info.fields, f"{here}[{place}].", creating=creating)
