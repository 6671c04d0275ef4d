"""Writes one Python function for a whole mapping, as a syntax tree: paths read once, common functions inlined.

Called by ``compiler``. The generated function gives the interpreter's value or raises; it is never asked why it
raised, the interpreter is. So it may be hasty with odd values as long as it is never wrong about a value.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from integrations.mapping import nodes
from integrations.mapping.budget import ALLOWANCE, can_grow, enter_list, spend
from integrations.mapping.constants import fresh
from integrations.mapping.context import EvaluationContext
from integrations.mapping.generator_conditions import condition_of
from integrations.mapping.generator_inline import WANTED, Known, applied, applied_to_sources
from integrations.mapping.generator_scopes import SHARED, Names, Scope
from integrations.mapping.generator_targets import Target
from integrations.mapping.interpreter import BoundStep, CompiledRule, keeps
from integrations.mapping.paths import put, resolve_path

Generated = Callable[[Any, EvaluationContext, Mapping[str, Any] | None], dict[str, Any]]
_GLOBALS: dict[str, Any] = {
    **SHARED,
    **WANTED,
    "enter_list": enter_list,
    "spend": spend,
    "fresh": fresh,
    "keeps": keeps,
    "put": put,
}


def generate(rules: Sequence[CompiledRule], *, creating: bool) -> Generated:
    """Return the function of these rules, for creating or for updating a target record.

    It may raise FunctionError, ArithmeticError, MissingLink, UnknownValue: then the interpreter tells.
    """
    names = Names(dict(_GLOBALS))
    body = _Writer(names, creating=creating).record(rules)
    module = nodes.module_with("mapped", ("e0", "context", "existing"), body)
    # A tree of our own nodes: what people wrote is in it as constants and in the globals as objects.
    exec(compile(module, "<mapping>", "exec"), names.globals)  # noqa: S102
    return names.globals["mapped"]


class _Writer:
    """Writes the statements of one mapping."""

    def __init__(self, names: Names, *, creating: bool) -> None:
        self.names = names
        self.creating = creating

    def record(self, rules: Sequence[CompiledRule]) -> list[ast.stmt]:
        scope, target = Scope(self.names, "e0"), Target(self.names)
        written = self._rules(rules, (scope,), target)
        left = nodes.assign("left", nodes.literal(ALLOWANCE))
        return [left, *scope.statements, *written, nodes.give(nodes.name(target.word))]

    def _rules(
        self, rules: Sequence[CompiledRule], scopes: tuple[Scope, ...], target: Target
    ) -> list[ast.stmt]:
        body: list[ast.stmt] = []
        for rule in rules:
            if self.creating or rule.rule.write != "on_create":
                self._rule(rule, scopes, target, body)
        return [*body, *target.finished()]

    def _rule(
        self, rule: CompiledRule, scopes: tuple[Scope, ...], target: Target, body: list[ast.stmt]
    ) -> None:
        guards: list[ast.expr] = []
        if rule.rule.write == "if_empty" and not self.creating:
            kept = nodes.called("keeps", nodes.name("existing"), self.names.of(rule.keys))
            guards.append(nodes.negated(kept))
        if rule.rule.when is not None and not rule.rule.has_otherwise:
            guards.append(self._test(rule.rule.when, rule.depth, scopes))
        lines: list[ast.stmt] = []
        value = self._value(rule, scopes, lines)
        if rule.rule.when is not None and rule.rule.has_otherwise:
            word, otherwise = self.names.new("w"), self.names.constant(rule.rule.otherwise)
            lines.append(nodes.assign(word, value))
            test = self._test(rule.rule.when, rule.depth, scopes)
            lines = [nodes.when(test, lines, [nodes.assign(word, otherwise)])]
            value = nodes.name(word)
        if guards:
            body.extend(target.finished())
            body.append(nodes.when(nodes.both(*guards), [*lines, *target.put(rule.keys, value)]))
        else:
            body.extend([*lines, *target.put(rule.keys, value)])

    def _test(self, condition: Mapping[str, Any], depth: int, scopes: tuple[Scope, ...]) -> ast.expr:
        return condition_of(condition, lambda path: self._read(path, depth, scopes), self.names)

    def _read(self, path: str, depth: int, scopes: tuple[Scope, ...]) -> ast.expr:
        level, keys = resolve_path(path, path, depth)
        return scopes[level].read(keys)

    def _value(self, rule: CompiledRule, scopes: tuple[Scope, ...], lines: list[ast.stmt]) -> ast.expr:
        if rule.array is not None:
            return self._elements(rule, scopes, lines)
        steps, known = rule.pipeline, Known()
        if rule.rule.has_constant:
            value = self.names.constant(rule.rule.constant)
        else:
            sources = [self._read(path, rule.depth, scopes) for path in rule.rule.sources]
            if not rule.rule.is_many:
                (value,) = sources
            elif steps and (made := applied_to_sources(steps[0], sources, self.names)) is not None:
                value, known = made
                steps = steps[1:]
            else:
                value, known = nodes.list_of(sources), Known(is_nullable=False)
        if not rule.pipeline:
            return value
        word = self.names.new("w")
        type_word = self._pipeline(word, value, steps, lines, known)
        if rule.depth and can_grow(rule.rule) and type_word not in ("Decimal", "int"):
            lines.append(nodes.assign("left", nodes.called("spend", nodes.name(word), nodes.name("left"))))
        return nodes.name(word)

    def _pipeline(
        self, word: str, value: ast.expr, steps: Sequence[BoundStep], lines: list[ast.stmt], known: Known
    ) -> str:
        """Write the steps on variable ``word``; return the type it has after them, "" when that is not sure."""
        lines.append(nodes.assign(word, value))
        variable, block = nodes.name(word), lines
        for step in steps:
            if step.function.takes_null:
                known = known if block is lines else Known(known.type)
                block = lines
            elif known.is_nullable:
                inner: list[ast.stmt] = []
                block.append(nodes.when(nodes.compare(variable, ast.IsNot(), nodes.literal(None)), inner))
                block = inner
            made, known = applied(step, variable, known, self.names)
            block.append(nodes.assign(word, made))
        return known.type

    def _elements(self, rule: CompiledRule, scopes: tuple[Scope, ...], lines: list[ast.stmt]) -> ast.expr:
        source = self._read(rule.rule.each, rule.depth, scopes)
        outer = nodes.tuple_of([scopes[level].read(keys) for level, keys in rule.outer])
        made, element = self.names.new("m"), self.names.new("e")
        scope, target = Scope(self.names, element), Target(self.names)
        inner = (*scopes, scope)
        skip = (
            []
            if rule.rule.where is None
            else [
                nodes.when(nodes.negated(self._test(rule.rule.where, rule.depth + 1, inner)), [nodes.go_on()])
            ]
        )
        written = self._rules(rule.rules, inner, target)
        added = nodes.run(nodes.method(nodes.name(made), "append", nodes.name(target.word)))
        price, left = nodes.literal(rule.price), nodes.name("left")
        entered = nodes.assign("left", nodes.called("enter_list", source, left, price, outer))
        counted: list[ast.stmt] = []
        if scope.counts:
            lines.append(nodes.assign(scope.position, nodes.literal(-1)))
            counted = [
                nodes.assign(scope.position, nodes.added(nodes.name(scope.position), nodes.literal(1)))
            ]
        loop = nodes.for_each(element, source, [*counted, *scope.statements, *skip, *written, added])
        lines.append(nodes.assign(made, nodes.list_of([])))
        lines.append(nodes.when(nodes.compare(source, ast.IsNot(), nodes.literal(None)), [entered, loop]))
        return nodes.name(made)
