"""Compiles a document into closures once; evaluation is then a walk over them.

Total: no loops but over the record's own arrays, which are bounded; no recursion; no I/O.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.mapping.conditions import Condition, compile_condition
from integrations.mapping.context import EvaluationContext
from integrations.mapping.document import MappingDocument, Rule, Step
from integrations.mapping.errors import DocumentError, FunctionError, MappingFailure
from integrations.mapping.functions import REGISTRY
from integrations.mapping.paths import Getter, Scope, compile_path, put, split_path
from integrations.mapping.trace import FieldTrace

MAX_ELEMENTS = 20_000
_ABSENT = object()

Pipeline = tuple[tuple[Callable[..., Any], dict[str, Any], bool, str], ...]


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A document ready to run. Thread safe; same input and context give the same output."""

    document: MappingDocument
    rules: tuple["_CompiledRule", ...]

    def evaluate(
        self, record: dict[str, Any], context: EvaluationContext, *, creating: bool = True
    ) -> dict[str, Any]:
        """Return the target record. Raises MappingFailure, MissingLink, UnknownValue."""
        target: dict[str, Any] = {}
        scope: Scope = (record,)
        for rule in self.rules:
            rule.apply(scope, context, target, creating, None, "")
        return target

    def trace(self, record: dict[str, Any], context: EvaluationContext) -> list[FieldTrace]:
        """Evaluate and tell how each field came about; failing fields carry their reason."""
        traces: list[FieldTrace] = []
        scope: Scope = (record,)
        for rule in self.rules:
            rule.apply(scope, context, {}, True, traces, "")
        return traces


@dataclass(frozen=True, slots=True)
class _CompiledRule:
    rule: Rule
    keys: tuple[str | int, ...]
    getters: tuple[Getter, ...]
    pipeline: Pipeline
    when: Condition | None
    array: Getter | None
    where: Condition | None
    rules: tuple["_CompiledRule", ...]

    def apply(
        self,
        scope: Scope,
        context: EvaluationContext,
        target: dict[str, Any],
        creating: bool,
        traces: list[FieldTrace] | None,
        prefix: str,
    ) -> None:
        if self.rule.write == "on_create" and not creating:
            return
        trace = None if traces is None else FieldTrace(prefix + self.rule.to)
        if self.array is not None:
            put(target, self.keys, self._elements(scope, context, creating, traces, prefix))
            return
        if traces is not None and trace is not None:
            traces.append(trace)
        value = self._value(scope, context, trace, prefix)
        if value is not _ABSENT:
            put(target, self.keys, value)

    def _value(self, scope: Scope, context: EvaluationContext, trace: FieldTrace | None, prefix: str) -> Any:
        if self.when is not None and not self.when(scope):
            if trace is not None:
                trace.skipped, trace.value = not self.rule.has_otherwise, self.rule.otherwise
            return self.rule.otherwise if self.rule.has_otherwise else _ABSENT
        if self.rule.has_constant:
            value = self.rule.constant
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
            if trace is not None:
                trace.failure = str(error)
                return _ABSENT
            raise MappingFailure(prefix + self.rule.to, self.rule.source_label, value, str(error)) from error
        except Exception as error:
            # MissingLink and UnknownValue pass through; in a trace they are told beside the field.
            if trace is None:
                raise
            trace.failure = str(error)
            return _ABSENT
        if trace is not None:
            trace.value = value
        return value

    def _elements(
        self,
        scope: Scope,
        context: EvaluationContext,
        creating: bool,
        traces: list[FieldTrace] | None,
        prefix: str,
    ) -> list[dict[str, Any]]:
        assert self.array is not None  # noqa: S101  chosen by the compiler
        source = self.array(scope)
        if source is None:
            return []
        if not isinstance(source, list):
            raise MappingFailure(prefix + self.rule.to, self.rule.each, source, "is not a list")
        if len(source) > MAX_ELEMENTS:
            raise MappingFailure(
                prefix + self.rule.to, self.rule.each, len(source), f"has more than {MAX_ELEMENTS} elements"
            )
        made: list[dict[str, Any]] = []
        for element in source:
            inner = (*scope, element)
            if self.where is not None and not self.where(inner):
                continue
            one: dict[str, Any] = {}
            place = f"{prefix}{self.rule.to}[{len(made)}]."
            for rule in self.rules:
                rule.apply(inner, context, one, creating, traces, place)
            made.append(one)
        return made


def compile_mapping(document: MappingDocument) -> CompiledMapping:
    """Return the runnable form. Raises DocumentError naming rule and parameter."""
    return CompiledMapping(document, tuple(_compile_rule(rule, 0, "") for rule in document.rules))


def _compile_rule(rule: Rule, depth: int, prefix: str) -> _CompiledRule:
    where = f"rule {prefix}{rule.to}"
    _, keys = split_path(rule.to, where)
    return _CompiledRule(
        rule=rule,
        keys=keys,
        getters=tuple(compile_path(path, where, depth) for path in rule.sources),
        pipeline=tuple(_compile_step(step, where) for step in rule.steps),
        when=None if rule.when is None else compile_condition(rule.when, where, depth),
        array=compile_path(rule.each, where, depth) if rule.each else None,
        where=None if rule.where is None else compile_condition(rule.where, where, depth + 1),
        rules=tuple(_compile_rule(inner, depth + 1, f"{rule.to}[].") for inner in rule.rules),
    )


def _compile_step(step: Step, where: str) -> tuple[Callable[..., Any], dict[str, Any], bool, str]:
    function = REGISTRY.get(step.name)
    if function is None:
        raise DocumentError(where, f"there is no function {step.name!r}")
    words = " ".join([function.label, *(str(value) for value in step.arguments.values())])
    return function.call, function.bind(step.arguments, where), function.takes_null, words
