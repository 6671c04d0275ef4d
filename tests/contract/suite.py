"""One contract for every connector: the hazards of ARCHITECTURE section 7, run against its simulator.

A connector's test is a subclass of :class:`ContractSuite` with a :class:`Stand`. A test that a connector
must override means the interface is wrong, or its README owes an exemption.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from integrations.connectors import registry
from integrations.connectors.base import (
    ConnectionConfig,
    Exchange,
    Found,
    HistoryReader,
    WriteRequest,
    WriteResult,
)
from integrations.connectors.errors import (
    AuthFailed,
    ConnectorError,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    Transient,
    UnexpectedResponse,
)
from integrations.connectors.spec import Verb
from integrations.kinds import Kind, Record
from tests.contract.processes import SimulatorProcess

LONG_UNICODE = "Żółć Ünïcödé 漢字 Ω " * 9


class Stand(ABC):
    """What the suite needs to know of one system: how to make things happen at its other end."""

    system: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    """Further options of the simulator's start command."""
    read_kind: ClassVar[Kind]
    """A kind that read_changes finds and fetch reads."""
    page_size: ClassVar[int]
    """Records on one page of read_changes; 0 = the kind is not paged."""
    write_match: ClassVar[str]
    """Substring of ``METHOD path operation`` of the call that commits a write."""
    fetch_match: ClassVar[str]
    """Likewise for the call that reads one record of ``read_kind``."""
    list_match: ClassVar[str]
    """Likewise for the call that lists changes."""

    def __init__(self, simulator: SimulatorProcess) -> None:
        self.simulator = simulator
        self.exchanges: list[Exchange] = []
        self._built: list[Any] = []

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """Return good settings and secrets, with a read timeout of one or two seconds."""

    @abstractmethod
    def bad_values(self) -> dict[str, Any]:
        """Return settings with credentials that the system refuses."""

    @abstractmethod
    def revoke(self) -> None:
        """Make the good credentials stop working, as an expiry or a changed key does."""

    @abstractmethod
    def appear(self, count: int = 1) -> list[str]:
        """Make records of ``read_kind`` appear and return their external ids."""

    @abstractmethod
    def appear_with_text(self, text: str) -> tuple[str, str]:
        """Make a record appear that holds ``text``; return (external id, text as the system keeps it)."""

    @abstractmethod
    def text_of(self, record: Record) -> str:
        """Return the field that :meth:`appear_with_text` filled."""

    @abstractmethod
    def appear_with_amounts(self) -> tuple[str, Mapping[str, Decimal]]:
        """Make a record with awkward amounts appear; return (external id, {dotted path: exact amount})."""

    @abstractmethod
    def freeze(self, moment: datetime | None) -> None:
        """Stop the system's clock at a moment, or let it run again."""

    @abstractmethod
    def add_unknown_fields(self) -> None:
        """Make the system's answers carry fields that no contract names."""

    @abstractmethod
    def write_request(self) -> WriteRequest:
        """Return a new record to write, never returned before."""

    @abstractmethod
    def effects(self, request: WriteRequest) -> int:
        """Count the target's effects of a request: orders created, e-mails sent."""

    @abstractmethod
    def find_arguments(self, request: WriteRequest) -> dict[str, Any]:
        """Return the arguments by which the runner would find this request's record."""

    def nowhere(self) -> dict[str, Any]:
        """Return good settings whose address has no listener behind it, on a host that is allowed."""
        return pointing_nowhere(self)

    def connector(self, values: Mapping[str, Any] | None = None) -> Any:
        """Build a connector that may reach the simulator and nothing else private."""
        config = ConnectionConfig(
            values=values if values is not None else self.values(),
            allowed_hosts=frozenset({self.simulator.host.partition(":")[0]}),
            observe=self.exchanges.append,
        )
        built = registry.build(self.system, config)
        self._built.append(built)
        return built

    def find(self, connector: Any, request: WriteRequest) -> Found | None:
        found: Found | None = connector.find(request.kind, **self.find_arguments(request))
        return found

    def deliver(self, connector: Any, request: WriteRequest) -> Found | WriteResult:
        """Find before write, as the runner does after doubt."""
        written: Found | WriteResult = self.find(connector, request) or connector.write(request)
        return written

    def close(self) -> None:
        for built in self._built:
            built.close()


