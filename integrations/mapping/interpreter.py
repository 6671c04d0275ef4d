"""Walks a compiled document rule by rule: the reference that generated code is held against, and the trace.

Called by ``compiler``: for traces, and for every record that generated code gives up on, so that a failure
tells its path, source and reason from one place. Total: no loops but over the record's own arrays, which are
bounded; no recursion; no I/O.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.mapping.budget import ALLOWANCE, TooMuch, can_grow, enter_list, price_of_element, spend
from integrations.mapping.conditions import Condition, compile_condition, fields_of
from integrations.mapping.constants import fresh
from integrations.mapping.context import EvaluationContext
from integrations.mapping.document import Rule, Step
from integrations.mapping.errors import (
    DocumentError,
    FunctionError,
    MappingFailure,
    MissingLink,
    UnknownValue,
)
from integrations.mapping.functions import REGISTRY, Function
from integrations.mapping.paths import (
    Getter,
    Key,
    Position,
    Scope,
    compile_path,
    put,
    resolve_path,
    slot_of,
    split_target,
    walk,
)
from integrations.mapping.trace import FieldTrace

_ABSENT: Any = object()
Place = tuple[int, tuple[Key, ...]]
"""Where in the scope a path starts, and its keys."""


@dataclass(slots=True)
class Evaluation:
    """What all rules of one evaluation share."""

    context: EvaluationContext
    creating: bool
    existing: Mapping[str, Any] | None
    traces: list[FieldTrace] | None = None
    left: int = ALLOWANCE


@dataclass(frozen=True, slots=True)
class BoundStep:
    """One function of a pipeline with its checked arguments; ``call(value, context)``."""

    function: Function
    arguments: Mapping[str, Any]
    call: Callable[[Any, EvaluationContext], Any]
    words: str


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule whose paths, functions and conditions were found and checked."""

    rule: Rule
    keys: tuple[str, ...]
    depth: int
    """How many lists stand around it."""
    getters: tuple[Getter, ...]
    pipeline: tuple[BoundStep, ...]
    when: Condition | None
    array: Getter | None
    where: Condition | None
    rules: tuple["CompiledRule", ...]
    price: int = 0
    """Of one element, for a rule with ``each``."""
    outer: tuple[Place, ...] = ()
    """What the elements' rules read from around the list, once for each time they do."""

    def apply(self, scope: Scope, evaluation: Evaluation, target: dict[str, Any], prefix: str) -> None:
        """Put the rule's value into ``target``, and its trace beside the others."""
        if evaluation.traces is None:
            value = self._made(scope, evaluation, None, prefix)
        else:
            value = self._traced(scope, evaluation, evaluation.traces, prefix)
        if value is not _ABSENT:
            put(target, self.keys, value)

    def _traced(self, scope: Scope, evaluation: Evaluation, traces: list[FieldTrace], prefix: str) -> Any:
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

    def _made(self, scope: Scope, evaluation: Evaluation, trace: FieldTrace | None, prefix: str) -> Any:
        if self.rule.write != "always" and self._is_kept(evaluation):
            if trace is not None:
                trace.skipped = True
            return _ABSENT
        if self.when is not None and not self.when(scope):
            if trace is not None:
                trace.skipped, trace.value = not self.rule.has_otherwise, self.rule.otherwise
            return fresh(self.rule.otherwise) if self.rule.has_otherwise else _ABSENT
        if self.array is not None:
            return self._elements(self.array(scope), scope, evaluation, prefix)
        return self._value(self._source(scope, trace), evaluation, trace, prefix)

    def _is_kept(self, evaluation: Evaluation) -> bool:
        """Return whether the target keeps what it has: the rule is not for this write."""
        if evaluation.creating:
            return False
        if self.rule.write == "on_create":
            return True
        return keeps(evaluation.existing, self.keys)

    def _source(self, scope: Scope, trace: FieldTrace | None) -> Any:
        value: Any
        if self.rule.has_constant:
            value = fresh(self.rule.constant)
        elif self.rule.is_many:
            value = [getter(scope) for getter in self.getters]
        else:
            value = self.getters[0](scope)
        if trace is not None:
            values = value if self.rule.is_many else [value]
            trace.sources = tuple(zip(self.rule.sources, values, strict=False))
        return value

    def _value(self, value: Any, evaluation: Evaluation, trace: FieldTrace | None, prefix: str) -> Any:
        try:
            for step in self.pipeline:
                if value is None and not step.function.takes_null:
                    continue
                value = step.call(value, evaluation.context)
                if trace is not None:
                    trace.steps.append((step.words, value))
            if self.depth and can_grow(self.rule):
                evaluation.left = spend(value, evaluation.left)
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
        self, source: Any, scope: Scope, evaluation: Evaluation, prefix: str
    ) -> list[dict[str, Any]]:
        if source is None:
            return []
        outer = [walk(scope[slot_of(level)], keys) for level, keys in self.outer]
        try:
            evaluation.left = enter_list(source, evaluation.left, self.price, outer)
        except FunctionError as error:
            shown = len(source) if isinstance(error, TooMuch) else source
            raise MappingFailure(prefix + self.rule.to, self.rule.each, shown, str(error)) from error
        made: list[dict[str, Any]] = []
        for position, element in enumerate(source):
            inner = (*scope, element, position)
            if self.where is not None and not self.where(inner):
                continue
            one: dict[str, Any] = {}
            place = f"{prefix}{self.rule.to}[{len(made)}]."
            for rule in self.rules:
                rule.apply(inner, evaluation, one, place)
            made.append(one)
        return made


