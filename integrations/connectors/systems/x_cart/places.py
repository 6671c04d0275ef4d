"""Places in X-Cart addresses: a state's code from its name and country, and the single street line in two."""

import re
import unicodedata
from functools import cache
from typing import Any

import pycountry

_UNIT = re.compile(
    r"^(?P<street>.+?)[,\s]\s*(?P<unit>(?:apt|apartment|suite|ste|unit|room|rm|floor|fl|#)\.?\s*\S.*)$",
    re.IGNORECASE,
)


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    return "".join(char for char in plain if not unicodedata.combining(char)).casefold().strip()


@cache
def _codes(country: str) -> dict[str, str]:
    """Return {folded name or code: code} of a country's subdivisions; a name used twice gives none."""
    codes: dict[str, str] = {}
    doubles: set[str] = set()
    found: Any = pycountry.subdivisions.get(country_code=country)
    for subdivision in found or ():
        code = subdivision.code.partition("-")[2]
        # Some names carry two languages: "Navarra, Comunidad Foral de" or "Bozen [Bolzano]".
        name = _folded(subdivision.name)
        if codes.get(name, code) != code:
            doubles.add(name)
        codes[name] = code
    for name in doubles:
        del codes[name]
    for code in set(codes.values()):
        codes.setdefault(code.casefold(), code)
    return codes


def state_code(country: str, state_name: str) -> str | None:
    """Return the ISO 3166-2 part after the dash, or None when the name is not known in that country.

    The country decides: Amazonas is AM in Brazil and AMA in Peru.
    """
    if not country or not state_name:
        return None
    return _codes(country.upper()).get(_folded(state_name))


def state_name(country: str, code: str) -> str:
    """Return the name of a subdivision, or '' for a code that the country does not have."""
    if not country or not code:
        return ""
    found: Any = pycountry.subdivisions.get(code=f"{country}-{code}".upper())
    return str(found.name) if found else ""


def street_lines(street: str, second: str = "") -> tuple[str, str]:
    """Return (street1, street2): split at a line break or before a suite; nothing is cut."""
    street = street.strip()
    first, _, rest = street.replace("\r\n", "\n").partition("\n")
    if not rest:
        found = _UNIT.match(first)
        if found and not second:
            return found["street"].rstrip(" ,"), found["unit"]
    return first.strip(), " ".join(part for part in (rest.strip().replace("\n", " "), second.strip()) if part)
