"""Remote procedure calls: reading the request, and the system procedures behind parameters and prepared statements.

Reference: [MS-TDS] 2.2.6.6. Used by ``connection``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.sandbox.tds.declarations import read_type
from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.lexer import split_at_top, tokenise
from integrations.sandbox.tds.results import Outcome, Variable
from integrations.sandbox.tds.session import Session, Variables
from integrations.sandbox.tds.types import INT, SqlType, keep
from integrations.sandbox.tds.wire_types import Reader, read_parameter

SYSTEM = {10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 15: "sp_unprepare"}
_OUTPUT = 0x01


@dataclass(frozen=True, slots=True)
class Argument:
    """One parameter of a call as it was sent."""

    name: str
    is_output: bool
    kind: SqlType
    value: object

    @property
    def variable(self) -> Variable:
        return Variable(self.kind, keep(self.kind, self.value))


@dataclass(frozen=True, slots=True)
class Call:
    """One remote procedure call."""

    procedure: str
    arguments: tuple[Argument, ...]

    @property
    def statement(self) -> str:
        """Return the SQL text of the calls that carry one, else ''."""
        place = {"sp_executesql": 0, "sp_prepexec": 2, "sp_prepare": 2}.get(self.procedure.lower(), -1)
        return str(self.arguments[place].value) if 0 <= place < len(self.arguments) else ""

    def text(self) -> str:
        """Return the call for the list of calls."""
        shown = ", ".join(f"{one.name or '?'}={one.value!r}" for one in self.arguments)
        return f"{self.procedure} {shown}"


def read_call(body: bytes) -> Call:
    """Read the first call of an RPC message, without its headers. Raises SqlError 8009."""
    reader = Reader(body)
    length = reader.number(2)
    if length == 0xFFFF:
        number = reader.number(2)
        name = SYSTEM.get(number, f"system procedure {number}")
    else:
        name = reader.text(length)
    reader.take(2)
    arguments = []
    while not reader.is_at_end:
        label = reader.text(reader.number(1))
        status = reader.number(1)
        kind, value = read_parameter(reader)
        arguments.append(Argument(label, bool(status & _OUTPUT), kind, value))
    return Call(name.rpartition(".")[2].strip("[]"), tuple(arguments))


def run_call(session: Session, call: Call) -> Outcome:
    """Run a call and return what it left; errors are in the outcome."""
    try:
        match call.procedure.lower():
            case "sp_executesql":
                return _execute_sql(session, call.arguments)
            case "sp_prepare":
                return _prepare(session, call.arguments)
            case "sp_prepexec":
                return _prepare_and_execute(session, call.arguments)
            case "sp_execute":
                return _execute(session, call.arguments)
            case "sp_unprepare":
                session.prepared.pop(_handle(call.arguments), None)
                return Outcome()
            case "sp_reset_connection":
                session.reset()
                return Outcome()
        return _procedure(session, call)
    except SqlError as error:
        if error.number == 1205:
            session.doom()
        return Outcome(error=error)


def _procedure(session: Session, call: Call) -> Outcome:
    procedure = session.procedure(call.procedure)
    outcome = Outcome()
    results = session.call(procedure, [(one.name, one.variable) for one in call.arguments], outcome)
    for ordinal, one in enumerate(call.arguments):
        if one.is_output:
            name = (one.name or procedure.parameters[ordinal].name).lower()
            outcome.outputs.append((ordinal, one.name, results[name]))
    return outcome


def _declared(text: object) -> list[tuple[str, SqlType]]:
    """Return names and types of ``N'@P1 int, @P2 varchar(15) OUTPUT'``."""
    parts = [part for part in split_at_top(tokenise(str(text or "")), ",") if part]
    return [(part[0].text.lower(), read_type(part, 1)[0]) for part in parts]


def _run_with(
    session: Session, sql: str, declared: Sequence[tuple[str, SqlType]], given: Sequence[Argument], first: int
) -> Outcome:
    """Run SQL with arguments by name or order. ``first`` = ordinal of the first argument in the call."""
    variables: Variables = {name: Variable(kind) for name, kind in declared}
    places: list[tuple[int, str]] = []
    for place, one in enumerate(given):
        name = one.name.lower() or (declared[place][0] if place < len(declared) else "")
        if name not in variables:
            raise SqlError(8145, f"{one.name} is not a parameter of the statement.")
        variables[name].value = keep(variables[name].kind, one.value)
        if one.is_output:
            places.append((first + place, name))
    outcome = session.run(sql, variables)
    if outcome.error is None:
        outcome.outputs += [(ordinal, name, variables[name]) for ordinal, name in places]
    return outcome


def _execute_sql(session: Session, arguments: Sequence[Argument]) -> Outcome:
    declared = _declared(arguments[1].value) if len(arguments) > 1 else []
    return _run_with(session, str(arguments[0].value), declared, arguments[2:], 2)


def _handle(arguments: Sequence[Argument]) -> int:
    return int(str(arguments[0].value or 0))


def _keep_prepared(session: Session, arguments: Sequence[Argument]) -> tuple[int, Variable]:
    handle = next(session.handles)
    session.prepared[handle] = (str(arguments[2].value), str(arguments[1].value or ""))
    return handle, Variable(INT, handle)


def _prepare(session: Session, arguments: Sequence[Argument]) -> Outcome:
    _, shown = _keep_prepared(session, arguments)
    return Outcome(outputs=[(0, arguments[0].name or "@handle", shown)])


def _prepare_and_execute(session: Session, arguments: Sequence[Argument]) -> Outcome:
    handle, shown = _keep_prepared(session, arguments)
    sql, declared = session.prepared[handle]
    outcome = _run_with(session, sql, _declared(declared), arguments[3:], 3)
    if outcome.error is None:
        outcome.outputs.insert(0, (0, arguments[0].name or "@handle", shown))
    return outcome


def _execute(session: Session, arguments: Sequence[Argument]) -> Outcome:
    handle = _handle(arguments)
    if handle not in session.prepared:
        raise SqlError(8179, f"Could not find prepared statement with handle {handle}.")
    sql, declared = session.prepared[handle]
    return _run_with(session, sql, _declared(declared), arguments[1:], 1)
