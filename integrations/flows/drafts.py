"""Drafts the flows of a pair without a pack, from the packs of its neighbours. Called by ``operations.drafts``.

Clarity eCommerce and Acumatica have no ready flows; X-Cart and Acumatica have, Clarity eCommerce and Dynamics SL
have, and X-Cart and Dynamics SL say which fields of the two mean the same. What each flow does with its source (which
records, what money must add up) is taken from the source's own pack, what the target wants from the target's. Each
drafted rule is proved; one that is not is left out and told. Nothing is published here.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connectors import registry
from integrations.flows.definition import compile_flow
from integrations.flows.proof import check_flow
from integrations.kinds import Direction, Kind, Side
from integrations.mapping import DocumentError, ValueTable
from integrations.mapping.check import Verdict
from integrations.mapping.draft import OpenField, Rule, Translation, correspondence, draft_mapping, replaced

Template = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FlowDraft:
    """A flow as a pack would hold it, with what a person has to add. ``proved`` counts its proved target fields."""

    template: dict[str, Any]
    open_fields: tuple[OpenField, ...]
    proved: int
    problems: tuple[str, ...] = ()
    """Why it cannot be published as it is; empty = it can."""


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """The three packs' flows of one key: the source's, the target's, and the one that joins them."""

    of_source: Template
    of_target: Template
    bridge: Template
    systems: tuple[str, str, str]
    """The source, the stranger in the target's pack that stands for it, and the target."""
    stores: tuple[str, str]
    """The storefront of the neighbours, and ours."""


def draft_flows(storefront: str, erp: str) -> list[FlowDraft]:
    """Return drafts of every flow that the neighbours know; [] for a pair with a pack, or without neighbours."""
    if registry.template_pack(storefront, erp):
        return []
    drafts = (_draft(found) for found in _all_neighbours(storefront, erp))
    return sorted(
        (one for one in drafts if one is not None), key=lambda one: _ORDER.index(_key(one.template))
    )


_ORDER = ("order_out", "order_acknowledge", "shipment_back", "order_status_back", "inventory_out")
"""The flows that every pack has, in its order."""


def _key(template: Template) -> str:
    return str(template["definition"]["key"])


def _all_neighbours(storefront: str, erp: str) -> Iterator[_Neighbours]:
    stores = [
        one.key for one in registry.all_specs() if one.side is Side.STOREFRONT and one.key != storefront
    ]
    erps = [one.key for one in registry.all_specs() if one.side is Side.ERP and one.key != erp]
    packs = {
        (one, two): {_key(template): template for template in registry.template_pack(one, two)}
        for one in (storefront, *stores)
        for two in (erp, *erps)
    }
    found: set[str] = set()
    for store in stores:
        for other in erps:
            stores_of_both = (store, storefront)
            ours, theirs, bridge = packs[storefront, other], packs[store, erp], packs[store, other]
            for key in ours.keys() & theirs.keys() & bridge.keys() & set(_ORDER) - found:
                found.add(key)
                if Direction(bridge[key]["definition"]["direction"]) is Direction.TO_ERP:
                    yield _Neighbours(
                        ours[key], theirs[key], bridge[key], (storefront, store, erp), stores_of_both
                    )
                else:
                    yield _Neighbours(
                        theirs[key], ours[key], bridge[key], (erp, other, storefront), stores_of_both
                    )


def _draft(found: _Neighbours) -> FlowDraft | None:
    source, stranger, target = found.systems
    definition = copy.deepcopy(dict(found.of_target["definition"]))
    words = _prefixes(found)
    gaps: list[OpenField] = []
    mappings: dict[str, Any] = {}
    for name, document in definition["mappings"].items():
        translation = Translation(
            {**_same_meaning(found, name, document), **_KEPT}, words, registry.get_spec(stranger).label
        )
        schema = registry.schema(source, _source_kind(found, document))
        if schema is None:
            return None
        drafted = draft_mapping(document, translation, schema)
        mappings[name] = drafted.document
        gaps += drafted.open_fields
    definition["mappings"] = mappings
    definition["steps"] = _ours(_steps(found, gaps), words)
    template = {
        **{name: part for name, part in found.of_target.items() if name not in ("definition", "value_maps")},
        "comment": f"Draft from {registry.get_spec(stranger).label}'s flow; check every rule",
        "value_maps": _value_maps(found, mappings),
        "definition": definition,
    }
    return _proved(template, {source, target}, gaps)


_KEPT = {"source_id": "source_id", "target_id": "target_id"}
"""What a flow that follows another reads: the ids of the run before."""


def _source_kind(found: _Neighbours, document: Mapping[str, Any]) -> Kind:
    return Kind(document.get("source", {}).get("kind", found.of_target["definition"]["kind"]))


def _same_meaning(found: _Neighbours, name: str, document: Mapping[str, Any]) -> dict[str, str]:
    source, stranger, _ = found.systems
    kind = _source_kind(found, document)
    first, second = registry.schema(stranger, kind), registry.schema(source, kind)
    if first is None or second is None:
        return {}
    known = correspondence(list(_evidence(found, name)), first, second)
    return {**_by_facts(stranger, source, kind), **known}


