"""Flow definitions: JSON in, a compiled flow out. A published version is compiled once per process."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import Direction, Kind, Side
from integrations.mapping import CompiledMapping, DocumentError, compile_mapping, parse_document
from integrations.mapping.conditions import Condition, compile_condition
from integrations.mapping.context import EXCHANGE_RATES

NEEDED_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "fetch": (),
    "filter": ("when",),
    "money": ("places",),
    "references": ("items",),
    "ensure": ("kind", "key", "mapping"),
    "map": ("mapping",),
    "validate": (),
    "write": (),
}
"""Step types with the options they cannot do without."""
STEP_TYPES = frozenset(NEEDED_OPTIONS)
MAX_STEPS = 50
ON_CHANGE = ("hold", "update", "skip")
WINNERS = ("storefront", "erp", "newer", "person")
_LONGEST_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long a run retries by itself."""

    max_attempts: int = 12
    first_seconds: float = 2.0
    longest_seconds: float = 900.0


@dataclass(frozen=True, slots=True)
class FlowStep:
    """One step with its options; ``condition`` is compiled for filters."""

    type: str
    id: str
    options: Mapping[str, Any]
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class ConflictGroup:
    """Target fields that belong together when both sides changed a linked record, and whose values stand then."""

    name: str
    fields: tuple[str, ...]
    wins: str
    """``storefront``, ``erp``, ``newer`` or ``person``."""


@dataclass(frozen=True, slots=True)
class CompiledFlow:
    """One version of a flow, ready to run."""

    key: str
    version_id: int
    version_number: int
    kind: Kind
    direction: Direction
    steps: tuple[FlowStep, ...]
    mappings: Mapping[str, CompiledMapping]
    value_maps: frozenset[str]
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    on_change: str = "hold"
    """What a changed record does that was written before: ``hold``, ``update`` or ``skip``."""
    conflicts: tuple[ConflictGroup, ...] = ()
    """Fields that both sides may change, in groups; the others are simply sent."""

    @property
    def creates(self) -> bool:
        """Return whether the flow makes records in the target; else it changes those that are there."""
        return any(
            step.type == "write" and step.options.get("mode", "create") == "create" for step in self.steps
        )

    @property
    def links_per_record(self) -> bool:
        """Return whether several records share one target, as the shipments of an order do."""
        return any(step.options.get("link") == "per_record" for step in self.steps)


def compile_flow(
    definition: Mapping[str, Any], *, version_id: int = 0, version_number: int = 0
) -> CompiledFlow:
    """Return the runnable flow. Raises DocumentError naming step and reason."""
    if not isinstance(definition, Mapping):
        raise DocumentError("flow", "a flow is an object")
    given_steps = definition.get("steps")
    if not isinstance(given_steps, list) or not 0 < len(given_steps) <= MAX_STEPS:
        raise DocumentError("steps", f"a flow has 1 to {MAX_STEPS} steps")
    steps = tuple(_step(given, position) for position, given in enumerate(given_steps))
    mappings = {
        str(name): compile_mapping(parse_document(document))
        for name, document in _object(definition, "mappings").items()
    }
    for step in steps:
        wanted = step.options.get("mapping")
        if wanted is not None and wanted not in mappings:
            raise DocumentError(f"step {step.id}", f"there is no mapping {wanted!r:.60}")
    policies = _object(definition, "policies")
    return CompiledFlow(
        key=_text(definition, "key"),
        version_id=version_id,
        version_number=version_number,
        kind=Kind(_choice("flow", "kind", definition.get("kind"), tuple(Kind))),
        direction=Direction(_choice("flow", "direction", definition.get("direction"), tuple(Direction))),
        steps=steps,
        mappings=mappings,
        value_maps=_value_maps(mappings),
        retry=_retry(_object(policies, "retry")),
        on_change=_choice("policies", "on_change", policies.get("on_change", "hold"), ON_CHANGE),
        conflicts=_conflicts(policies.get("conflicts", []), mappings),
    )


def _object(holder: Mapping[str, Any], word: str) -> Mapping[str, Any]:
    given = holder.get(word, {})
    if not isinstance(given, Mapping):
        raise DocumentError(word, f"{word!r} is an object")
    return given


def _text(holder: Mapping[str, Any], word: str) -> str:
    given = holder.get(word)
    if not isinstance(given, str) or not given:
        raise DocumentError("flow", f"{word!r} is a text")
    return given


def _choice(where: str, word: str, given: Any, known: tuple[str, ...]) -> str:
    if not isinstance(given, str) or given not in known:
        raise DocumentError(where, f"{word!r} is one of {', '.join(known)}, not {given!r:.60}")
    return given


def _retry(given: Mapping[str, Any]) -> RetryPolicy:
    """Return the policy. Raises DocumentError for names and numbers that mean nothing."""
    known = RetryPolicy()
    for name, value in given.items():
        is_count = name == "max_attempts"
        wanted: Any = int if is_count else int | float
        if name not in RetryPolicy.__dataclass_fields__:
            raise DocumentError("policies.retry", f"unknown word {name!r:.60}")
        if isinstance(value, bool) or not isinstance(value, wanted) or not 0 < value <= _LONGEST_SECONDS:
            kind = "a whole number" if is_count else "a number of seconds"
            raise DocumentError("policies.retry", f"{name!r} is {kind} above 0, not {value!r:.60}")
        known = replace(known, **{name: value})
    return known


