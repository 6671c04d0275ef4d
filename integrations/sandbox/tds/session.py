"""One signed-in session: runs batches and procedures, keeps its transaction, variables and prepared statements.

Used by ``connection`` with what the client sent; procedures get the session and work through ``writing``.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from integrations.sandbox.tds.database import Database
from integrations.sandbox.tds.declarations import Parameter, Procedure, read_type
from integrations.sandbox.tds.errors import SqlError, no_procedure, syntax_error
from integrations.sandbox.tds.expressions import placeholder
from integrations.sandbox.tds.functions import last_name
from integrations.sandbox.tds.lexer import Token, split_at_top, tokenise
from integrations.sandbox.tds.logins import Login
from integrations.sandbox.tds.queries import select, table_name
from integrations.sandbox.tds.records import Records
from integrations.sandbox.tds.results import Changed, Outcome, Returned, Rows, Said, Variable
from integrations.sandbox.tds.scopes import Query, Reading, Scope
from integrations.sandbox.tds.statements import split_batch, translate_write
from integrations.sandbox.tds.types import INT, NVARCHAR, ROWVERSION, SqlType, keep

VERSION = "Microsoft SQL Server 2019 (sandbox of Clarity Connect; satisfies TDS clients, is not SQL Server) - 15.0.4181"
GLOBALS = {
    "@@version": SqlType("nvarchar", 300), "@@spid": SqlType("smallint"), "@@dbts": ROWVERSION,
    "@@trancount": INT, "@@rowcount": INT, "@@error": INT, "@@servername": SqlType("nvarchar", 128),
    "@@database": SqlType("nvarchar", 128), "@@login": SqlType("nvarchar", 128), "@@min_active": ROWVERSION,
    "@@product": SqlType("nvarchar", 128), "@@identity": SqlType("decimal", 0, 38, 0), "@@language": NVARCHAR,
}  # fmt: skip
SERVER = "SANDBOX"
Variables = dict[str, Variable]


class _Bound(dict[str, Any]):
    """Values of a statement by placeholder; globals are worked out when SQLite asks."""

    def __init__(self, variables: Mapping[str, Variable], ask: Callable[[str], Any]) -> None:
        super().__init__({placeholder(name): _bindable(one) for name, one in variables.items()})
        self._ask = {placeholder(name): name for name in GLOBALS}
        self._answer = ask

    def __missing__(self, key: str) -> Any:
        return self._answer(self._ask[key])


def _bindable(variable: Variable) -> Any:
    value = variable.value
    if variable.kind.kind == "decimal" and value is not None and len(value) <= 16:
        return float(value)
    return value


class Session:
    """State of one client's session. Not thread safe: one connection's thread uses it."""

    def __init__(self, database: Database, login: Login, spid: int) -> None:
        self.database, self.login, self.spid = database, login, spid
        self.transaction_depth = 0
        self.descriptor = 0
        self.prepared: dict[int, tuple[str, str]] = {}
        self.handles = itertools.count(1)
        self._store = database.open()
        self._store.connection.create_function("TSQL_HAS_PERMS", 3, self._may)
        self._is_writing = False
        self._is_silent = False
        self._row_count = self._last_error = 0
        self._descriptors = itertools.count((spid << 16) + 1)

    # -- transactions ------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """True inside a transaction that the client began."""
        return self.transaction_depth > 0

    def begin(self) -> int:
        """Begin a transaction (nested ones are counted) and return its descriptor.

        SQLite's own transaction starts with the first write, so that reads before it see what others commit.
        """
        self.transaction_depth += 1
        if self.transaction_depth == 1:
            self.descriptor = next(self._descriptors)
        return self.descriptor

    def commit(self) -> None:
        """Commit. Raises SqlError 3902 where nothing was begun."""
        if not self.transaction_depth:
            raise SqlError(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        self.transaction_depth -= 1
        if not self.transaction_depth:
            self._end("COMMIT")

    def rollback(self) -> None:
        """Undo everything since the outermost BEGIN. Raises SqlError 3903 where nothing was begun."""
        if not self.transaction_depth:
            raise SqlError(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        self.transaction_depth = 0
        self._end("ROLLBACK")

    def _end(self, word: str) -> None:
        self.descriptor = 0
        if self._is_writing:
            self._is_writing = False
            try:
                self._store.run(word)
            finally:
                self.database.turn.give_back()

    @contextmanager
    def writing(self) -> Iterator[Records]:
        """Hold the writer's turn; commit at the end unless the client's transaction is open. Raises SqlError 1222."""
        is_inner = self._is_writing
        if not is_inner:
            self.database.turn.take(self._store, self.database.lock_seconds)
            self._is_writing = True
            self._store.run("BEGIN IMMEDIATE")
        self._store.run("SAVEPOINT statement")
        try:
            yield Records(self._store.connection, self.database.declared, self.database.now())
        except BaseException:
            self._store.run("ROLLBACK TO statement")
            self._store.run("RELEASE statement")
            if not is_inner and not self.is_open:
                self._end("ROLLBACK")
            raise
        self._store.run("RELEASE statement")
        if not is_inner and not self.is_open:
            self._end("COMMIT")

    def doom(self) -> None:
        """Undo whatever is open, as a deadlock victim."""
        self.transaction_depth = 0
        self._end("ROLLBACK")

    def reset(self) -> None:
        """Forget settings and transaction, as sp_reset_connection."""
        self.doom()
        self._is_silent = False

    def close(self) -> None:
        """End the session; what was not committed is undone."""
        self.doom()
        self._store.close()

    # -- batches -----------------------------------------------------------------------------------------

    def run(self, sql: str, variables: Variables) -> Outcome:
        """Run a batch. ``variables`` by lower-case name with its at sign; the batch changes and adds to them."""
        outcome = Outcome()
        try:
            is_skipped = False
            for statement in split_batch(tokenise(sql)):
                if is_skipped:
                    is_skipped = False
                elif statement[0].word == "IF":
                    is_skipped = not self._holds(statement[1:], variables)
                else:
                    self._statement(statement, variables, outcome)
        except SqlError as error:
            self._last_error = error.number
            outcome.error = error
            if error.number == 1205:
                self.doom()
        return outcome

    def _statement(self, tokens: Sequence[Token], variables: Variables, outcome: Outcome) -> None:
        word = tokens[0].word
        if word == "SELECT":
            self._select(tokens, variables, outcome)
        elif word in ("INSERT", "UPDATE", "DELETE"):
            self._write(tokens, variables, outcome)
        elif word in ("EXEC", "EXECUTE"):
            self._exec(tokens, variables, outcome)
        elif word in ("BEGIN", "COMMIT", "ROLLBACK"):
            self._transaction(tokens, outcome)
        elif word == "DECLARE":
            self._declare(tokens[1:], variables)
        elif word == "SET":
            self._set(tokens, variables, outcome)
        elif word == "USE":
            self._use(tokens, outcome)
        elif word == "PRINT":
            outcome.results.append(Said(str(self._value(tokens[1:], variables).value)))
        else:
            raise syntax_error(tokens[0].text)

    def _scope(self, variables: Variables, reading: Reading) -> Scope:
        kinds = {name: one.kind for name, one in variables.items()}
        return Scope(self.database.declared, GLOBALS | kinds, reading, select)

    def _select(self, tokens: Sequence[Token], variables: Variables, outcome: Outcome) -> None:
        targets = [
            part[0].text.lower()
            if len(part) > 2 and part[0].kind == "variable" and part[1].is_sign("=")
            else ""
            for part in split_at_top(tokens[1:], ",")
        ]
        if targets[0]:
            tokens = [tokens[0], *_without_targets(tokens[1:])]
        query, rows = self._read(tokens, variables)
        self._row_count = len(rows)
        if not targets[0]:
            outcome.results.append(Rows(query.columns, rows))
            return
        for place, target in enumerate(targets):
            if target not in variables:
                raise SqlError(137, f'Must declare the scalar variable "{target}".', severity=15)
            if rows:
                variables[target].value = keep(variables[target].kind, rows[-1][place])

    def _read(self, tokens: Sequence[Token], variables: Variables) -> tuple[Query, list[tuple[Any, ...]]]:
        reading = Reading()
        query = select(tokens, self._scope(variables, reading))
        for name in reading.tables:
            self.login.demand("SELECT", name, self.database.name)
        bound = _Bound(variables, self._global)
        return query, self.database.read(self._store, query.sql, bound, is_dirty=reading.is_dirty)

    def _write(self, tokens: Sequence[Token], variables: Variables, outcome: Outcome) -> None:
        write = translate_write(tokens, self._scope(variables, Reading()))
        self.login.demand(write.verb, write.table.name, self.database.name)
        with self.writing():
            _, count = self._store.run(write.sql, _Bound(variables, self._global))
        self._row_count = count
        outcome.results.append(Changed(None if self._is_silent else count))

    def _transaction(self, tokens: Sequence[Token], outcome: Outcome) -> None:
        words = [token.word for token in tokens]
        if words[0] == "BEGIN":
            if len(words) < 2 or words[1] not in ("TRAN", "TRANSACTION"):
                raise syntax_error("BEGIN")
            self.begin()
        elif words[0] == "COMMIT":
            self.commit()
        else:
            self.rollback()
        outcome.results.append(Changed())

    # -- variables ---------------------------------------------------------------------------------------

    def _declare(self, tokens: Sequence[Token], variables: Variables) -> None:
        for part in split_at_top(tokens, ","):
            if part[0].kind != "variable":
                raise syntax_error(part[0].text)
            kind, place = read_type(part, 2 if part[1].word == "AS" else 1)
            variables[part[0].text.lower()] = Variable(kind)
            if place < len(part) and part[place].is_sign("="):
                value = self._value(part[place + 1 :], variables).value
                variables[part[0].text.lower()].value = keep(kind, value)

    def _set(self, tokens: Sequence[Token], variables: Variables, outcome: Outcome) -> None:
        if len(tokens) > 3 and tokens[1].kind == "variable" and tokens[2].is_sign("="):
            name = tokens[1].text.lower()
            if name not in variables:
                raise SqlError(137, f'Must declare the scalar variable "{tokens[1].text}".', severity=15)
            variables[name].value = keep(variables[name].kind, self._value(tokens[3:], variables).value)
            return
        # Options change nothing here, but NOCOUNT is visible in the answers.
        if len(tokens) == 3 and tokens[1].word == "NOCOUNT":
            self._is_silent = tokens[2].word == "ON"
        outcome.results.append(Changed())

    def _holds(self, condition: Sequence[Token], variables: Variables) -> bool:
        """Say whether the condition of an IF is true; it governs the one statement behind it."""
        when = [Token("word", word) for word in ("CASE", "WHEN")]
        then = [Token("word", "THEN"), Token("number", "1"), Token("word", "ELSE"), Token("number", "0")]
        return bool(self._value([*when, *condition, *then, Token("word", "END")], variables).value)

    def _use(self, tokens: Sequence[Token], outcome: Outcome) -> None:
        name = tokens[1].text if len(tokens) > 1 else ""
        if name.lower() != self.database.name.lower():
            raise SqlError(911, f"Database '{name}' does not exist.")
        outcome.results.append(Said(f"Changed database context to '{self.database.name}'.", 5701))

    def _value(self, tokens: Sequence[Token], variables: Variables) -> Variable:
        """Return the value of an expression without tables."""
        query, rows = self._read([Token("word", "SELECT"), *tokens], variables)
        return Variable(query.columns[0].kind, rows[0][0] if rows else None)

    def _may(self, name: str, kind: str, verb: str) -> int | None:
        """Answer HAS_PERMS_BY_NAME for objects; NULL for names that do not exist."""
        name, verb = last_name(name).lower(), verb.upper()
        declared = self.database.declared
        known = declared.procedures if verb == "EXECUTE" else declared.tables
        return int(self.login.may(verb, name)) if kind.upper() == "OBJECT" and name in known else None

    def _global(self, name: str) -> Any:
        return {
            "@@version": lambda: VERSION, "@@spid": lambda: self.spid, "@@servername": lambda: SERVER,
            "@@trancount": lambda: self.transaction_depth, "@@rowcount": lambda: self._row_count,
            "@@error": lambda: self._last_error, "@@database": lambda: self.database.name,
            "@@login": lambda: self.login.name, "@@product": lambda: "15.0.4181.0", "@@identity": lambda: None,
            "@@language": lambda: "us_english", "@@dbts": lambda: _version(self.database.last_rowversion()),
            "@@min_active": lambda: _version(self.database.minimum_active_rowversion()),
        }[name]()  # fmt: skip

    # -- procedures --------------------------------------------------------------------------------------

    def procedure(self, name: str) -> Procedure:
        """Return a declared procedure that this login may execute. Raises SqlError 2812 or 229."""
        found = self.database.declared.procedures.get(name.lower())
        if found is None:
            raise no_procedure(name)
        self.login.demand("EXECUTE", found.name, self.database.name)
        return found

    def call(
        self, procedure: Procedure, given: Sequence[tuple[str, Variable]], outcome: Outcome
    ) -> Variables:
        """Run a procedure and return its parameters by name. ``given``: (name or '', value). Raises SqlError."""
        arguments = _arguments(procedure, given)
        values = {name: one.value for name, one in arguments.items()}
        with self.writing():
            outcome.status = procedure.body(self, values)
        for parameter in procedure.parameters:
            name = parameter.name[1:]
            arguments[name].value = keep(parameter.kind, values[name])
        return {f"@{name}".lower(): one for name, one in arguments.items()}

    def records(self) -> Records:
        """Return the rows as a procedure sees them; only inside ``writing``."""
        return Records(self._store.connection, self.database.declared, self.database.now())

    def _exec(self, tokens: Sequence[Token], variables: Variables, outcome: Outcome) -> None:
        place, target = 1, ""
        if len(tokens) > 3 and tokens[1].kind == "variable" and tokens[2].is_sign("="):
            target, place = tokens[1].text.lower(), 3
        name, place = table_name(tokens, place)
        procedure = self.procedure(name)
        given: list[tuple[str, Variable]] = []
        outputs: list[tuple[str, str]] = []
        for number, part in enumerate(part for part in split_at_top(tokens[place:], ",") if part):
            label = part[0].text if len(part) > 2 and part[1].is_sign("=") else ""
            value = part[2:] if label else part
            if value[-1].word in ("OUTPUT", "OUT"):
                value = value[:-1]
                outputs.append((label or procedure.parameters[number].name, value[0].text.lower()))
            bare = len(value) == 1 and value[0].kind == "word" and value[0].word not in ("NULL", "DEFAULT")
            given.append(
                (label, Variable(NVARCHAR, value[0].text) if bare else self._value(value, variables))
            )
        results = self.call(procedure, given, outcome)
        for label, name in outputs:
            if name not in variables:
                raise SqlError(137, f'Must declare the scalar variable "{name}".', severity=15)
            variables[name].value = results[label.lower()].value
        if target:
            variables[target].value = outcome.status
        outcome.results.append(Returned(outcome.status))


def _without_targets(tokens: Sequence[Token]) -> list[Token]:
    """Return a SELECT list without its ``@x =``."""
    kept: list[Token] = []
    for number, part in enumerate(split_at_top(tokens, ",")):
        kept += [Token("sign", ",")] if number else []
        kept += part[2:] if len(part) > 2 and part[0].kind == "variable" and part[1].is_sign("=") else part
    return kept


def _version(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _arguments(procedure: Procedure, given: Sequence[tuple[str, Variable]]) -> Variables:
    """Return the arguments by name without the at sign. Raises SqlError 201, 8144 or 8145."""
    by_name: dict[str, Parameter] = {one.name.lower(): one for one in procedure.parameters}
    found = {one.name[1:]: Variable(one.kind, one.default) for one in procedure.parameters}
    named = set()
    for place, (label, value) in enumerate(given):
        if not label and place >= len(procedure.parameters):
            raise SqlError(8144, f"Procedure or function {procedure.name} has too many arguments specified.")
        parameter = by_name.get(label.lower()) if label else procedure.parameters[place]
        if parameter is None:
            raise SqlError(8145, f"{label} is not a parameter for procedure {procedure.name}.")
        named.add(parameter.name)
        found[parameter.name[1:]].value = keep(parameter.kind, value.value)
    for parameter in procedure.parameters:
        if parameter.is_required and parameter.name not in named:
            text = f"Procedure or function '{procedure.name}' expects parameter '{parameter.name}',"
            raise SqlError(201, f"{text} which was not supplied.")
    return found
