"""The proof of a mapping before it is published: per target field PROVED, NEEDS GUARD or WRONG.

Sound relative to the declared source schema: a mapping with every field proved never makes an invalid target
from a record that fits it (``sources.source_problems``). Ids that links give are trusted: the target gave them.
Pure: schemas and value maps come in. Called by publishing, the designer and the ``mapping`` command.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from integrations.kinds import EntitySchema
from integrations.mapping.check.proof import Claim, claims_of
from integrations.mapping.check.report import CounterExample, Finding, MappingReport, Verdict
from integrations.mapping.check.search import Search, searching_context
from integrations.mapping.check.sources import shape_of, source_problems
from integrations.mapping.compiler import compile_mapping
from integrations.mapping.conditions import compile_condition
from integrations.mapping.context import ValueTable
from integrations.mapping.document import MappingDocument, parse_document
from integrations.mapping.shapes import ShapeContext

__all__ = [
    "CounterExample",
    "Finding",
    "MappingReport",
    "Verdict",
    "check_mapping",
    "source_problems",
]


def check_mapping(
    document: MappingDocument | Mapping[str, Any],
    source: EntitySchema,
    target: EntitySchema,
    *,
    tables: Mapping[str, ValueTable] | None = None,
    creating: bool = True,
    when: Mapping[str, Any] | None = None,
) -> MappingReport:
    """Return what is known of every target field before any record comes.

    ``tables``: value maps by key; one that is missing counts as unknown. ``creating=False`` checks an update,
    which need not fill required fields; ``when`` is a condition that every record met before.
    Raises DocumentError for a document that does not compile.
    """
    target = target.for_writing
    parsed = document if isinstance(document, MappingDocument) else parse_document(document)
    whole = compile_mapping(parsed)
    known = dict(tables or {})
    claims = claims_of(
        parsed.rules, shape_of(source), target.fields, ShapeContext(known), creating=creating, when=when
    )
    search = Search(
        parsed,
        source,
        target,
        searching_context(known),
        creating=creating,
        whole=whole,
        when=None if when is None else compile_condition(when, "check", 0),
    )
    return MappingReport(parsed.name, tuple(_finding(claim, claims, search) for claim in claims))


def _finding(claim: Claim, claims: list[Claim], search: Search) -> Finding:
    reasons = tuple(dict.fromkeys(doubt.reason for doubt in claim.doubts))
    proved = Finding(claim.path, Verdict.PROVED, notes=claim.notes)
    if not claim.doubts:
        return proved
    example = search.refute(claim, claims)
    is_wrong = example is not None or claim.is_missing
    return replace(
        proved,
        verdict=Verdict.WRONG if is_wrong else Verdict.NEEDS_GUARD,
        reasons=reasons,
        guard=", then ".join(dict.fromkeys(doubt.guard for doubt in claim.doubts if doubt.guard)),
        counter_example=example,
        is_missing=claim.is_missing,
    )
