"""Drafts a mapping between two systems from mappings that were proved with a third one. Called by ``flows.drafts``.

Two source fields that fill the same target field in two proved mappings mean the same thing. So a mapping A -> T is
turned into B -> T: each path of A is replaced by B's field of the same meaning, and what has none is left open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.kinds import EntitySchema, FieldType

Rule = Mapping[str, Any]

# Functions that only dress a value; the others change what it means.
_DRESSING = frozenset(
    {"coalesce", "trim", "lower", "upper", "squeeze", "truncate", "max_length", "required", "default", "join",
     "to_date", "lookup", "prefix", "round", "link", "cut"}
)  # fmt: skip
# They take a list of any length, so that one that has no counterpart may be left out of it.
_OVER_LISTS = frozenset({"coalesce", "join", "sum"})


@dataclass(frozen=True, slots=True)
class OpenField:
    """A target field that a person must fill, and why no rule was drafted."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class MappingDraft:
    """A mapping's document with the rules that could be drafted, and the fields that could not."""

    document: dict[str, Any]
    open_fields: tuple[OpenField, ...]


def sources_of(rule: Rule) -> list[str]:
    """Return the paths that a rule reads; [] for a constant or a list."""
    given = rule.get("from")
    return [given] if isinstance(given, str) else list(given or ())


def correspondence(
    theirs: Sequence[tuple[Sequence[Rule], Sequence[Rule]]],
    from_schema: EntitySchema,
    to_schema: EntitySchema,
) -> dict[str, str]:
    """Return path of one system -> path of the other, from pairs of rule lists with the same target.

    Paths inside lists are written ``items[].sku``. A pair of different types is no evidence; the first one stands.
    Fields of the same path and type mean the same where nothing else is known: the connectors derive them alike.
    """
    first, second = dict(from_schema.walk()), dict(to_schema.walk())
    found: dict[str, str] = {}
    for mine, other in theirs:
        known = {to: (rule, base) for to, rule, base in _flat(other)}
        for to, rule, base in _flat(mine):
            if to not in known or _changes(rule) != _changes(known[to][0]):
                continue
            twin, twin_base = known[to]
            if "each" in rule and "each" in twin:
                found.setdefault(f"{base}{rule['each']}", f"{twin_base}{twin['each']}")
            for one, two in _pairs(rule, twin):
                path, counterpart = f"{base}{one}", f"{twin_base}{two}"
                if (
                    path in first
                    and counterpart in second
                    and _fits(first[path].type, second[counterpart].type)
                ):
                    found.setdefault(path, counterpart)
    for path, info in first.items():
        if path in second and _fits(info.type, second[path].type):
            found.setdefault(path, path)
    return found


def _pairs(rule: Rule, twin: Rule) -> list[tuple[str, str]]:
    """Return which sources of two rules mean the same: all in turn where both treat them alike, else the first."""
    one, two = sources_of(rule), sources_of(twin)
    is_alike = len(one) == len(two) and _leading(rule) == _leading(twin)
    return list(zip(one, two, strict=True)) if is_alike else list(zip(one[:1], two[:1], strict=False))


def _functions(rule: Rule) -> list[str]:
    return [step if isinstance(step, str) else str(step["fn"]) for step in rule.get("do", ())]


def _leading(rule: Rule) -> str:
    return next(iter(_functions(rule)), "")


def _fits(one: FieldType, two: FieldType) -> bool:
    return one is two or {one, two} <= {FieldType.INTEGER, FieldType.DECIMAL}


def _changes(rule: Rule) -> list[str]:
    """Return the functions that change what a value means; two rules with different ones say nothing."""
    return [word for word in _functions(rule) if word not in _DRESSING]


def _flat(rules: Sequence[Rule], to: str = "", base: str = "") -> Iterator[tuple[str, Rule, str]]:
    """Yield (target path, rule, list its sources are in), depth first."""
    for rule in rules:
        path = f"{to}{rule['to']}"
        yield path, rule, base
        if "each" in rule:
            yield from _flat(rule["rules"], f"{path}[].", f"{base}{rule['each']}[].")


def replaced(text: Any, prefixes: Mapping[str, str]) -> Any:
    """Return a constant with the new prefix where it begins with an old one."""
    for old, new in prefixes.items():
        if isinstance(text, str) and text.startswith(old):
            return new + text.removeprefix(old)
    return text


