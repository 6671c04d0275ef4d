"""Flow definitions: JSON in, a compiled flow out. A published version is compiled once per process."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.connectors.spec import ConnectorSpec
from integrations.kinds import Direction, Kind
from integrations.mapping import CompiledMapping, DocumentError, compile_mapping, parse_document
from integrations.mapping.conditions import Condition, compile_condition

STEP_TYPES = frozenset({"fetch", "filter", "money", "references", "ensure", "map", "validate", "write"})


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


def compile_flow(
    definition: Mapping[str, Any], *, version_id: int = 0, version_number: int = 0
) -> CompiledFlow:
    """Return the runnable flow. Raises DocumentError naming step and reason."""
    steps = tuple(_step(given, position) for position, given in enumerate(definition.get("steps", ())))
    if not steps:
        raise DocumentError("steps", "a flow has at least one step")
    mappings = {
        name: compile_mapping(parse_document(document))
        for name, document in definition.get("mappings", {}).items()
    }
    for step in steps:
        wanted = step.options.get("mapping")
        if wanted is not None and wanted not in mappings:
            raise DocumentError(f"step {step.id}", f"there is no mapping {wanted!r}")
    policies = definition.get("policies", {})
    return CompiledFlow(
        key=str(definition["key"]),
        version_id=version_id,
        version_number=version_number,
        kind=Kind(definition["kind"]),
        direction=Direction(definition["direction"]),
        steps=steps,
        mappings=mappings,
        value_maps=_value_maps(mappings),
        retry=RetryPolicy(**policies.get("retry", {})),
        on_change=policies.get("on_change", "hold"),
    )


def _step(given: Any, position: int) -> FlowStep:
    where = f"steps[{position}]"
    if not isinstance(given, Mapping) or given.get("type") not in STEP_TYPES:
        raise DocumentError(where, f"'type' is one of {', '.join(sorted(STEP_TYPES))}")
    options = {name: value for name, value in given.items() if name not in ("type", "id")}
    condition = None
    if given["type"] == "filter":
        condition = compile_condition(given.get("when"), where, 0)
    return FlowStep(given["type"], str(given.get("id", given["type"])), options, condition)


def _value_maps(mappings: Mapping[str, CompiledMapping]) -> frozenset[str]:
    found: set[str] = set()

    def collect(rules: Any) -> None:
        for rule in rules:
            found.update(step.arguments["map"] for step in rule.steps if step.name == "lookup")
            collect(rule.rules)

    for mapping in mappings.values():
        collect(mapping.document.rules)
    return frozenset(found)


def external_reference(storefront: ConnectorSpec, business_key: str) -> str:
    """Return the reference written into a target: ``XC-1043``."""
    return f"{storefront.reference_prefix}-{business_key}"
