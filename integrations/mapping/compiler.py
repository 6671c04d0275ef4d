"""Compiles a document into closures once; evaluation is then a walk over them.

Total: no loops but over the record's own arrays, which are bounded; no recursion; no I/O.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from integrations.mapping.conditions import Condition, compile_condition
from integrations.mapping.context import EvaluationContext
from integrations.mapping.document import MappingDocument, Rule, Step
from integrations.mapping.errors import (
    DocumentError,
    FunctionError,
    MappingFailure,
    MissingLink,
    UnknownValue,
)
from integrations.mapping.functions import REGISTRY
from integrations.mapping.paths import Getter, Scope, compile_path, put, split_target, walk
from integrations.mapping.trace import FieldTrace

MAX_ELEMENTS = 20_000
MAX_ELEMENTS_IN_ALL = 100_000
_ABSENT: Any = object()

Pipeline = tuple[tuple[Callable[..., Any], dict[str, Any], bool, str], ...]


@dataclass(slots=True)
class _Evaluation:
    """What all rules of one evaluation share."""

    context: EvaluationContext
    creating: bool
    existing: Mapping[str, Any] | None
    traces: list[FieldTrace] | None = None
    elements_left: int = MAX_ELEMENTS_IN_ALL


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A document ready to run. Thread safe; same input and context give the same output."""

    document: MappingDocument
    rules: tuple["_CompiledRule", ...]
    write_modes: frozenset[str] = frozenset()
    """How its fields are written: ``always``, ``on_create``, ``if_empty``."""

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
        target: dict[str, Any] = {}
        evaluation = _Evaluation(context, creating, existing)
        for rule in self.rules:
            rule.apply((record,), evaluation, target, "")
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
        evaluation = _Evaluation(context, creating, existing, traces)
        for rule in self.rules:
            rule.apply((record,), evaluation, {}, "")
        return traces


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    rule: Rule
    keys: tuple[str, ...]
    getters: tuple[Getter, ...]
    pipeline: Pipeline
    when: Condition | None
    array: Getter | None
    where: Condition | None
    rules: tuple["_CompiledRule", ...]

    def apply(self, scope: Scope, evaluation: _Evaluation, target: dict[str, Any], prefix: str) -> None:
        """Put the rule's value into ``target``, and its trace beside the others."""
        if evaluation.traces is None:
            value = self._made(scope, evaluation, None, prefix)
        else:
            value = self._traced(scope, evaluation, evaluation.traces, prefix)
        if value is not _ABSENT:
            put(target, self.keys, value)

    def _traced(self, scope: Scope, evaluation: _Evaluation, traces: list[FieldTrace], prefix: str) -> Any:
        trace = FieldTrace(prefix + self.rule.to)
        if self.array is None:
            traces.append(trace)
        value = _ABSENT
        try:
            value = self._made(scope, evaluation, trace, prefix)
        except (MappingFailure, MissingLink, UnknownValue) as error:
            trace.failure = error.reason if isinstance(error, MappingFailure) else str(error)
        # The elements of a list have traces of their own; itself is told only where it was not made.
        if self.array is not None and (trace.failure or trace.skipped):
            traces.append(trace)
        return value

    def _made(self, scope: Scope, evaluation: _Evaluation, trace: FieldTrace | None, prefix: str) -> Any:
        if self.rule.write != "always" and self._is_kept(evaluation):
            if trace is not None:
                trace.skipped = True
            return _ABSENT
        if self.when is not None and not self.when(scope):
            if trace is not None:
                trace.skipped, trace.value = not self.rule.has_otherwise, self.rule.otherwise
            return _fresh(self.rule.otherwise) if self.rule.has_otherwise else _ABSENT
        if self.array is not None:
            return self._elements(self.array(scope), scope, evaluation, prefix)
        return self._value(scope, evaluation.context, trace, prefix)

    def _is_kept(self, evaluation: _Evaluation) -> bool:
        """Return whether the target keeps what it has: the rule is not for this write."""
        if evaluation.creating:
            return False
        if self.rule.write == "on_create":
            return True
        return evaluation.existing is None or walk(evaluation.existing, self.keys) not in (None, "", [], {})

    def _value(self, scope: Scope, context: EvaluationContext, trace: FieldTrace | None, prefix: str) -> Any:
        if self.rule.has_constant:
            value = _fresh(self.rule.constant)
        elif self.rule.is_many:
            value = [getter(scope) for getter in self.getters]
        else:
            value = self.getters[0](scope)
        if trace is not None:
            trace.sources = tuple(
                zip(self.rule.sources, value if self.rule.is_many else [value], strict=False)
            )
        try:
            for call, arguments, takes_null, words in self.pipeline:
                if value is None and not takes_null:
                    continue
                value = call(value, context, **arguments)
                if trace is not None:
                    trace.steps.append((words, value))
        except FunctionError as error:
            raise MappingFailure(prefix + self.rule.to, self.rule.source_label, value, str(error)) from error
        except ArithmeticError as error:
            raise MappingFailure(
                prefix + self.rule.to, self.rule.source_label, value, "is beyond what can be computed exactly"
            ) from error
        if trace is not None:
            trace.value = value
        return value

    def _elements(
        self, source: Any, scope: Scope, evaluation: _Evaluation, prefix: str
    ) -> list[dict[str, Any]]:
        if source is None:
            return []
        if not isinstance(source, list):
            raise MappingFailure(prefix + self.rule.to, self.rule.each, source, "is not a list")
        evaluation.elements_left -= len(source)
        if len(source) > MAX_ELEMENTS or evaluation.elements_left < 0:
            raise MappingFailure(
                prefix + self.rule.to,
                self.rule.each,
                len(source),
                f"has more than {MAX_ELEMENTS} elements, or {MAX_ELEMENTS_IN_ALL} in all lists",
            )
        made: list[dict[str, Any]] = []
        for element in source:
            inner = (*scope, element)
            if self.where is not None and not self.where(inner):
                continue
            one: dict[str, Any] = {}
            place = f"{prefix}{self.rule.to}[{len(made)}]."
            for rule in self.rules:
                rule.apply(inner, evaluation, one, place)
            made.append(one)
        return made


