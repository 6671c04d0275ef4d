"""What all API procedures share: slices, the staging rows of a session, the migration log, the OUTPUT counters.

Staging protocol [documented]: rows with ProcessStatus 0 become 1 or 2; the caller loops while ``@oContinue = 1``;
``@_oRetVal`` is 1 also when rows failed. A procedure brings a function that processes one header.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.sandbox.tds.declarations import Procedure, procedure
from integrations.sandbox.tds.errors import SqlError
from integrations.sandbox.tds.records import Records, Row

if TYPE_CHECKING:
    from integrations.sandbox.tds.session import Session

SIGNATURE = (
    "@oContinue smallint OUTPUT, @iCancel smallint = 0, @iSessionKey int, @iCompanyID varchar(3),"
    " @iRptOption smallint = 3, @iPrintWarnings smallint = 0, @iUseStageTable smallint = 1,"
    " @oRecsProcessed int OUTPUT, @oFailedRecs int OUTPUT, @oTotalRecs int OUTPUT, @_oRetVal int OUTPUT"
)
NEW, PROCESSED, FAILED = 0, 1, 2
AUTOMATIC, INSERT, UPDATE, DELETE = range(4)
INFO, FAILURE, WARNING, SUCCESS = range(4)
UNKNOWN_ERROR, SUCCEEDED, NOT_SUCCEEDED, PARAMETER_ERROR = range(4)
REPORT_ALL, REPORT_NONE, REPORT_GOOD, REPORT_BAD = range(4)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a staging row fails. ``comment``: a string number as text, or a sentence."""

    column: str
    value: Any
    comment: str
    is_duplicate: bool = False


@dataclass(slots=True)
class Behaviour:
    """What a person may change about all procedures through control."""

    is_posting_at_once: bool = True
    """False = receipts and journals wait in their batch until the warehouse's ticks post them."""
    is_posting_interrupted: bool = False
    """True = a batch that is being posted stops with status 7."""
    slices: int = 2
    """Calls per session; all but the last return @oContinue = 1 and have processed nothing."""
    inactive_modules: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Job:
    """One import type: its tables and the function that processes one header with its lines.

    With ``lines`` = ``headers`` the rows of one TranNo are one document, the first its header; '' = no lines.
    """

    name: str
    entity: str
    module: str
    headers: str
    lines: str
    process: Callable[[Records, str, Row, Sequence[Row], str], list[Problem]]
    """(records, company, header, lines, user) -> problems; writes base tables only where there are none."""


@dataclass(slots=True)
class Tally:
    """Counters of one run."""

    processed: int = 0
    failed: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)


def api_procedure(job: Job, behaviour: Behaviour) -> Procedure:
    """Return the stored procedure of an import type."""

    def body(session: Session, arguments: dict[str, Any]) -> int:
        outputs = run(job, behaviour, session.records(), arguments)
        arguments.update(outputs)
        return 0

    return procedure(job.name, SIGNATURE, body)


def slice_of(records: Records, job: Job, session_key: int) -> int:
    """Return the number of the next slice of a session, from 1."""
    row = records.first("tdmMigrationSlice", SessionKey=session_key, EntityID=job.entity)
    return (row["Slices"] if row else 0) + 1


def run(job: Job, behaviour: Behaviour, records: Records, given: Mapping[str, Any]) -> dict[str, Any]:
    """Run one slice and return the OUTPUT values."""
    counts = {"oContinue": 0, "oRecsProcessed": 0, "oFailedRecs": 0, "oTotalRecs": 0}
    if not _is_known(records, given):
        return counts | {"_oRetVal": PARAMETER_ERROR}
    key = given["iSessionKey"]
    waiting = records.find(job.headers, order="RowKey", SessionKey=key, ProcessStatus=NEW)
    if job.headers == job.lines:
        waiting = list({_number(row): row for row in reversed(waiting)}.values())[::-1]
    orphans = _orphans(records, job, key)
    counts["oTotalRecs"] = len(waiting) + bool(orphans)
    if given["iCancel"]:
        return counts | {"_oRetVal": SUCCEEDED}
    number = slice_of(records, job, key)
    if number < behaviour.slices and (waiting or orphans):
        _keep_slice(records, job, key, number)
        return counts | {"oContinue": 1, "_oRetVal": SUCCEEDED}
    records.delete("tdmMigrationSlice", SessionKey=key, EntityID=job.entity)
    tally = Tally()
    for header in waiting:
        _process(job, behaviour, records, given["iCompanyID"], header, tally)
    for line in orphans:
        _log(tally, job, key, FAILURE, Problem("TranNo", line["TranNo"], "211078"))
        records.update(
            job.lines, {"ProcessStatus": FAILED}, SessionKey=key, RowKey=line["RowKey"], ProcessStatus=NEW
        )
    tally.failed += bool(orphans)
    _write_log(records, tally, given["iRptOption"])
    return counts | {
        "oRecsProcessed": tally.processed, "oFailedRecs": tally.failed, "_oRetVal": SUCCEEDED,
    }  # fmt: skip


