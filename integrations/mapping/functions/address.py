"""Addresses: states and countries by the ISO 3166 data of pycountry."""

from functools import lru_cache
from typing import Any

import pycountry

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions import rules
from integrations.mapping.functions.registry import Category, Example, Parameter, function
from integrations.mapping.functions.types import as_text, shown

ADDRESS = Category.ADDRESS


@lru_cache(maxsize=4096)
def _state_code(name: str, country: str) -> str | None:
    folded = name.strip().casefold()
    for subdivision in pycountry.subdivisions.get(country_code=country) or ():
        code = subdivision.code.split("-", 1)[1]
        if folded in (subdivision.name.casefold(), code.casefold()):
            return str(code)
    return None


@lru_cache(maxsize=64)
def _state_codes(country: str) -> frozenset[str]:
    return frozenset(
        one.code.split("-", 1)[1] for one in pycountry.subdivisions.get(country_code=country) or ()
    )


@lru_cache(maxsize=512)
def find_country(value: str) -> Any:
    try:
        return pycountry.countries.lookup(value.strip())
    except LookupError:
        return None


def country_problem(country: str) -> str:
    known = len(country) == 2 and find_country(country) is not None
    return "" if known else f"is a two-letter country code, not {country!r:.60}"


@function(
    "state_code",
    category=ADDRESS,
    doc="State name to its code within a country; an unknown name is an error.",
    label="state name to code",
    parameters=(Parameter("country", str, "alpha-2 country", default="US", refuse=country_problem),),
    examples=(Example("Illinois", "IL"), Example("tx", "TX")),
    result=str,
    shape=rules.codes(_state_codes),
)
def state_code(value: Any, context: EvaluationContext, *, country: str) -> str:
    code = _state_code(as_text(value), country)
    if code is None:
        raise FunctionError(f"{shown(value)} is not a state of {country}")
    return code


@function(
    "country_alpha3",
    category=ADDRESS,
    doc="Country to its three-letter code.",
    label="country to three letters",
    examples=(Example("US", "USA"), Example("Germany", "DEU")),
    result=str,
    shape=rules.country_of(3),
)
def country_alpha3(value: Any, context: EvaluationContext) -> str:
    found = find_country(as_text(value))
    if found is None:
        raise FunctionError(f"{shown(value)} is not a country")
    return str(found.alpha_3)


@function(
    "country_alpha2",
    category=ADDRESS,
    doc="Country to its two-letter code.",
    label="country to two letters",
    examples=(Example("USA", "US"),),
    result=str,
    shape=rules.country_of(2),
)
def country_alpha2(value: Any, context: EvaluationContext) -> str:
    found = find_country(as_text(value))
    if found is None:
        raise FunctionError(f"{shown(value)} is not a country")
    return str(found.alpha_2)