def _fresh(constant: Any) -> Any:
    """Return a constant that the receiver may change: the document is shared by all threads."""
    return deepcopy(constant) if isinstance(constant, list | dict) else constant


def compile_mapping(document: MappingDocument) -> CompiledMapping:
    """Return the runnable form. Raises DocumentError naming rule and parameter."""
    rules = tuple(_compile_rule(rule, 0, "") for rule in document.rules)
    return CompiledMapping(document, rules, frozenset(_write_modes(document.rules)))


def _write_modes(rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        yield rule.write
        yield from _write_modes(rule.rules)


def _compile_rule(rule: Rule, depth: int, prefix: str) -> _CompiledRule:
    where = f"rule {prefix}{rule.to}"
    return _CompiledRule(
        rule=rule,
        keys=split_target(rule.to, where),
        getters=tuple(compile_path(path, where, depth) for path in rule.sources),
        pipeline=tuple(_compile_step(step, where) for step in rule.steps),
        when=None if rule.when is None else compile_condition(rule.when, where, depth),
        array=compile_path(rule.each, where, depth) if rule.each else None,
        where=None if rule.where is None else compile_condition(rule.where, where, depth + 1),
        rules=tuple(_compile_rule(inner, depth + 1, f"{prefix}{rule.to}[].") for inner in rule.rules),
    )


def _compile_step(step: Step, where: str) -> tuple[Callable[..., Any], dict[str, Any], bool, str]:
    function = REGISTRY.get(step.name)
    if function is None:
        raise DocumentError(where, f"there is no function {step.name!r}")
    words = " ".join([function.label, *(str(value) for value in step.arguments.values())])
    return function.call, function.bind(step.arguments, where), function.takes_null, words
