"""Lists as API Platform serves them: paging, caps, date filters that ignore what they cannot read.

[documented] parameters; [inferred] the cap of 100 and that an unparsable date is ignored.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.core.state import State
from integrations.sandbox.x_cart import clock
from integrations.sandbox.x_cart.tables import Settings

DEFAULT_PAGE = 30
LARGEST_PAGE = 100

_DATE_FILTER = re.compile(r"^(date|lastRenewDate)\[(before|strictly_before|after|strictly_after)\]$")
_OPERATORS = {"before": "<=", "strictly_before": "<", "after": ">=", "strictly_after": ">"}
_COLUMNS = {"date": "created_at", "lastRenewDate": "renewed_at"}


def page_of(request: Request) -> tuple[int, int]:
    """Return (limit, offset); values that are no numbers fall back to the defaults."""
    size = _number(request.query.get("itemsPerPage", ""), DEFAULT_PAGE)
    page = max(1, _number(request.query.get("page", ""), 1))
    size = min(max(1, size), LARGEST_PAGE)
    return size, (page - 1) * size


def _number(text: str, default: int) -> int:
    return int(text) if text.isdigit() else default


def listed(request: Request, documents: Sequence[Any]) -> Response:
    """Return one page of documents, bare or as JSON-LD."""
    size, offset = page_of(request)
    return written(
        request,
        [json.dumps(each, ensure_ascii=False) for each in documents[offset : offset + size]],
        len(documents),
    )


def written(request: Request, texts: Sequence[str], total: int) -> Response:
    """Return documents that are JSON text already. Only JSON-LD tells the total."""
    body = f"[{','.join(texts)}]"
    if "application/ld+json" in request.headers.get("accept", ""):
        text = f'{{"hydra:member":{body},"hydra:totalItems":{total}}}'
        return Response(200, {"Content-Type": "application/ld+json; charset=utf-8"}, text.encode())
    return Response(200, {"Content-Type": "application/json; charset=utf-8"}, body.encode())


def orders(request: Request, state: State, settings: Settings) -> Response:
    """Return one page of orders by the filters of this version."""
    version = settings["version"]
    order_by = _ordering(request, is_ignored=settings["ignores_order"])
    conditions, values = _conditions(request, version)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    size, offset = page_of(request)
    # Conditions and columns come from the tables above, values are bound.
    rows = state.rows(
        f"SELECT body FROM orders {where} ORDER BY {order_by} LIMIT ? OFFSET ?",
        [*values, size, offset],
    )
    counted = state.row(f"SELECT count(*) AS n FROM orders {where}", values)
    return written(request, [row["body"] for row in rows], counted["n"] if counted else 0)


def _conditions(request: Request, version: str) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    codes: dict[str, list[str]] = {}
    for name, text in request.query_pairs:
        found = _DATE_FILTER.match(name)
        if found:
            moment = clock.parsed(text)
            is_missing = found[1] == "lastRenewDate" and version == "5.5.0"
            if moment is None or is_missing:
                continue
            conditions.append(f"{_COLUMNS[found[1]]} {_OPERATORS[found[2]]} ?")
            values.append(moment)
        elif name.removesuffix("[]") in ("paymentStatus.code", "shippingStatus.code"):
            codes.setdefault("payment" if name.startswith("payment") else "shipping", []).append(text)
        elif name == "profile.login":
            conditions.append("instr(lower(login), lower(?)) > 0")
            values.append(text)
    for column, wanted in codes.items():
        conditions.append(f"{column} IN ({','.join('?' * len(wanted))})")
        values += wanted
    return conditions, values


def _ordering(request: Request, *, is_ignored: bool) -> str:
    terms: list[str] = []
    for name, column in (("order[date]", "created_at"), ("order[lastRenewDate]", "renewed_at")):
        direction = request.query.get(name, "").lower()
        if direction in ("asc", "desc") and not is_ignored:
            terms.append(f"{column} {direction}")
    return ", ".join([*terms, "id"])