def _by_facts(stranger: str, source: str, kind: Kind) -> dict[str, str]:
    """Return what the specs themselves say of both systems: where number, total, e-mail and the like are kept."""
    mine, other = registry.get_spec(stranger).facts.get(kind), registry.get_spec(source).facts.get(kind)
    if mine is None or other is None:
        return {}
    names = ("natural_key", "business_key", "updated_at", "email", "currency", "total")
    pairs = [(getattr(mine, name), getattr(other, name)) for name in names]
    return {one: two for one, two in pairs if one and two}


def _evidence(found: _Neighbours, name: str) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Yield the rules of the stranger and of the source that fill the same target, the mapping's own first."""
    theirs = found.bridge["definition"]["mappings"]
    ours = found.of_source["definition"]["mappings"]
    for each in (name, *(one for one in theirs if one != name)):
        if each in theirs and each in ours:
            yield theirs[each]["rules"], ours[each]["rules"]


def _prefixes(found: _Neighbours) -> dict[str, str]:
    """Return what stands before the other store's numbers in the ERP, and what stands before ours instead."""
    theirs, ours = (registry.get_spec(key).reference_prefix for key in found.stores)
    # Our own reference begins with the store's name in short; a whole name cannot be mistaken for it.
    return {f"{theirs}-": f"{ours}-", f"{found.stores[0].replace('_', '')}:": f"{found.stores[1]}:"}


def _ours(given: Any, words: Mapping[str, str]) -> Any:
    """Return a step whose constants name our store."""
    if isinstance(given, Mapping):
        return {name: _ours(part, words) for name, part in given.items()}
    if isinstance(given, list):
        return [_ours(part, words) for part in given]
    return replaced(given, words)


def _steps(found: _Neighbours, gaps: list[OpenField]) -> list[dict[str, Any]]:
    """Return the source's own filters and money check, then what the target's flow does."""
    about_source = ("fetch", "filter", "money")
    steps = [dict(one) for one in found.of_source["definition"]["steps"] if one["type"] in about_source]
    theirs = {one["id"]: one for one in found.of_source["definition"]["steps"]}
    for step in found.of_target["definition"]["steps"]:
        if step["type"] in about_source:
            continue
        if step["type"] == "references":
            # They read the source record, so its own flow says where; what is done about a missing one is the target's.
            twin = theirs.get(step["id"])
            if twin is None or len(twin["items"]) != len(step["items"]):
                gaps.append(
                    OpenField(f"step {step['id']}", "the reference is named otherwise in this source")
                )
                continue
            items = [
                {**mine, "from": his["from"]} for mine, his in zip(step["items"], twin["items"], strict=True)
            ]
            steps.append({**step, "items": items})
        elif step["type"] == "ensure" and step["id"] in theirs:
            steps.append({**step, "key": theirs[step["id"]]["key"]})
        else:
            steps.append(dict(step))
    return steps


def _value_maps(found: _Neighbours, mappings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tables that the drafted rules ask, empty: their words are the systems' own and a person's to say."""
    asked = set(_tables(list(mappings.values())))
    tables = {one["key"]: one for one in found.of_target.get("value_maps", ())}
    return [{**tables[key], "rows": {}, "unknown": "hold"} for key in sorted(asked & tables.keys())]


def _tables(given: Any) -> Iterator[str]:
    if isinstance(given, Mapping):
        if given.get("fn") == "lookup":
            yield given["map"]
        for part in given.values():
            yield from _tables(part)
    elif isinstance(given, list):
        for part in given:
            yield from _tables(part)


def _proved(template: dict[str, Any], systems: set[str], gaps: list[OpenField]) -> FlowDraft:
    """Prove the draft; a rule that could make what the target refuses is taken out, until all that stand are proved."""
    by_side = {registry.get_spec(key).side: key for key in systems}
    tables = {
        one["key"]: ValueTable(one["key"], 1, one["rows"], one["unknown"], one.get("default", ""))
        for one in template["value_maps"]
    }
    while True:
        try:
            proof = check_flow(
                compile_flow(template["definition"]), lambda side, kind: registry.schema(by_side[side], kind), tables,
                follows=bool(template.get("follows")),
            )  # fmt: skip
        except DocumentError as error:
            return FlowDraft(template, tuple(gaps), 0, (str(error),))
        wrong = [
            (name, one)
            for name, report in proof.reports.items()
            for one in report.wrong
            if not one.is_missing
        ]
        taken = [
            one
            for one in wrong
            if _take_out(template["definition"]["mappings"][one[0]]["rules"], one[1].path)
        ]
        gaps += [
            OpenField(one.path, f"the rule was not proved: {'; '.join(one.reasons)}") for _, one in taken
        ]
        if not taken:
            break
    proved = sum(report.count(Verdict.PROVED) for report in proof.reports.values())
    missing = [path for report in proof.reports.values() for path in report.missing_required]
    gaps += [
        OpenField(path, "the target needs it") for path in missing if path not in {one.path for one in gaps}
    ]
    return FlowDraft(template, tuple(gaps), proved, tuple(proof.reasons()))


def _take_out(rules: list[dict[str, Any]], path: str) -> bool:
    """Remove the rule of a target path, also inside a list; False when there is none."""
    for rule in rules:
        if rule["to"] == path:
            rules.remove(rule)
            return True
        if "each" in rule and path.startswith(f"{rule['to']}[]."):
            return _take_out(rule["rules"], path.removeprefix(f"{rule['to']}[]."))
    return False