def _conflicts(given: Any, mappings: Mapping[str, CompiledMapping]) -> tuple[ConflictGroup, ...]:
    """Return the groups. Raises DocumentError for a field that no rule makes, or that two groups claim."""
    where = "policies.conflicts"
    if not isinstance(given, list):
        raise DocumentError(where, "the groups are a list")
    # An object is decided about as a whole: who moved has moved with street, city and state.
    made = {rule.to.partition(".")[0] for mapping in mappings.values() for rule in mapping.document.rules}
    groups: list[ConflictGroup] = []
    claimed: set[str] = set()
    for group in given:
        fields = group.get("fields") if isinstance(group, Mapping) else None
        if not isinstance(fields, list) or not fields or not all(isinstance(each, str) for each in fields):
            raise DocumentError(where, "a group has 'name', 'fields' (a list of target fields) and 'wins'")
        name = _text(group, "name")
        for field_name in fields:
            if field_name not in made:
                raise DocumentError(where, f"no rule of the flow makes {field_name!r:.60}")
            if field_name in claimed:
                raise DocumentError(where, f"{field_name!r:.60} is in two groups")
            claimed.add(field_name)
        if any(name == known.name for known in groups):
            raise DocumentError(where, f"two groups are called {name!r:.60}")
        wins = _choice(where, "wins", group.get("wins"), WINNERS)
        groups.append(ConflictGroup(name, tuple(fields), wins))
    return tuple(groups)


def _step(given: Any, position: int) -> FlowStep:
    where = f"steps[{position}]"
    if not isinstance(given, Mapping) or not _is_step_type(given.get("type")):
        raise DocumentError(where, f"'type' is one of {', '.join(sorted(STEP_TYPES))}")
    options = {name: value for name, value in given.items() if name not in ("type", "id")}
    for name in NEEDED_OPTIONS[given["type"]]:
        if name not in options:
            raise DocumentError(where, f"a step {given['type']!r} needs {name!r}")
    if not isinstance(options.get("mapping", ""), str):
        raise DocumentError(where, "'mapping' is the name of a mapping")
    _check_options(given["type"], options, where)
    condition = None
    if given["type"] == "filter":
        condition = compile_condition(given.get("when"), where, 0)
    return FlowStep(given["type"], str(given.get("id", given["type"])), options, condition)


def _is_step_type(given: Any) -> bool:
    return isinstance(given, str) and given in STEP_TYPES


def _check_options(step_type: str, options: Mapping[str, Any], where: str) -> None:
    """Refuse options that would only fail while a record is served. Raises DocumentError."""
    if step_type == "money":
        places = options["places"]
        lines = places.get("lines") if isinstance(places, Mapping) else None
        if not isinstance(lines, Mapping) or not _has_lines(lines):
            raise DocumentError(
                where, "'places.lines' has 'each' and 'amount', or 'each', 'quantity', 'price'"
            )
    elif step_type == "ensure":
        _choice(where, "kind", options["kind"], tuple(Kind))
    elif step_type == "write":
        _choice(where, "mode", options.get("mode", "create"), ("create", "update"))
        _choice(where, "missing", options.get("missing", "fail"), ("fail", "skip"))
    elif step_type == "references":
        if not isinstance(options["items"], list):
            raise DocumentError(where, "'items' is a list")
        for item in options["items"]:
            if not isinstance(item, Mapping) or not isinstance(item.get("from"), str):
                raise DocumentError(where, "an item has 'kind' and 'from', the path of the reference")
            _choice(where, "kind", item.get("kind"), tuple(Kind))
            _choice(where, "side", item.get("side", Side.ERP), tuple(Side))
            _choice(where, "missing", item.get("missing", "hold"), ("hold", "skip", "alike"))
            _choice(where, "give", item.get("give", "id"), ("id", "key"))


def _has_lines(lines: Mapping[str, Any]) -> bool:
    needed = ("each", "amount") if "amount" in lines else ("each", "quantity", "price")
    return all(isinstance(lines.get(word), str) for word in needed)


def _value_maps(mappings: Mapping[str, CompiledMapping]) -> frozenset[str]:
    found: set[str] = set()

    def collect(rules: Any) -> None:
        for rule in rules:
            found.update(step.arguments["map"] for step in rule.steps if step.name == "lookup")
            found.update(EXCHANGE_RATES for step in rule.steps if step.name == "convert_currency")
            collect(rule.rules)

    for mapping in mappings.values():
        collect(mapping.document.rules)
    return frozenset(found)


def external_reference(storefront: ConnectorSpec, business_key: str) -> str:
    """Return the reference written into a target: ``XC-1043``."""
    return f"{storefront.reference_prefix}-{business_key}"
