"""The mapping document: JSON in, frozen rules out. Every refusal names the rule and what to change."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from integrations.mapping.errors import DocumentError

WriteMode = Literal["always", "if_empty", "on_create"]
MAX_RULES = 500
MAX_NESTING = 4
MAX_STEPS = 40
MAX_SOURCES = 40
MAX_CONSTANT_DEPTH = 8
MAX_CONSTANT_PARTS = 2_000
MAX_STEPS_IN_ALL = 2_000
MAX_SOURCES_IN_ALL = 2_000
"""A mapping of 500 rules with 40 steps each would be compiled for seconds and evaluated for minutes."""
_ONLY_WITH = {"rules": "each", "where": "each", "else": "when"}
_RULE_WORDS = {"to", "from", "value", "each", "where", "rules", "do", "when", "else", "write", "comment"}


@dataclass(frozen=True, slots=True)
class Step:
    """One function of a pipeline with its arguments."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one target field is made. Exactly one of ``sources``, ``each`` or a constant."""

    to: str
    sources: tuple[str, ...] = ()
    is_many: bool = False
    constant: Any = None
    has_constant: bool = False
    each: str = ""
    rules: tuple["Rule", ...] = ()
    where: Mapping[str, Any] | None = None
    steps: tuple[Step, ...] = ()
    when: Mapping[str, Any] | None = None
    otherwise: Any = None
    has_otherwise: bool = False
    write: WriteMode = "always"
    comment: str = ""

    @property
    def source_label(self) -> str:
        return self.each or ", ".join(self.sources)


@dataclass(frozen=True, slots=True)
class MappingDocument:
    """A parsed document: from which kind of which system to which."""

    name: str
    source: Mapping[str, str]
    target: Mapping[str, str]
    rules: tuple[Rule, ...] = field(default_factory=tuple)


def parse_document(document: Mapping[str, Any]) -> MappingDocument:
    """Return the frozen document. Raises DocumentError."""
    if not isinstance(document, Mapping):
        raise DocumentError("mapping", "a mapping is an object")
    rules = _rules(document.get("rules"), "rules", 0)
    _refuse_too_much(rules)
    return MappingDocument(
        str(document.get("name", "")), _end(document, "source"), _end(document, "target"), rules
    )


def _refuse_too_much(rules: tuple[Rule, ...]) -> None:
    steps = sources = parts = 0
    for rule in _every(rules):
        steps += len(rule.steps)
        sources += len(rule.sources)
        arguments = [value for step in rule.steps for value in step.arguments.values()]
        parts += sum(_count_parts(one) for one in (rule.constant, rule.otherwise, *arguments))
    for count, most, what in (
        (steps, MAX_STEPS_IN_ALL, "steps"),
        (sources, MAX_SOURCES_IN_ALL, "sources"),
        (parts, MAX_CONSTANT_PARTS, "values in constants"),
    ):
        if count > most:
            raise DocumentError("rules", f"{count} {what} in all; at most {most} are allowed")


