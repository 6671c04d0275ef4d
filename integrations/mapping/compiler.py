"""Makes a document runnable: checked once, then one generated function for each way of writing.

Called by flows, previews, tests and replays, all through ``CompiledMapping``. The generated function makes the
record; where it raises, and for traces, the interpreter walks the same rules and tells path, source and reason.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from integrations.mapping.budget import MAX_ELEMENTS, MAX_ELEMENTS_IN_ALL
from integrations.mapping.context import EvaluationContext
from integrations.mapping.document import MappingDocument, Rule
from integrations.mapping.errors import FunctionError
from integrations.mapping.generator import Generated, generate
from integrations.mapping.interpreter import CompiledRule, Evaluation, compile_rule
from integrations.mapping.trace import FieldTrace

__all__ = ["MAX_ELEMENTS", "MAX_ELEMENTS_IN_ALL", "CompiledMapping", "compile_mapping"]


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A document ready to run. Thread safe; same input and context give the same output."""

    document: MappingDocument
    rules: tuple[CompiledRule, ...]
    create: Generated
    write_modes: frozenset[str] = frozenset()
    """How its fields are written: ``always``, ``on_create``, ``if_empty``."""
    _update: list[Generated] = field(default_factory=list, compare=False)
    """The function for updates, once it was needed: most mappings are only ever created with."""

    def evaluate(
        self,
        record: dict[str, Any],
        context: EvaluationContext,
        *,
        creating: bool = True,
        existing: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the target record. Raises MappingFailure, MissingLink, UnknownValue.

        ``existing`` is what the target holds now, in its own names: ``if_empty`` rules write where it holds
        nothing. An update without it leaves those fields alone; while ``creating`` nothing is there yet.
        """
        made = self.create if creating else self._updating()
        try:
            return made(record, context, existing)
        except (FunctionError, ArithmeticError):
            # Generated code does not know where it was; the interpreter fails there again and says so.
            return self.interpret(record, context, creating=creating, existing=existing)

    def interpret(
        self,
        record: dict[str, Any],
        context: EvaluationContext,
        *,
        creating: bool = True,
        existing: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return what :meth:`evaluate` returns, rule by rule: slower, and sure of the place of a failure."""
        target: dict[str, Any] = {}
        self._walk((record,), Evaluation(context, creating, existing), target)
        return target

    def trace(
        self,
        record: dict[str, Any],
        context: EvaluationContext,
        *,
        creating: bool = True,
        existing: Mapping[str, Any] | None = None,
    ) -> list[FieldTrace]:
        """Evaluate and tell how each field came about; failing fields carry their reason."""
        traces: list[FieldTrace] = []
        self._walk((record,), Evaluation(context, creating, existing, traces), {})
        return traces

    def _walk(self, scope: tuple[Any, ...], evaluation: Evaluation, target: dict[str, Any]) -> None:
        for rule in self.rules:
            rule.apply(scope, evaluation, target, "")

    def _updating(self) -> Generated:
        if self.write_modes <= {"always"}:
            return self.create
        if not self._update:
            # Two threads may both write it, the same one.
            self._update.append(generate(self.rules, creating=False))
        return self._update[0]


def compile_mapping(document: MappingDocument) -> CompiledMapping:
    """Return the runnable form. Raises DocumentError naming rule and parameter."""
    rules = tuple(compile_rule(rule) for rule in document.rules)
    create = generate(rules, creating=True)
    return CompiledMapping(document, rules, create, frozenset(_write_modes(document.rules)))


def _write_modes(rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        yield rule.write
        yield from _write_modes(rule.rules)
