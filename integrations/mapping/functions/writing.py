"""Text as the other system writes it: ends, blanks, plain letters, parts of a separated list, article numbers."""

import hashlib
import unicodedata
from typing import Any

from integrations.kinds import canonical_json
from integrations.mapping.context import EvaluationContext
from integrations.mapping.errors import FunctionError
from integrations.mapping.functions.registry import Category, Example, Parameter, always, function
from integrations.mapping.functions.rules import texts
from integrations.mapping.functions.selection import LONGEST_LIST
from integrations.mapping.functions.text import LONGEST, not_empty
from integrations.mapping.functions.types import as_text, shown
from integrations.mapping.shapes import Lists, Shape, Texts, text

TEXT = Category.TEXT
_FILL = Parameter(
    "fill",
    str,
    "one character",
    default=" ",
    refuse=lambda fill: "" if len(fill) == 1 else "is one character",
)
_ANY_TEXT = always(text().may_fail("fails for a list or an object"))


def _plus(count: int | None, more: int) -> int | None:
    return None if count is None else count + more


def bounded_text(made: str) -> str:
    """Return a text that is not too long. Raises FunctionError."""
    if len(made) > LONGEST:
        raise FunctionError(f"would become longer than {LONGEST} characters")
    return made


@function(
    "suffix",
    category=TEXT,
    doc="Put text at the end.",
    parameters=(Parameter("with", str, "the text", required=True),),
    examples=(Example("1043", "1043-W", {"with": "-W"}),),
    result=str,
    shape=texts(
        lambda given, **arguments: Texts(
            given.shortest + len(arguments["with"]), _plus(given.longest, len(arguments["with"]))
        )
    ),
)
def suffix(value: Any, context: EvaluationContext, **arguments: str) -> str:
    return as_text(value) + arguments["with"]


@function(
    "pad_right",
    category=TEXT,
    doc="Fill up at the right to a length.",
    parameters=(Parameter("length", int, "length reached", required=True, minimum=0, maximum=10_000), _FILL),
    examples=(Example("A5", "A5  ", {"length": 4}),),
    result=str,
    shape=texts(
        lambda given, length, fill: Texts(
            max(given.shortest, length), None if given.longest is None else max(given.longest, length)
        )
    ),
)
def pad_right(value: Any, context: EvaluationContext, *, length: int, fill: str) -> str:
    return as_text(value).ljust(length, fill)


@function(
    "concat",
    category=TEXT,
    doc="Put the values of several sources one behind the other as they are; nothing is left out but what is nothing.",
    examples=(Example(["XC", "-", 1043, None], "XC-1043"),),
    takes_null=True,
    result=str,
    shape=_ANY_TEXT,
)
def concat(value: Any, context: EvaluationContext) -> str:
    values = value if isinstance(value, list) else [value]
    parts = [as_text(one) for one in values if one is not None]
    if sum(map(len, parts)) > LONGEST:
        raise FunctionError(f"would become longer than {LONGEST} characters")
    return "".join(parts)


@function(
    "squeeze",
    category=TEXT,
    doc="Make every run of blanks and line ends one blank, and remove those at the ends.",
    examples=(Example("  445  N Wells\nSt ", "445 N Wells St"),),
    result=str,
    shape=texts(lambda given: Texts(0, given.longest)),
)
def squeeze(value: Any, context: EvaluationContext) -> str:
    return " ".join(as_text(value).split())


@function(
    "title",
    category=TEXT,
    doc="Make the first letter of each word a capital and the others small.",
    examples=(Example("CHICAGO HEIGHTS", "Chicago Heights"), Example("o'hare", "O'hare")),
    result=str,
    shape=_ANY_TEXT,
)
def title(value: Any, context: EvaluationContext) -> str:
    return bounded_text(" ".join(word[:1].upper() + word[1:].lower() for word in as_text(value).split(" ")))


_KEPT = {
    "digits": lambda one: one.isascii() and one.isdigit(),
    "letters": str.isalpha,
    "letters_and_digits": str.isalnum,
    "ascii": str.isascii,
    "printable": str.isprintable,
}


@function(
    "keep",
    category=TEXT,
    doc="Keep the characters of one sort and drop the others.",
    parameters=(Parameter("only", str, "which characters stay", required=True, choices=tuple(_KEPT)),),
    examples=(
        Example("(312) 555-0142", "3125550142", {"only": "digits"}),
        Example("A-50/b", "A50b", {"only": "letters_and_digits"}),
    ),
    result=str,
    shape=texts(lambda given, only: Texts(0, given.longest)),
)
def keep(value: Any, context: EvaluationContext, *, only: str) -> str:
    return "".join(filter(_KEPT[only], as_text(value)))


# Letters that Unicode does not take apart into a plain one and a mark.
_PLAIN = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | dict.fromkeys("\u2018\u2019", "'")
    | dict.fromkeys("\u201c\u201d", '"')
    | dict.fromkeys("\u2013\u2014", "-")
)


@function(
    "to_ascii",
    category=TEXT,
    doc="Write letters with marks as plain ones, for systems with an old character set; what has no plain form is "
    "left out.",
    label="to plain letters",
    examples=(Example("Müller & Søn", "Muller & Son"), Example("שלום", "")),
    result=str,
    shape=_ANY_TEXT,
)
def to_ascii(value: Any, context: EvaluationContext) -> str:
    apart = unicodedata.normalize("NFKD", as_text(value).translate(_PLAIN))
    return bounded_text(apart.encode("ascii", "ignore").decode())


@function(
    "split_list",
    category=TEXT,
    doc="Cut at a separator into a list, blanks around the parts and empty parts left out.",
    parameters=(Parameter("at", str, "the separator", required=True, refuse=not_empty),),
    examples=(Example("A50, B7,,C1", ["A50", "B7", "C1"], {"at": ","}),),
    shape=always(Shape(elements=Lists(text(shortest=1))).may_fail("fails for a list or an object")),
)
def split_list(value: Any, context: EvaluationContext, *, at: str) -> list[str]:
    parts = as_text(value).split(at, LONGEST_LIST)
    if len(parts) > LONGEST_LIST:
        raise FunctionError(f"has more than {LONGEST_LIST} parts")
    return [part.strip() for part in parts if part.strip()]


@function(
    "remove_prefix",
    category=TEXT,
    doc="Take a text away from the front where it stands there.",
    parameters=(Parameter("text", str, "the text", required=True, refuse=not_empty),),
    examples=(Example("XC-1043", "1043", {"text": "XC-"}), Example("1043", "1043", {"text": "XC-"})),
    result=str,
    shape=texts(lambda given, text: Texts(0, given.longest)),
)
def remove_prefix(value: Any, context: EvaluationContext, *, text: str) -> str:
    return as_text(value).removeprefix(text)


@function(
    "hash",
    category=TEXT,
    doc="The first characters of the SHA-256 of a value, hex: the same value always gives the same text, which "
    "tells nothing of it.",
    parameters=(Parameter("length", int, "characters kept", default=64, minimum=8, maximum=64),),
    examples=(Example("A50", "5d3d10fe", {"length": 8}),),
    result=str,
    shape=lambda given, context, length: text(length, shortest=length),
)
def hash_(value: Any, context: EvaluationContext, *, length: int) -> str:
    try:
        body = (
            canonical_json(value)
            if isinstance(value, list | dict)
            else as_text(value).encode("utf-8", "surrogatepass")
        )
    except (RecursionError, TypeError, ValueError) as error:
        raise FunctionError(f"{shown(value)} is too deep, or holds what no record holds") from error
    return hashlib.sha256(body).hexdigest()[:length]
