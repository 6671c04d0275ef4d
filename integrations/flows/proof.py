"""Checks every mapping of a flow against the schemas it maps between, before the flow is published.

Called by publishing. What the flow filters out before a mapping counts as known; filters for new records only do not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from integrations.flows.definition import CompiledFlow
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind, Side
from integrations.mapping import ValueTable
from integrations.mapping.check import MappingReport, check_mapping

Schemas = Callable[[Side, Kind], EntitySchema | None]

# What ``fetch`` hands to a flow that follows another: the ids of the run before, and nothing else.
_FOLLOWING = tuple(FieldInfo(name, FieldType.TEXT, required=True) for name in ("source_id", "target_id"))


@dataclass(frozen=True, slots=True)
class FlowProof:
    """The reports of a flow's mappings by name; a mapping between systems without a schema has none."""

    reports: Mapping[str, MappingReport]

    @property
    def is_publishable(self) -> bool:
        return all(report.is_publishable for report in self.reports.values())

    def reasons(self) -> Iterator[str]:
        """Yield one sentence for each thing that is wrong."""
        for name, report in self.reports.items():
            for finding in report.wrong:
                example = finding.counter_example
                told = (
                    example.problem
                    if example is not None
                    else f"{finding.path}: {'; '.join(finding.reasons)}"
                )
                hint = f" ({finding.guard})" if finding.guard else ""
                yield f"Mapping {name}, {told}{hint}."


def check_flow(
    flow: CompiledFlow, schemas: Schemas, tables: Mapping[str, ValueTable], *, follows: bool = False
) -> FlowProof:
    """Return the proof of every mapping that a step of the flow uses; ``follows``: it starts behind another flow."""
    reports: dict[str, MappingReport] = {}
    met: list[Any] = []
    for step in flow.steps:
        if step.type == "filter" and not step.options.get("only_new"):
            met.append(step.options["when"])
        name = step.options.get("mapping")
        if name is None or name in reports:
            continue
        document = flow.mappings[name].document
        source = schemas(flow.direction.source, Kind(document.source.get("kind", flow.kind)))
        if follows and source is not None:
            source = replace(source, fields=_FOLLOWING)
        target = schemas(flow.direction.target, Kind(step.options.get("kind", flow.kind)))
        if source is None or target is None:
            continue
        reports[name] = check_mapping(
            document,
            source,
            target,
            tables=tables,
            creating=step.type == "ensure" or flow.creates,
            when={"all": list(met)} if met else None,
        )
    return FlowProof(reports)
