"""Article numbers, phones and e-mails, the latter two by the libraries that know their rules."""

from functools import lru_cache
from typing import Any

from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.address import country_problem
from integrations.mapping.functions.registry import Category, Example, Parameter, always, function
from integrations.mapping.functions.types import as_text, shown
from integrations.mapping.functions.writing import bounded_text
from integrations.mapping.shapes import text

CONTACT = Category.CONTACT
_LONGEST = 320
_PHONE_FORMATS = ("e164", "international", "national", "rfc3966")


@function(
    "sku",
    category=CONTACT,
    doc="An article number as the other system writes it: blanks at the ends gone, characters removed, capitals, "
    "filled up at the left, a prefix in front. An empty one is an error.",
    label="article number",
    parameters=(
        Parameter("remove", str, "characters taken out", default=""),
        Parameter("letters", str, "which letters", default="upper", choices=("upper", "lower", "as_given")),
        Parameter("length", int, "filled up with zeros to this length", default=0, minimum=0, maximum=100),
        Parameter("prefix", str, "text in front", default=""),
    ),
    examples=(
        Example(" a-50 ", "A50", {"remove": "-"}),
        Example("417", "XC-000417", {"length": 6, "prefix": "XC-"}),
    ),
    result=str,
    shape=always(text(shortest=1).may_fail("fails for an empty article number")),
)
def sku(
    value: Any, context: EvaluationContext, *, remove: str, letters: str, length: int, prefix: str
) -> str:
    made = as_text(value).strip().translate({ord(one): None for one in remove}).strip()
    if not made:
        raise FunctionError(f"{shown(value)} is an empty article number")
    made = made.upper() if letters == "upper" else made.lower() if letters == "lower" else made
    return bounded_text(prefix + made.rjust(length, "0"))


@lru_cache(maxsize=4096)
def _phone(given: str, country: str, form: str) -> str | None:
    # Loaded with the first phone number a process maps; it reads a country's numbering plan when one is met.
    import phonenumbers

    try:
        number = phonenumbers.parse(given, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, form.upper())))


@function(
    "phone",
    category=CONTACT,
    doc="A phone number in one format; what cannot be dialled is an error. A number without a country code is one "
    "of the country.",
    parameters=(
        Parameter("country", str, "alpha-2 country", default="US", refuse=country_problem),
        Parameter("format", str, "how it is written", default="e164", choices=_PHONE_FORMATS),
    ),
    examples=(
        Example("(312) 555-0142", "+13125550142"),
        Example("030 901820", "+49 30 901820", {"country": "DE", "format": "international"}),
    ),
    result=str,
    shape=always(text(shortest=1).may_fail("fails for what is no phone number")),
)
def phone(value: Any, context: EvaluationContext, *, country: str, format: str) -> str:
    made = _phone(as_text(value)[:_LONGEST], country, format)
    if made is None:
        raise FunctionError(f"{shown(value)} is not a phone number of {country}")
    return made


@lru_cache(maxsize=4096)
def _email(given: str) -> tuple[str, str]:
    """Return (the address as it is compared, why it is none)."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(given, check_deliverability=False, test_environment=True).normalized, ""
    except EmailNotValidError as error:
        return "", str(error)


@function(
    "email",
    category=CONTACT,
    doc="An e-mail address, checked by its syntax and written so that it can be compared: the domain in small "
    "letters, and the part before it too unless they are to stay.",
    parameters=(Parameter("letters", str, "before the @", default="lower", choices=("lower", "as_given")),),
    examples=(
        Example(" Pat.Lee@Example.COM ", "pat.lee@example.com"),
        Example("Pat@Example.COM", "Pat@example.com", {"letters": "as_given"}),
    ),
    result=str,
    shape=always(text(_LONGEST, shortest=3).may_fail("fails for what is no e-mail address")),
)
def email(value: Any, context: EvaluationContext, *, letters: str) -> str:
    made, wrong = _email(as_text(value).strip()[: _LONGEST + 1])
    if wrong:
        raise FunctionError(f"{shown(value)} is not an e-mail address: {wrong:.80}")
    return made.lower() if letters == "lower" else made
