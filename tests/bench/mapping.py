"""Measures the mapping engine against hand-written Python, glom and JSONata on one 40-field, 4-line order.

CPU time of this process, the best of several rounds, the engines taking turns in each round so that a busy
moment of the machine falls on all of them.
"""

import json
import time
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind, canonical_json
from integrations.mapping import compile_mapping, parse_document
from integrations.mapping.check import check_mapping
from tests.bench.mapping_order import CONTEXT, DOCUMENT, ORDER
from tests.bench.mapping_peers import Engine, by_glom, by_hand, by_jsonata

OPTIONS: tuple[tuple[str, Any, str], ...] = ()
_ROUNDS = 9
_COMPILE_ROUNDS = 15
_RECORDS = {"evaluate": 4000, "hand_written": 4000, "interpret": 1000, "glom": 60, "jsonata": 30}


def run(**_: Any) -> dict[str, Any]:
    """Return records a second of each engine, ratios, and milliseconds to compile and to check."""
    mapping = compile_mapping(parse_document(DOCUMENT))
    engines: dict[str, Engine] = {
        "evaluate": lambda order: mapping.evaluate(order, CONTEXT),
        "hand_written": by_hand,
        "interpret": lambda order: mapping.interpret(order, CONTEXT),
        "glom": by_glom,
        "jsonata": by_jsonata(),
    }
    wanted = spelled(by_hand(ORDER))
    for name, engine in engines.items():
        made = spelled(engine(ORDER))
        assert made == wanted, f"{name} makes another record: {_first_difference(made, wanted)}"
    best = _rates(engines)
    figures: dict[str, Any] = {f"{name}_per_s": round(rate) for name, rate in best.items()}
    for peer in ("glom", "jsonata", "interpret"):
        figures[f"times_{peer}"] = round(best["evaluate"] / best[peer], 1)
    figures["hand_written_ratio"] = round(best["hand_written"] / best["evaluate"], 2)
    figures["compile_ms"] = round(_best_ms(lambda: compile_mapping(parse_document(DOCUMENT))), 2)
    figures["check_ms"] = round(_best_ms(_checked(by_hand(ORDER))), 2)
    figures["record_bytes"] = len(canonical_json(ORDER))
    return figures


def _rates(engines: dict[str, Engine]) -> dict[str, float]:
    best = dict.fromkeys(engines, 0.0)
    for _ in range(_ROUNDS):
        for name, engine in engines.items():
            count = _RECORDS[name]
            began = time.process_time()
            for _ in range(count):
                engine(ORDER)
            best[name] = max(best[name], count / (time.process_time() - began))
    return best


_CHECKED_RULES = 60
_TYPES: dict[type, FieldType] = {
    str: FieldType.TEXT,
    int: FieldType.INTEGER,
    bool: FieldType.BOOLEAN,
    Decimal: FieldType.DECIMAL,
    datetime: FieldType.DATETIME,
    dict: FieldType.OBJECT,
    list: FieldType.ARRAY,
}


def _checked(made: dict[str, Any]) -> Callable[[], Any]:
    """Return the static check of the bench's mapping with further rules up to sixty, held against its own record."""
    lines = DOCUMENT["rules"][-1]["rules"]
    more = _CHECKED_RULES - len(DOCUMENT["rules"]) - len(lines)
    copies = [{**rule, "to": f"Again{rule['to']}"} for rule in DOCUMENT["rules"][:more]]
    document = parse_document({"name": "bench", "rules": [*DOCUMENT["rules"], *copies]})
    wanted = {**made, "PONumber": "", **{one["to"]: made[one["to"].removeprefix("Again")] for one in copies}}
    source = EntitySchema("bench", Kind.ORDER, "Order", _fields(ORDER))
    target = EntitySchema("bench", Kind.ORDER, "Sales order", _fields(wanted))
    return lambda: check_mapping(document, source, target, tables=CONTEXT.value_tables)


def _fields(record: dict[str, Any]) -> tuple[FieldInfo, ...]:
    """Return a schema in which ``record`` fits; its texts have a length, its numbers have places."""
    made = []
    for name, value in record.items():
        kind = _TYPES.get(type(value), FieldType.TEXT)
        inner = value[0] if isinstance(value, list) else value
        made.append(
            FieldInfo(
                name,
                kind,
                max_length=60 if kind is FieldType.TEXT else None,
                places=4 if kind is FieldType.DECIMAL else None,
                fields=_fields(inner) if isinstance(inner, dict) else (),
            )
        )
    return tuple(made)


def _best_ms(work: Callable[[], Any]) -> float:
    best = float("inf")
    for _ in range(_COMPILE_ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best * 1000


def spelled(made: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its types and digits told apart, keys in order."""
    return json.loads(
        json.dumps(made, default=lambda value: [type(value).__name__, str(value)], sort_keys=True)
    )


def _first_difference(made: dict[str, Any], wanted: dict[str, Any]) -> str:
    names = sorted({*made, *wanted}, key=str)
    return next(
        f"{name}: {made.get(name)!r} instead of {wanted.get(name)!r}"
        for name in names
        if made.get(name) != wanted.get(name)
    )