class _Gap(LookupError):
    """A path has no counterpart."""


@dataclass(frozen=True, slots=True)
class Translation:
    """Paths and prefixes of one system in the words of another."""

    paths: Mapping[str, str]
    prefixes: Mapping[str, str]
    stranger: str = "the other system"
    """What the system is called whose paths are replaced, for the reasons of what stays open."""

    def path(self, path: str, *, base: str = "", new_base: str = "") -> str:
        """Return a path in the other system, relative to the list it is in. Raises _Gap."""
        whole = f"{base}{path}"
        counterpart = self.paths.get(whole)
        if counterpart is None or not counterpart.startswith(new_base):
            raise _Gap(whole)
        return counterpart.removeprefix(new_base)

    def rules(
        self, rules: Sequence[Rule], *, to: str = "", base: str = "", new_base: str = ""
    ) -> tuple[list[dict[str, Any]], list[OpenField]]:
        """Return the rules that could be translated, and the target fields of the others."""
        made: list[dict[str, Any]] = []
        gaps: list[OpenField] = []
        for rule in rules:
            path = f"{to}{rule['to']}"
            try:
                done, inner = self._rule(rule, path, base, new_base)
            except _Gap as gap:
                gaps.append(
                    OpenField(
                        path, f"nothing is known that means the same as {gap.args[0]} of {self.stranger}"
                    )
                )
                continue
            gaps += inner
            made.append(done)
        return made, gaps

    def _rule(self, rule: Rule, to: str, base: str, new_base: str) -> tuple[dict[str, Any], list[OpenField]]:
        done = {name: part for name, part in rule.items() if name != "comment"}
        gaps: list[OpenField] = []
        if "from" in rule:
            done["from"] = self._sources(rule, base, new_base)
        if "when" in rule:
            done["when"] = self.condition(rule["when"], base, new_base)
        if "do" in rule:
            done["do"] = [self._function(step) for step in rule["do"]]
        if "each" in rule:
            done["each"] = self.path(rule["each"], base=base, new_base=new_base)
            inside, new_inside = f"{base}{rule['each']}[].", f"{new_base}{done['each']}[]."
            if "where" in rule:
                done["where"] = self.condition(rule["where"], inside, new_inside)
            done["rules"], gaps = self.rules(rule["rules"], to=f"{to}[].", base=inside, new_base=new_inside)
            if not any("from" in one for one in done["rules"]):
                raise _Gap(f"{base}{rule['each']}")
        return done, gaps

    def _sources(self, rule: Rule, base: str, new_base: str) -> str | list[str]:
        paths = sources_of(rule)
        found: list[str] = []
        gap: _Gap | None = None
        for path in paths:
            try:
                found.append(self.path(path, base=base, new_base=new_base))
            except _Gap as missing:
                gap = gap or missing
        if gap is not None and not (found and len(paths) > 1 and _leading(rule) in _OVER_LISTS):
            raise gap
        return list(dict.fromkeys(found)) if isinstance(rule["from"], list) else found[0]

    def _function(self, step: Any) -> Any:
        if isinstance(step, str) or step["fn"] != "prefix":
            return step
        return {**step, "with": replaced(step["with"], self.prefixes)}

    def condition(self, given: Any, base: str = "", new_base: str = "") -> dict[str, Any]:
        """Return a condition in the other system. Raises _Gap: also for values, whose words differ by system."""
        for group in ("all", "any"):
            if group in given:
                return {group: [self.condition(one, base, new_base) for one in given[group]]}
        if "not" in given:
            return {"not": self.condition(given["not"], base, new_base)}
        if isinstance(given.get("value"), (str, list)) and given["op"] != "starts_with":
            raise _Gap(f"{base}{given['field']} ({given['op']})")
        return {**given, "field": self.path(given["field"], base=base, new_base=new_base)}


def draft_mapping(
    document: Mapping[str, Any], translation: Translation, source: EntitySchema
) -> MappingDraft:
    """Return a proved mapping with its source side in the words of ``source``; the target side stays."""
    rules, gaps = translation.rules(document["rules"])
    drafted = {
        "name": document["name"],
        "source": {"system": source.system, "kind": source.kind.value},
        **({"target": document["target"]} if "target" in document else {}),
        "rules": rules,
    }
    return MappingDraft(drafted, tuple(gaps))