def changed_ids(connector: Any, kind: Kind, cursor: Mapping[str, Any]) -> list[str]:
    """Read all pages since a cursor and return the ids in order."""
    return [record.external_id for page in connector.read_changes(kind, cursor) for record in page.records]


def cursor_at_end(connector: Any, kind: Kind) -> Mapping[str, Any]:
    """Return the cursor after everything that is there now."""
    cursor: Mapping[str, Any] = {}
    for page in connector.read_changes(kind, {}):
        cursor = page.cursor
    return cursor


def leaves(value: Any) -> list[Any]:
    """Return all scalars of nested fields."""
    if isinstance(value, Mapping):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list | tuple):
        return [leaf for each in value for leaf in leaves(each)]
    return [value]


def at_path(fields: Any, path: str) -> Any:
    """Return the value of ``lines.0.price``."""
    for part in path.split("."):
        fields = fields[int(part)] if isinstance(fields, list) else fields[part]
    return fields


class ContractSuite:
    """Subclass it, name it Test..., set ``stand_class``."""

    stand_class: ClassVar[type[Stand]]

    # -- writes ------------------------------------------------------------------------------------------

    def test_duplicate_write_has_one_effect(self, stand: Stand) -> None:
        connector, request = stand.connector(), stand.write_request()
        first = stand.deliver(connector, request)
        second = stand.deliver(connector, request)
        assert first.external_id == second.external_id
        assert stand.effects(request) == 1

    @pytest.mark.parametrize(
        "kind",
        [
            "drop_after_commit",
            "bad_gateway_after_commit",
            "html_after_commit",
            "truncate_after_commit",
        ],
    )
    def test_an_answer_spoiled_after_the_commit_is_unknown_and_then_found(
        self, stand: Stand, kind: str
    ) -> None:
        self._write_in_doubt(stand, kind)

    def test_timeout_after_commit_is_unknown_and_then_found(self, stand: Stand) -> None:
        self._write_in_doubt(stand, "slow_after_commit", seconds=30)

    def _write_in_doubt(self, stand: Stand, kind: str, **options: Any) -> None:
        connector, request = stand.connector(), stand.write_request()
        assert stand.find(connector, request) is None
        stand.simulator.fault(kind, times=1, match=stand.write_match, **options)
        with pytest.raises(OutcomeUnknown):
            connector.write(request)
        assert stand.find(connector, request) is not None
        stand.deliver(connector, request)
        assert stand.effects(request) == 1

    def test_a_write_lost_before_the_commit_is_unknown_and_then_written_once(self, stand: Stand) -> None:
        connector, request = stand.connector(), stand.write_request()
        stand.simulator.fault("drop_before_commit", times=1, match=stand.write_match)
        with pytest.raises(OutcomeUnknown):
            connector.write(request)
        assert stand.find(connector, request) is None
        stand.deliver(connector, request)
        assert stand.effects(request) == 1

    def test_a_write_to_a_dead_port_was_never_sent(self, stand: Stand) -> None:
        connector = stand.connector(stand.nowhere())
        with pytest.raises(Transient):
            connector.write(stand.write_request())

    # -- reads -------------------------------------------------------------------------------------------

    def test_page_interrupted_loses_nothing(self, stand: Stand) -> None:
        if not stand.page_size:
            pytest.skip("this system serves changes in one answer")
        connector = stand.connector()
        cursor = cursor_at_end(connector, stand.read_kind)
        expected = stand.appear(stand.page_size * 2 + 3)
        stand.simulator.fault("status", status=502, skip=1, times=1, match=stand.list_match)
        seen: list[str] = []
        with pytest.raises(Transient):
            for page in connector.read_changes(stand.read_kind, cursor):
                seen += [record.external_id for record in page.records]
                cursor = page.cursor
        assert len(seen) < len(expected), "the fault must hit inside the pages"
        seen += changed_ids(connector, stand.read_kind, cursor)
        assert set(expected) <= set(seen)

    def test_history_gives_what_is_older_than_the_connection(self, stand: Stand) -> None:
        stand.freeze(datetime.now(UTC) - timedelta(days=40))
        older = stand.appear(3)
        stand.freeze(None)
        connector = stand.connector()
        if not isinstance(connector, HistoryReader):
            pytest.skip("cannot be asked for what is older than the connection")
        for since in (None, datetime.now(UTC) - timedelta(days=41)):
            start = connector.history(stand.read_kind, since)
            assert set(older) <= set(changed_ids(connector, stand.read_kind, start)), since

    def test_a_record_is_located_by_the_number_that_people_say(self, stand: Stand) -> None:
        connector, external_id = stand.connector(), stand.appear()[0]
        if not isinstance(connector, HistoryReader):
            pytest.skip("cannot be asked for a record by its number")
        number = connector.fetch(stand.read_kind, external_id).business_key
        assert connector.locate(stand.read_kind, number) == external_id
        assert connector.locate(stand.read_kind, "nosuchnumber") is None

    def test_same_second_updates_are_all_seen(self, stand: Stand) -> None:
        connector = stand.connector()
        cursor = cursor_at_end(connector, stand.read_kind)
        stand.freeze(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=5))
        count = stand.page_size + 7 if stand.page_size else 9
        expected = stand.appear(count)
        assert set(expected) <= set(changed_ids(connector, stand.read_kind, cursor))

    def test_dst_change_leaves_times_in_order_and_in_utc(self, stand: Stand) -> None:
        connector = stand.connector()
        # The clocks of the United States go back at 07:00 UTC that day: one local hour is there twice.
        moments = [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6, 7, 8)]
        found = []
        for moment in moments:
            stand.freeze(moment)
            record = connector.fetch(stand.read_kind, stand.appear()[0])
            if record.updated_at is None:
                pytest.skip("this system tells no time of change")
            assert record.updated_at.utcoffset() == timedelta(0)
            found.append(record.updated_at)
        assert found == moments

    def test_empty_page_keeps_a_usable_cursor(self, stand: Stand) -> None:
        connector = stand.connector()
        cursor = cursor_at_end(connector, stand.read_kind)
        pages = list(connector.read_changes(stand.read_kind, cursor))
        assert pages and pages[-1].is_last
        assert pages[-1].cursor
        expected = stand.appear()
        assert set(expected) <= set(changed_ids(connector, stand.read_kind, pages[-1].cursor))

    def test_unicode_and_long_fields_arrive_whole(self, stand: Stand) -> None:
        external_id, kept = stand.appear_with_text(LONG_UNICODE)
        assert stand.text_of(stand.connector().fetch(stand.read_kind, external_id)) == kept

    def test_decimal_rounding_is_exact_and_no_float_gets_in(self, stand: Stand) -> None:
        external_id, expected = stand.appear_with_amounts()
        fields = stand.connector().fetch(stand.read_kind, external_id).fields
        for path, amount in expected.items():
            assert at_path(fields, path) == amount
            assert isinstance(at_path(fields, path), Decimal)
        assert not [leaf for leaf in leaves(fields) if isinstance(leaf, float)]

    def test_unknown_extra_fields_do_not_disturb(self, stand: Stand) -> None:
        stand.add_unknown_fields()
        external_id = stand.appear()[0]
        record = stand.connector().fetch(stand.read_kind, external_id)
        assert record.external_id == external_id
        assert all(
            isinstance(leaf, str | int | bool | Decimal | datetime | None) for leaf in leaves(record.fields)
        )
        assert record.hash

    # -- trouble -----------------------------------------------------------------------------------------

    def test_bad_credentials_are_named(self, stand: Stand) -> None:
        external_id = stand.appear()[0]
        with pytest.raises(AuthFailed):
            stand.connector(stand.bad_values()).fetch(stand.read_kind, external_id)

    def test_expired_credentials_are_named_on_the_same_connector(self, stand: Stand) -> None:
        external_id = stand.appear()[0]
        connector = stand.connector()
        connector.fetch(stand.read_kind, external_id)
        stand.revoke()
        with pytest.raises(AuthFailed):
            connector.fetch(stand.read_kind, external_id)

    def test_rate_limited_tells_the_wait(self, stand: Stand) -> None:
        external_id, connector = stand.appear()[0], stand.connector()
        for given, expected in ((7, 7.0), (None, None)):
            stand.simulator.fault("status", status=429, retry_after=given, times=1, match=stand.fetch_match)
            with pytest.raises(RateLimited) as raised:
                connector.fetch(stand.read_kind, external_id)
            assert raised.value.retry_after_seconds == expected

    def test_html_error_page_is_unexpected(self, stand: Stand) -> None:
        external_id, connector = stand.appear()[0], stand.connector()
        stand.simulator.fault("html", times=1, match=stand.fetch_match)
        with pytest.raises(UnexpectedResponse):
            connector.fetch(stand.read_kind, external_id)

    @pytest.mark.parametrize("kind", ["drop_before_commit", "truncate_after_commit"])
    def test_a_read_whose_connection_is_lost_may_be_repeated(self, stand: Stand, kind: str) -> None:
        external_id, connector = stand.appear()[0], stand.connector()
        stand.simulator.fault(kind, times=1, match=stand.fetch_match)
        with pytest.raises(Transient):
            connector.fetch(stand.read_kind, external_id)
        assert connector.fetch(stand.read_kind, external_id).external_id == external_id

    def test_a_slow_read_ends_at_its_timeout(self, stand: Stand) -> None:
        external_id, connector = stand.appear()[0], stand.connector()
        stand.simulator.fault("slow", seconds=90, times=1, match=stand.fetch_match)
        with pytest.raises(Transient):
            connector.fetch(stand.read_kind, external_id)

    def test_secrets_never_show_in_exchanges_or_errors(self, stand: Stand) -> None:
        values = stand.values()
        names = registry.get_spec(stand.system).secret_names
        secrets = [str(values[name]) for name in names if values.get(name)]
        connector = stand.connector()
        connector.fetch(stand.read_kind, stand.appear()[0])
        stand.revoke()
        with pytest.raises(ConnectorError) as raised:
            connector.fetch(stand.read_kind, stand.appear()[0])
        shown = [str(exchange) for exchange in stand.exchanges]
        shown += [str(raised.value), raised.value.message, raised.value.detail]
        assert stand.exchanges and secrets
        assert not [secret for secret in secrets for text in shown if secret in text]

    # -- declarations ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("kind", list(Kind))
    def test_declared_equals_implemented(self, stand: Stand, kind: Kind) -> None:
        connector, spec = stand.connector(), registry.get_spec(stand.system)
        assert _answers(lambda: next(iter(connector.read_changes(kind, {})), None)) == spec.can(
            kind, Verb.READ
        )
        assert _answers(lambda: connector.find(kind, natural_key="no-such-key", hint={})) == spec.can(
            kind, Verb.FIND
        )
        can_write = spec.can(kind, Verb.CREATE) or spec.can(kind, Verb.UPDATE)
        assert _answers(lambda: connector.write(WriteRequest(kind, {}))) == can_write
        if any(spec.can(kind, verb) for verb in Verb):
            assert connector.discover(kind).fields

    def test_every_check_passes_on_a_good_connection(self, stand: Stand) -> None:
        results = list(stand.connector().check())
        assert results
        assert [result for result in results if not result.ok] == []
        assert all(result.evidence for result in results)

    def test_checks_report_bad_credentials_without_raising(self, stand: Stand) -> None:
        failed = [result for result in stand.connector(stand.bad_values()).check() if not result.ok]
        assert failed
        assert all(result.fix and result.evidence for result in failed)


def _answers(ask: Any) -> bool:
    """Say whether a call is offered: only Misconfigured means that it is not."""
    try:
        ask()
    except Misconfigured:
        return False
    except ConnectorError:
        return True
    return True


def pointing_nowhere(stand: Stand) -> dict[str, Any]:
    """Return good settings whose address has no listener behind it, on a host that is allowed."""
    host = stand.simulator.host
    dead = f"{host.partition(':')[0]}:9"
    return {
        name: value.replace(host, dead) if isinstance(value, str) else value
        for name, value in stand.values().items()
    }
