"""Sign-in by refresh token: each token is good once, so its successor is kept, and one process renews at a time."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from integrations.connectors import registry
from integrations.connectors.base import ConnectionConfig
from integrations.connectors.errors import AuthFailed, RateLimited
from integrations.connectors.systems.acumatica.connector import AcumaticaConnector
from integrations.kinds import Kind
from tests.contract.processes import SimulatorProcess, running
from tests.contract.test_acumatica import CLIENT_SECRET, PASSWORD, AcumaticaStand


class Store:
    """What all processes share: the newest token, and who is renewing it."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.lock = threading.Lock()
        self.used: list[str] = []


class ProcessKeeper:
    """The keeper as one process has it; ``key`` differs, so that each process signs in by itself."""

    def __init__(self, store: Store, key: str) -> None:
        self.store_, self.key = store, key

    def claim(self, name: str) -> str | None:
        assert name == "refresh_token"
        return self.store_.token if self.store_.lock.acquire(blocking=False) else None

    def store(self, name: str, used: str, renewed: str) -> None:
        assert self.store_.token == used
        self.store_.used.append(used)
        self.store_.token = renewed
        self.store_.lock.release()

    def give_up(self, name: str) -> None:
        self.store_.lock.release()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    options = ("--password", PASSWORD, "--client-secret", CLIENT_SECRET)
    with running("acumatica", tmp_path_factory.mktemp("acumatica"), *options) as started:
        yield started


@pytest.fixture
def token(process: SimulatorProcess) -> str:
    process.control("POST", "reset")
    return str(process.control("POST", "refresh-token")["refresh_token"])


def signing_in(process: SimulatorProcess, keeper: ProcessKeeper, **changes: Any) -> AcumaticaConnector:
    """Build a connector as a process has it: with the values of its start, and the shared keeper."""
    values = {
        **AcumaticaStand(process).values(),
        "auth_mode": "oauth_code",
        "refresh_token": "of-long-ago",
        **changes,
    }
    hosts = frozenset({process.host.partition(":")[0]})
    built = registry.build("acumatica", ConnectionConfig(values, allowed_hosts=hosts, keeper=keeper))
    assert isinstance(built, AcumaticaConnector)
    return built


def look(connector: AcumaticaConnector) -> None:
    assert connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={}) is not None


def test_the_newest_token_is_used_and_its_successor_outlives_the_process(
    process: SimulatorProcess, token: str
) -> None:
    store = Store(token)
    for restart in range(3):
        connector = signing_in(process, ProcessKeeper(store, f"process {restart}"))
        look(connector)
        connector.close()
    assert len(set(store.used)) == 3
    assert store.used[0] == token != store.token


def test_processes_that_renew_at_once_wait_for_each_other_and_none_is_refused(
    process: SimulatorProcess, token: str
) -> None:
    store, failed = Store(token), []
    connectors = [signing_in(process, ProcessKeeper(store, f"worker {number}")) for number in range(3)]

    def work(connector: AcumaticaConnector) -> None:
        try:
            look(connector)
        except Exception as error:  # noqa: BLE001  told to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=work, args=(each,)) for each in connectors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for connector in connectors:
        connector.close()
    assert failed == []
    assert len(set(store.used)) == 3


def test_who_finds_the_token_claimed_too_long_is_told_to_come_again(
    process: SimulatorProcess, token: str
) -> None:
    store = Store(token)
    store.lock.acquire()
    connector = signing_in(process, ProcessKeeper(store, "late"), operation_timeout_s=1)
    with pytest.raises(RateLimited) as told:
        look(connector)
    assert not told.value.is_remote
    store.lock.release()
    look(connector)
    connector.close()


def test_a_refused_token_gives_the_claim_up_and_names_the_field(process: SimulatorProcess) -> None:
    process.control("POST", "reset")
    store = Store("spent")
    connector = signing_in(process, ProcessKeeper(store, "refused"))
    for _ in range(2):
        with pytest.raises(AuthFailed) as raised:
            look(connector)
        assert raised.value.field == "refresh_token"
    assert (store.lock.locked(), store.token) == (False, "spent")
    (failed,) = [check for check in connector.check() if not check.ok]
    assert (failed.name, failed.field) == ("Sign-in accepted", "refresh_token")
    store.token = str(process.control("POST", "refresh-token")["refresh_token"])
    look(connector)  # a person has entered a new one
    connector.close()