def _is_known(records: Records, given: Mapping[str, Any]) -> bool:
    """Say whether the parameters name a session with a known import type; only staging tables are simulated."""
    if given["iSessionKey"] is None or not given["iCompanyID"] or not given["iUseStageTable"]:
        return False
    if given["iRptOption"] not in (REPORT_ALL, REPORT_NONE, REPORT_GOOD, REPORT_BAD):
        return False
    session = records.first("tsmMigrateSession", MigrateSessionKey=given["iSessionKey"])
    return (
        session is not None
        and records.first("tsmSetupStep", SetupStepKey=session["SetupStepKey"]) is not None
    )


def _keep_slice(records: Records, job: Job, key: int, number: int) -> None:
    if number == 1:
        records.insert("tdmMigrationSlice", {"SessionKey": key, "EntityID": job.entity, "Slices": 1})
    else:
        records.update("tdmMigrationSlice", {"Slices": number}, SessionKey=key, EntityID=job.entity)


def _number(row: Row) -> str:
    return (row.get("TranNo") or "").strip().lower()


def _orphans(records: Records, job: Job, key: int) -> list[Row]:
    """Return new lines whose TranNo no header of the session carries."""
    if not job.lines:
        return []
    known = {_number(row) for row in records.find(job.headers, SessionKey=key)}
    lines = records.find(job.lines, order="RowKey", SessionKey=key, ProcessStatus=NEW)
    return [line for line in lines if _number(line) not in known]


def _process(
    job: Job, behaviour: Behaviour, records: Records, company: str, header: Row, tally: Tally
) -> None:
    key = header["SessionKey"]
    lines = []
    if job.lines:
        every = records.find(job.lines, order="RowKey", SessionKey=key, ProcessStatus=NEW)
        lines = [line for line in every if _number(line) == _number(header)]
    session = records.get("tsmMigrateSession", MigrateSessionKey=key)
    problems = _refusals(job, behaviour, records, company)
    if not problems:
        try:
            with records.undoable():
                problems = job.process(records, company, header, lines, session["UserID"])
        except SqlError as error:
            problems = [Problem("", "", error.message)]
    status = FAILED if problems else PROCESSED
    records.update(job.headers, {"ProcessStatus": status}, SessionKey=key, RowKey=header["RowKey"])
    for line in lines:
        records.update(job.lines, {"ProcessStatus": status}, SessionKey=key, RowKey=line["RowKey"])
    tally.processed += not problems
    tally.failed += bool(problems)
    for problem in problems:
        _log(tally, job, key, FAILURE, problem)
    if not problems:
        _log(tally, job, key, SUCCESS, Problem("RowKey", header["RowKey"], ""))
    last = {"LastCompProcessMode": 0, "LastCompProcessNo": 1, "LastCompProcessTime": records.now}
    records.update("tsmMigrateSession", last, MigrateSessionKey=key)


def _refusals(job: Job, behaviour: Behaviour, records: Records, company: str) -> list[Problem]:
    if records.first("tsmCompany", CompanyID=company) is None:
        return [Problem("CompanyID", company, "160228")]
    if job.module in behaviour.inactive_modules:
        return [Problem("ModuleID", job.module, "100463")]
    return []


def _log(tally: Tally, job: Job, key: int, status: int, problem: Problem) -> None:
    value = None if problem.value is None else str(problem.value)[:100]
    tally.log.append(
        {"SessionKey": key, "EntityID": job.entity, "ColumnID": problem.column, "ColumnValue": value, "Status": status,
         "Duplicate": int(problem.is_duplicate), "Comment": problem.comment[:255]}
    )  # fmt: skip


def _write_log(records: Records, tally: Tally, option: int) -> None:
    wanted = {
        REPORT_ALL: (FAILURE, SUCCESS),
        REPORT_NONE: (),
        REPORT_GOOD: (SUCCESS,),
        REPORT_BAD: (FAILURE,),
    }[option]
    for row in tally.log:
        if row["Status"] in wanted:
            records.insert("tdmMigrationLogWrk", row | {"DateCreated": records.now})
