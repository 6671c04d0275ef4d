"""The mapping language: a total, typed description of how a source record becomes a target record.

Documents (``document``) compile once (``compiler``) and evaluate without I/O; value maps, links and the
clock come in through ``EvaluationContext``. One function serves preview, test, replay and production.
"""

from integrations.mapping.compiler import CompiledMapping, compile_mapping
from integrations.mapping.context import EvaluationContext, ValueTable
from integrations.mapping.document import MappingDocument, parse_document
from integrations.mapping.errors import (
    DocumentError,
    MappingFailure,
    MissingLink,
    NotMoney,
    UnknownValue,
)
from integrations.mapping.money import (
    MoneyCheck,
    MoneyDifference,
    check_money,
    compare_money,
    money_differences,
    to_amount,
)
from integrations.mapping.trace import FieldTrace
from integrations.mapping.validation import TargetProblem, validate_target

__all__ = [
    "CompiledMapping",
    "DocumentError",
    "EvaluationContext",
    "FieldTrace",
    "MappingDocument",
    "MappingFailure",
    "MissingLink",
    "MoneyCheck",
    "MoneyDifference",
    "NotMoney",
    "TargetProblem",
    "UnknownValue",
    "ValueTable",
    "check_money",
    "compare_money",
    "compile_mapping",
    "money_differences",
    "parse_document",
    "to_amount",
    "validate_target",
]
