"""The mapping document: JSON in, frozen rules out. Every refusal names the rule and what to change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from integrations.mapping.errors import DocumentError

WriteMode = Literal["always", "if_empty", "on_create"]
MAX_RULES = 500
MAX_NESTING = 4
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
    return MappingDocument(
        str(document.get("name", "")),
        dict(document.get("source", {})),
        dict(document.get("target", {})),
        rules,
    )


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
    return tuple(made)


def _rule(given: Any, where: str, nesting: int) -> Rule:
    if not isinstance(given, Mapping):
        raise DocumentError(where, "a rule is an object")
    target = given.get("to")
    if not isinstance(target, str) or not target:
        raise DocumentError(where, "'to' names the target field")
    where = f"{where} {target}"
    if unknown := set(given) - _RULE_WORDS:
        raise DocumentError(where, f"unknown word {sorted(unknown)[0]!r}")
    if sum(word in given for word in ("from", "value", "each")) != 1:
        raise DocumentError(where, "exactly one of 'from', 'value' or 'each' is needed")
    write = given.get("write", "always")
    if write not in ("always", "if_empty", "on_create"):
        raise DocumentError(where, "'write' is always, if_empty or on_create")
    sources, is_many = _sources(given.get("from"), where)
    return Rule(
        to=target,
        sources=sources,
        is_many=is_many,
        constant=given.get("value"),
        has_constant="value" in given,
        each=str(given.get("each", "")),
        rules=_rules(given["rules"], where, nesting + 1) if "each" in given else (),
        where=given.get("where"),
        steps=tuple(_step(step, where) for step in given.get("do", ())),
        when=given.get("when"),
        otherwise=given.get("else"),
        has_otherwise="else" in given,
        write=write,
        comment=str(given.get("comment", "")),
    )


def _sources(given: Any, where: str) -> tuple[tuple[str, ...], bool]:
    if given is None:
        return (), False
    if isinstance(given, str):
        return (given,), False
    if isinstance(given, list) and given and all(isinstance(one, str) for one in given):
        return tuple(given), True
    raise DocumentError(where, "'from' is a path or a list of paths")


def _step(given: Any, where: str) -> Step:
    if isinstance(given, str):
        return Step(given, {})
    if isinstance(given, Mapping) and isinstance(given.get("fn"), str):
        return Step(given["fn"], {name: value for name, value in given.items() if name != "fn"})
    raise DocumentError(where, "a step is a function's name or {'fn': name, ...}")
