"""Walks a mapping with shapes and tells, field by field, what the target could refuse.

Used by ``check_mapping``: what is left in doubt goes on to ``search``, which looks for a record that shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.kinds import FieldInfo, FieldType
from integrations.mapping.check.sources import Reading, Scope
from integrations.mapping.check.targets import Doubt, doubts
from integrations.mapping.conditions import fields_of
from integrations.mapping.document import Rule
from integrations.mapping.functions import REGISTRY
from integrations.mapping.paths import split_target
from integrations.mapping.shapes import NEVER, Lists, Objects, Shape, ShapeContext, constant


@dataclass(slots=True)
class Claim:
    """What the walk says of one target field; without doubts it is proved."""

    path: str
    top: Rule
    """The rule of the document the field belongs to: the one that ``search`` evaluates."""
    doubts: list[Doubt] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    """Source fields that decide about it: ``items[].sku``."""
    compares: tuple[Mapping[str, Any], ...] = ()
    """The conditions around it; their constants are worth trying."""
    tables: tuple[str, ...] = ()
    """Value maps it goes through."""
    is_list: bool = False
    """Made by ``each``: what its elements hold is claimed field by field."""
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is: fields of the target there (None = anything goes), and what surrounds a rule."""

    fields: tuple[FieldInfo, ...] | None
    prefix: str = ""
    reads: tuple[str, ...] = ()
    compares: tuple[Mapping[str, Any], ...] = ()
    top: Rule | None = None


class Walk:
    """One walk over a document's rules. Claims are in the order of the rules."""

    def __init__(self, context: ShapeContext, *, creating: bool) -> None:
        self.context = context
        self.creating = creating
        self.claims: list[Claim] = []

    def rules(self, rules: tuple[Rule, ...], scope: Scope, place: _Place) -> None:
        """Walk the rules of one object, then look which required fields none of them surely fills."""
        surely: set[tuple[str, ...]] = set()
        claims: dict[tuple[str, ...], Claim] = {}
        for rule in rules:
            keys = split_target(rule.to, rule.to)
            claim = self._rule(rule, keys, scope, place)
            claims[keys] = claim
            if self._is_sure(rule, scope):
                surely.add(keys)
        if self.creating and place.fields is not None:
            self._require(place.fields, (), claims, surely, place)

    def _is_sure(self, rule: Rule, scope: Scope) -> bool:
        """Return whether the rule puts something into every record it works on."""
        is_met = rule.when is None or rule.has_otherwise or scope.always(rule.when)
        return is_met and (rule.write == "always" or self.creating)

    def _rule(self, rule: Rule, keys: tuple[str, ...], scope: Scope, place: _Place) -> Claim:
        claim = Claim(place.prefix + rule.to, place.top or rule, reads=place.reads, compares=place.compares)
        self.claims.append(claim)
        claim.is_list = bool(rule.each)
        claim.tables = tuple(str(step.arguments["map"]) for step in rule.steps if "map" in step.arguments)
        if rule.when is not None:
            claim.compares = (*claim.compares, rule.when)
            self._read(claim, scope, tuple(fields_of(rule.when)))
            scope = scope.where(rule.when)
        info, problem = _target(place.fields, keys)
        if problem:
            claim.doubts.append(Doubt(problem))
        inner = replace(place, prefix=claim.path, reads=claim.reads, compares=claim.compares, top=claim.top)
        if not scope.is_reached:
            claim.notes = ("the condition is never met",)
        elif rule.each:
            made = self._elements(rule, claim, scope, info, inner)
            self._judge(claim, made, None if info is None else replace(info, fields=()))
        else:
            self._judge(claim, self._value(rule, claim, scope), info)
        if info is not None:
            if rule.has_otherwise:
                self._judge(claim, constant(rule.otherwise), info)
            if info.read_only:
                claim.notes = (*claim.notes, "the target tells this field and may not take it")
        return claim

    def _judge(self, claim: Claim, shape: Shape, info: FieldInfo | None) -> None:
        """Note what may stop a record, and doubt what the field may refuse; without a field anything goes."""
        claim.notes = (*claim.notes, *shape.failures)
        if info is None:
            return
        if not shape.is_possible:
            claim.doubts.append(Doubt("no record gets through", "; ".join(shape.failures)))
            return
        claim.doubts.extend(doubts(shape, info, creating=self.creating))

    def _value(self, rule: Rule, claim: Claim, scope: Scope) -> Shape:
        if rule.has_constant:
            shape = constant(rule.constant)
        else:
            shapes = tuple(one.shape for one in self._read(claim, scope, rule.sources))
            shape = Shape(elements=Lists.of(shapes)) if rule.is_many else shapes[0]
        for step in rule.steps:
            function = REGISTRY[step.name]
            shape = function.result_shape(shape, self.context, function.bind(step.arguments, rule.to))
        return shape

    def _read(self, claim: Claim, scope: Scope, paths: tuple[str, ...]) -> list[Reading]:
        readings = [scope.read(path) for path in paths]
        for reading in readings:
            if reading.problem:
                claim.doubts.append(Doubt(reading.problem, "correct the path"))
            if reading.origin and reading.origin not in claim.reads:
                claim.reads = (*claim.reads, reading.origin)
        return readings

    def _elements(
        self, rule: Rule, claim: Claim, scope: Scope, info: FieldInfo | None, place: _Place
    ) -> Shape:
        (reading,) = self._read(claim, scope, (rule.each,))
        source = reading.shape
        listed = source.elements or (Lists(source) if source.unknown else None)
        element = NEVER if listed is None else listed.element
        inner = scope.inside(element, f"{reading.origin}[]" if reading.origin else "")
        reads, compares = claim.reads, place.compares
        if rule.where is not None:
            compares = (*compares, rule.where)
            self._read(claim, inner, tuple(fields_of(rule.where)))
            reads, inner = claim.reads, inner.where(rule.where)
        fields = info.fields or None if info is not None and info.type is FieldType.ARRAY else None
        self.rules(rule.rules, inner, _Place(fields, f"{claim.path}[].", reads, compares, claim.top))
        shortest = 0 if rule.where is not None or source.null or listed is None else listed.shortest
        # What the elements hold was judged rule by rule; here it only counts that they are objects.
        made = Shape(elements=Lists(Shape(members=Objects({})), shortest))
        is_list = source.is_only("elements") or (source.null and source.without_null().is_only("elements"))
        return made if is_list else made.may_fail(f"fails where {rule.each} is not a list")

    def _require(
        self,
        fields: tuple[FieldInfo, ...],
        within: tuple[str, ...],
        claims: Mapping[tuple[str, ...], Claim],
        surely: set[tuple[str, ...]],
        place: _Place,
    ) -> None:
        """Claim the required fields that no rule fills, and doubt those that a rule may leave out."""
        for info in fields:
            keys = (*within, info.name)
            deeper = [one for one in claims if len(one) > len(keys) and one[: len(keys)] == keys]
            if deeper:
                self._require(info.fields, keys, claims, surely, place)
                if info.required and not any(one in surely for one in deeper):
                    claims[deeper[0]].doubts.append(Doubt("may be left out, and with it all of " + info.name))
            elif info.required and keys not in claims:
                self._missing(place, ".".join(keys), _beside(claims, within))
            elif info.required and keys not in surely:
                claims[keys].doubts.append(Doubt("is left out where the condition is not met", "add else"))

    def _missing(self, place: _Place, name: str, top: Rule | None) -> None:
        claim = Claim(place.prefix + name, place.top or top or Rule(name), is_missing=True)
        claim.reads, claim.compares = place.reads, place.compares
        claim.doubts.append(Doubt("is required and no rule fills it", "add a rule"))
        self.claims.append(claim)