def keeps(existing: Mapping[str, Any] | None, keys: tuple[str, ...]) -> bool:
    """Return whether an ``if_empty`` field stays as the target has it; unknown counts as filled."""
    return existing is None or walk(existing, keys) not in (None, "", [], {})


def compile_rule(rule: Rule, depth: int = 0, prefix: str = "") -> CompiledRule:
    """Return the runnable rule in ``depth`` lists. Raises DocumentError naming rule and parameter."""
    where = f"rule {prefix}{rule.to}"
    return CompiledRule(
        rule=rule,
        keys=split_target(rule.to, where),
        depth=depth,
        getters=tuple(compile_path(path, where, depth) for path in rule.sources),
        pipeline=tuple(_compile_step(step, where) for step in rule.steps),
        when=None if rule.when is None else compile_condition(rule.when, where, depth),
        array=compile_path(rule.each, where, depth) if rule.each else None,
        where=None if rule.where is None else compile_condition(rule.where, where, depth + 1),
        rules=tuple(compile_rule(inner, depth + 1, f"{prefix}{rule.to}[].") for inner in rule.rules),
        price=price_of_element(rule.rules) if rule.each else 0,
        outer=tuple(_read_around(rule, depth, where)) if rule.each else (),
    )


def _compile_step(step: Step, where: str) -> BoundStep:
    function = REGISTRY.get(step.name)
    if function is None:
        raise DocumentError(where, f"there is no function {step.name!r:.60}")
    words = " ".join([function.label, *(str(value) for value in step.arguments.values())])
    arguments = function.bind(step.arguments, where)
    return BoundStep(function, arguments, function.specialise(arguments), words)


def _read_around(rule: Rule, depth: int, where: str) -> Iterator[Place]:
    """Yield what the elements of ``rule`` read from around its list, inner lists included."""
    for place in _read_inside(rule, depth, where):
        # A list, an object or a long text in there is read again by each element: enter_list weighs them.
        if place[0] <= depth and place[1] != (Position.HERE,):
            yield place


def _read_inside(rule: Rule, depth: int, where: str) -> Iterator[Place]:
    if rule.where is not None:
        yield from (resolve_path(path, where, depth + 1) for path in fields_of(rule.where))
    for inner in rule.rules:
        for path in inner.sources:
            yield from [resolve_path(path, where, depth + 1)] * (1 + len(inner.steps))
        if inner.when is not None:
            yield from (resolve_path(path, where, depth + 1) for path in fields_of(inner.when))
        if inner.rules:
            yield from _read_inside(inner, depth + 1, where)
