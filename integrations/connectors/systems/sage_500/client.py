"""What every part of this connector needs of one connection: settings, the database, keys, the company.

Created by the connector. Statements are constants; values always travel as parameters.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.connectors.base import ConnectionConfig
from integrations.connectors.errors import Misconfigured, OutcomeUnknown
from integrations.connectors.systems.sage_500.spec import SPEC
from integrations.connectors.transports.tds import Out, TdsTransport
from integrations.connectors.transports.tds_link import TdsLogin

_SWEEP_SECONDS = 24 * 3600.0


class Sage:
    """One company's database. Thread safe; opens nothing before the first call."""

    def __init__(self, config: ConnectionConfig) -> None:
        self._config = config
        self.settings: dict[str, Any] = {
            setting.name: setting.default for setting in SPEC.settings if setting.default is not None
        } | {name: value for name, value in config.values.items() if value not in (None, "")}
        self.company = self.text("company_id")
        self.zone = _zone(self.text("server_timezone"))
        query, procedure = self.number("query_timeout_s"), self.number("operation_timeout_s")
        self.procedure_seconds = float(procedure)
        limits = replace(
            SPEC.limits,
            parallel_calls=self.number("max_parallel"),
            connect_seconds=min(SPEC.limits.connect_seconds, float(query)),
            read_seconds=float(query),
            total_seconds=float(procedure),
        )
        login = TdsLogin(
            host=self.text("sql_host"),
            port=self.number("sql_port"),
            database=self.text("sql_database"),
            user=self.text("sql_user"),
            password=str(self.settings.get("sql_password") or ""),
            encrypt=self.text("sql_encrypt"),
            certificate=self.text("sql_certificate"),
        )
        self.database = TdsTransport(login, config=config, limits=limits)
        self.login = login
        self._swept_at: float | None = None

    def text(self, name: str) -> str:
        return str(self.settings.get(name) or "").strip()

    def number(self, name: str) -> int:
        return int(self.settings.get(name) or 0)

    @property
    def warehouses(self) -> list[str]:
        """Return the warehouses of the connection, the preferred one first."""
        return [name.strip() for name in self.text("warehouse_ids").split(",") if name.strip()]

    @property
    def reference_column(self) -> str:
        """Return the column of our reference; one of four names, so it may stand in a statement."""
        wanted = self.text("external_id_column")
        if wanted not in ("UserFld1", "UserFld2", "UserFld3", "UserFld4"):
            raise Misconfigured(
                "The column of our reference is none of UserFld1 to 4", missing="external_id_column"
            )
        return wanted

    @property
    def customer_reference_column(self) -> str:
        """Return the column of our reference in customers, whose staging has two user fields only [inferred]."""
        return self.reference_column if self.reference_column in ("UserFld1", "UserFld2") else "UserFld1"

    def now(self) -> datetime:
        return self._config.now() if self._config.now else datetime.now(UTC)

    def server_time(self, moment: datetime) -> str:
        """Return a moment as the SQL Server's own clock tells it, in the form that every language setting reads."""
        return moment.astimezone(self.zone).replace(tzinfo=None).isoformat(timespec="milliseconds")

    def query(self, statement: str, *parameters: Any) -> list[dict[str, Any]]:
        return self.database.query(statement, *parameters)

    def next_key(self, table: str) -> int:
        """Return a surrogate key of a table. A key that is lost leaves a gap, which nobody minds."""
        # Reference: published SalesLogix-to-MAS 500 integration SQL, spGetNextSurrogateKey.
        answer = self.database.procedure(
            "spGetNextSurrogateKey", {"@iTableName": table, "@oNewKey": Out()}, is_write=False
        )
        key = answer.outputs["@oNewKey"]
        if not isinstance(key, int):
            raise OutcomeUnknown("Sage 500 gave no key", detail=f"spGetNextSurrogateKey {table}: {key!r}")
        return key

    def procedure_name(self, setting: str, what: str) -> str:
        """Return the procedure that a setting names. Raises Misconfigured where it names none."""
        name = self.text(setting)
        if not name:
            raise Misconfigured(f"This connection names no procedure for {what}", missing=setting)
        return name

    def setup_step(self, what: str) -> int:
        """Return the SetupStepKey of an import type. Raises Misconfigured where the connection names none."""
        named = dict(
            part.strip().partition("=")[::2] for part in self.text("setup_steps").split(",") if part.strip()
        )
        key = str(named.get(what) or self.settings.get("setup_step_key") or "").strip()
        if not key.isdecimal():
            raise Misconfigured(
                "The connection names no import step (SetupStepKey)", missing="setup_step_key"
            )
        return int(key)

    def import_procedure(self, name: str, session_key: int) -> Mapping[str, Any]:
        """Run one slice of an API procedure over a session's staging rows and return its OUTPUT parameters."""
        # Reference: published copy of spSOapiSalesOrdIns; its siblings have the same head [inferred].
        answer = self.database.procedure(
            name,
            {
                "@oContinue": Out(),
                "@iCancel": 0,
                "@iSessionKey": session_key,
                "@iCompanyID": self.company,
                "@iRptOption": 3,
                "@iPrintWarnings": 0,
                "@iUseStageTable": 1,
                "@oRecsProcessed": Out(),
                "@oFailedRecs": Out(),
                "@oTotalRecs": Out(),
                "@_oRetVal": Out(),
            },
            is_write=True,
            seconds=self.procedure_seconds,
        )
        return answer.outputs

    def take_sweep(self) -> bool:
        """Return whether old staging rows may be deleted now: once a day."""
        now = time.monotonic()
        if self._swept_at is not None and now - self._swept_at < _SWEEP_SECONDS:
            return False
        self._swept_at = now
        return True

    def close(self) -> None:
        self.database.close()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Misconfigured(
            "The time zone of the SQL Server is not known", missing="server_timezone"
        ) from error