def _beside(claims: Mapping[tuple[str, ...], Claim], within: tuple[str, ...]) -> Rule | None:
    """Return a rule that makes the object in which a field is missing; None for the record itself."""
    if not within:
        return None
    return next((claim.top for keys, claim in claims.items() if keys[: len(within)] == within), None)


def _target(fields: tuple[FieldInfo, ...] | None, keys: tuple[str, ...]) -> tuple[FieldInfo | None, str]:
    """Return the field that keys lead to and what is wrong with the way; (None, "") = anything goes."""
    if fields is None:
        return None, ""
    for position, key in enumerate(keys):
        info = next((one for one in fields if one.name == key), None)
        if info is None:
            return None, f"{'.'.join(keys[: position + 1])} does not exist in the target"
        if position == len(keys) - 1:
            return info, ""
        if info.type is not FieldType.OBJECT:
            return None, f"{'.'.join(keys[: position + 1])} is no object in the target"
        if not info.fields:
            return None, ""
        fields = info.fields
    return None, ""


def claims_of(
    rules: tuple[Rule, ...],
    source: Shape,
    target: tuple[FieldInfo, ...],
    context: ShapeContext,
    *,
    creating: bool,
    when: Mapping[str, Any] | None = None,
) -> list[Claim]:
    """Return one claim per target field that the mapping writes or must write.

    ``when``: a condition that every record met before it came to the mapping.
    """
    scope, place = Scope((source,)), _Place(target)
    if when is not None:
        reads = tuple(scope.read(path).origin for path in fields_of(when))
        scope, place = scope.where(when), replace(place, reads=reads, compares=(when,))
    walk = Walk(context, creating=creating)
    walk.rules(rules, scope, place)
    return walk.claims