def _every(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    for rule in rules:
        yield rule
        yield from _every(rule.rules)


def _count_parts(constant: Any) -> int:
    """Return how many values stand inside a list or an object; a single value is none."""
    if isinstance(constant, Mapping):
        constant = list(constant.values())
    return sum(1 + _count_parts(one) for one in constant) if isinstance(constant, list) else 0


def _end(document: Mapping[str, Any], word: str) -> dict[str, str]:
    given = document.get(word, {})
    if not isinstance(given, Mapping):
        raise DocumentError("mapping", f"{word!r} is an object with system and kind")
    return {str(name): str(value) for name, value in given.items()}


def _rules(given: Any, where: str, nesting: int) -> tuple[Rule, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise DocumentError(where, "a list of rules is needed")
    if len(given) > MAX_RULES:
        raise DocumentError(where, f"{len(given)} rules; at most {MAX_RULES} are allowed")
    if nesting > MAX_NESTING:
        raise DocumentError(where, f"arrays nest deeper than {MAX_NESTING}")
    seen: set[str] = set()
    made = []
    for position, rule in enumerate(given):
        made.append(_rule(rule, f"{where}[{position}]", nesting))
        if made[-1].to in seen:
            raise DocumentError(f"{where}[{position}]", f"{made[-1].to} is written twice")
        seen.add(made[-1].to)
    _refuse_overlap(seen, where)
    return tuple(made)


def _refuse_overlap(targets: set[str], where: str) -> None:
    """Refuse ``ShipTo`` beside ``ShipTo.City``: one of the two would overwrite the other."""
    for target in sorted(targets):
        parts = target.split(".")
        for length in range(1, len(parts)):
            if (outer := ".".join(parts[:length])) in targets:
                raise DocumentError(where, f"{target} lies inside {outer}, which is written as well")


def _rule(given: Any, where: str, nesting: int) -> Rule:
    if not isinstance(given, Mapping):
        raise DocumentError(where, "a rule is an object")
    target = given.get("to")
    if not isinstance(target, str) or not target:
        raise DocumentError(where, "'to' names the target field")
    where = f"{where} {target}"
    _check_words(given, where, nesting)
    sources, is_many = _sources(given["from"], where) if "from" in given else ((), False)
    each = given.get("each", "")
    if "each" in given and (not isinstance(each, str) or not each):
        raise DocumentError(where, "'each' is the path of a list")
    return Rule(
        to=target,
        sources=sources,
        is_many=is_many,
        constant=_exact(given.get("value"), where),
        has_constant="value" in given,
        each=each,
        rules=_rules(given.get("rules"), where, nesting + 1) if each else (),
        where=given.get("where"),
        steps=_steps(given.get("do", []), where),
        when=given.get("when"),
        otherwise=_exact(given.get("else"), where),
        has_otherwise="else" in given,
        write=given.get("write", "always"),
        comment=str(given.get("comment", "")),
    )


def _check_words(given: Mapping[str, Any], where: str, nesting: int) -> None:
    """Refuse words that are unknown or would have no effect. Raises DocumentError."""
    if unknown := {str(word) for word in given} - _RULE_WORDS:
        raise DocumentError(where, f"unknown word {min(unknown)!r}")
    if sum(word in given for word in ("from", "value", "each")) != 1:
        raise DocumentError(where, "exactly one of 'from', 'value' or 'each' is needed")
    for word, needed in _ONLY_WITH.items():
        if word in given and needed not in given:
            raise DocumentError(where, f"{word!r} has a meaning only beside {needed!r}")
    if "each" in given and "do" in given:
        raise DocumentError(where, "'do' works on values, not on 'each'; put it into the inner rules")
    if given.get("write", "always") not in ("always", "if_empty", "on_create"):
        raise DocumentError(where, "'write' is always, if_empty or on_create")
    if nesting and given.get("write") == "if_empty":
        raise DocumentError(where, "'if_empty' cannot be told for elements of a list")


def _sources(given: Any, where: str) -> tuple[tuple[str, ...], bool]:
    if isinstance(given, str):
        return (given,), False
    if isinstance(given, list) and given and all(isinstance(one, str) for one in given):
        if len(given) > MAX_SOURCES:
            raise DocumentError(where, f"{len(given)} sources; at most {MAX_SOURCES} are allowed")
        return tuple(given), True
    raise DocumentError(where, "'from' is a path or a list of paths")


def _steps(given: Any, where: str) -> tuple[Step, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise DocumentError(where, "'do' is a list of steps")
    if len(given) > MAX_STEPS:
        raise DocumentError(where, f"{len(given)} steps; at most {MAX_STEPS} are allowed")
    return tuple(_step(step, where) for step in given)


def _step(given: Any, where: str) -> Step:
    if isinstance(given, str):
        return Step(given, {})
    if isinstance(given, Mapping) and isinstance(given.get("fn"), str):
        return Step(
            given["fn"], {str(name): _exact(value, where) for name, value in given.items() if name != "fn"}
        )
    raise DocumentError(where, "a step is a function's name or {'fn': name, ...}")


def _exact(value: Any, where: str, depth: int = 0) -> Any:
    """Return a constant with its numbers exact: JSON columns hand 0.1 over as a float, money is Decimal."""
    if depth > MAX_CONSTANT_DEPTH:
        raise DocumentError(where, f"a constant nests deeper than {MAX_CONSTANT_DEPTH}")
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float | Decimal) and math.isfinite(value):
        return Decimal(str(value))
    if isinstance(value, list):
        return [_exact(one, where, depth + 1) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _exact(one, where, depth + 1) for name, one in value.items()}
    raise DocumentError(where, f"a constant cannot be {value!r:.60}")
