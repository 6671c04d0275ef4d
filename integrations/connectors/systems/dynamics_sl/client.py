"""The ctAPI services of one connection: header, addresses, calls by name, DataSets as rows.

Made once per connector. Reference: the vendor's operation pages, ctDynamicsSL/<service>.asmx?op=<operation>.
"""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.connectors.base import ConnectionConfig
from integrations.connectors.errors import Misconfigured
from integrations.connectors.spec import Limits
from integrations.connectors.systems.dynamics_sl.datasets import text_rows, typed_rows
from integrations.connectors.systems.dynamics_sl.faults import translate_fault
from integrations.connectors.systems.dynamics_sl.normalise import conceal_cards, normalise
from integrations.connectors.systems.dynamics_sl.rest import TRANSPORT, RestCustomers
from integrations.connectors.systems.dynamics_sl.spec import SPEC
from integrations.connectors.systems.dynamics_sl.sql_reads import SqlReads
from integrations.connectors.transports.http import HttpTransport
from integrations.connectors.transports.soap import SoapTransport


class CtApi:
    """Calls ctAPI operations; replies come back normalised."""

    def __init__(self, config: ConnectionConfig) -> None:
        defaults = {setting.name: setting.default for setting in SPEC.settings}
        given = {name: value for name, value in config.values.items() if value not in (None, "")}
        # A form keeps no empty field: a dash says that there is no such view.
        none = {name: "" for name, value in given.items() if name.startswith("view_") and value == "-"}
        self.settings: Mapping[str, Any] = defaults | given | none
        base_url = str(self.settings.get("base_url") or "")
        if not base_url:
            raise Misconfigured("The address of the connection is missing", missing="base_url")
        self.zone = _zone(str(self.settings["time_zone"]))
        seconds = float(self.settings["operation_timeout_s"] or 300)
        limits = Limits(
            parallel_calls=int(self.settings["max_parallel"] or 4),
            page_size=SPEC.limits.page_size,
            connect_seconds=min(SPEC.limits.connect_seconds, seconds),
            read_seconds=seconds,
            total_seconds=seconds,
        )
        secrets = [str(self.settings.get(name) or "") for name in SPEC.secret_names]
        http = HttpTransport(
            base_url,
            config=config,
            limits=limits,
            # A secret with & or < stands in the message in its XML spelling.
            secrets=[*secrets, *(escape(secret) for secret in secrets)],
            fault_statuses=frozenset({500}),
            conceal=conceal_cards,
        )
        self.sql = (
            SqlReads(self.settings, config=config, limits=limits, zone=self.zone)
            if self.settings.get("sql_host")
            else None
        )
        """Direct reads of the database, where the connection has a SQL login."""
        self.rest = (
            RestCustomers(self.settings, config=config, limits=limits, zone=self.zone)
            if self.settings["transport"] == TRANSPORT
            else None
        )
        """Customers by REST, where the connection says so."""
        self._soap = SoapTransport(
            http,
            base_url=base_url,
            path_of=lambda service: f"{service}.asmx",
            header=self._header(),
            translate_fault=translate_fault,
        )

    def _header(self) -> dict[str, str]:
        names = {
            "licenseKey": "license_key",
            "licenseName": "license_name",
            "licenseExpiration": "license_expiration",
            "softwareName": "software_name",
            "siteID": "site_id",
            "siteKey": "site_key",
            "cpnyID": "cpny_id",
            "apiUsername": "api_username",
            "apiPassword": "api_password",
        }
        return {wire: str(self.settings.get(name) or "") for wire, name in names.items()}

    @property
    def cpny_id(self) -> str:
        return str(self.settings.get("cpny_id") or "").strip()

    def close(self) -> None:
        self._soap.close()
        if self.rest is not None:
            self.rest.close()
        if self.sql is not None:
            self.sql.close()

    def about(self) -> str:
        """Return the version string; needs no key."""
        return str(self._soap.call("orders", "about", {}, is_write=False) or "")

    def ping(self) -> str:
        """Return the answer to a ping that carries our keys. Raises AuthFailed."""
        header = self._header()
        names = ("siteID", "siteKey", "licenseKey", "licenseName", "licenseExpiration", "softwareName")
        parameters = {"pingType": "", **{name: header[name] for name in names}}
        return str(self._soap.call("orders", "ping", parameters, is_write=False) or "")

    def elements_of(self, service: str, operation: str, parameter: str) -> dict[str, Any]:
        """Return the parts of a parameter's type by name, nested under dotted paths, from the live WSDL."""
        part = self._soap.operation(service, operation).parameters.by_name.get(parameter)
        found: dict[str, Any] = {}
        waiting = [("", part.shape if part else None)]
        while waiting:
            prefix, shape = waiting.pop()
            for each in shape.parts if shape else ():
                found[f"{prefix}{each.name}"] = each
                if each.shape is not None and prefix.count(".") < 2:
                    inner = each.shape.item
                    waiting.append((f"{prefix}{each.name}.", inner.shape if inner else each.shape))
        return found

    def call(
        self,
        service: str,
        operation: str,
        *,
        is_write: bool = False,
        only: frozenset[str] | None = None,
        **parameters: Any,
    ) -> Any:
        """Call an operation; rows come back normalised, scalars as they are. ``only``: members worth reading."""
        return self._clean(self._soap.call(service, operation, parameters, is_write=is_write, only=only))

    def _clean(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return normalise(value, self.zone)
        if isinstance(value, list):
            return [normalise(each, self.zone) for each in value if isinstance(each, Mapping)]
        return value

    def rows(self, operation: str, **parameters: Any) -> list[dict[str, str]]:
        """Return the rows of an untyped DataSet operation of ``orders`` as trimmed text."""
        element = self._soap.call("orders", operation, parameters, is_write=False)
        return [] if element is None else text_rows(element, operation)

    def query(self, view: str, *filters: tuple[str, str, str]) -> list[dict[str, Any]]:
        """Return the rows of a Quick Query view, typed by the schema that comes with them and normalised.

        A filter is (column, comparison, value). Raises Misconfigured for a view or column that is not there.
        """
        # Reference: quickQuery.asmx?op=getScreen. The rows are an untyped DataSet inside the screen.
        screen = self._soap.call(
            "quickQuery",
            "getScreen",
            {
                "queryViewName": view,
                "filters": [
                    {"name": column, "value": value, "comparisonType": sign}
                    for column, sign, value in filters
                ],
            },
            is_write=False,
        )
        refusal = str((screen or {}).get("errorMessage") or "").strip()
        if refusal:
            raise Misconfigured(f"The Quick Query view {view} cannot be read", missing=view, detail=refusal)
        element = (screen or {}).get("myQueryResults")
        if element is None:
            return []
        return [normalise(row, self.zone) for row in typed_rows(element, view)]


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Misconfigured(f"{name} is no time zone", missing="time_zone") from error
