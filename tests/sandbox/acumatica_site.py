"""The Acumatica simulator with one signed-in client that knows nothing of our connector, for the tests of its quirks.

A test module takes the fixtures by assigning them.
"""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.contract.processes import SimulatorProcess, running

ENDPOINT = "/AcumaticaERP/entity/Default/24.200.001"
LOGIN = {"name": "connect", "password": "sandbox-password", "tenant": "MyStore"}
LINE = {"InventoryID": {"value": "A50-HALO"}, "OrderQty": {"value": 2}}


class Answer:
    """Status, headers and body of one call."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Site:
    """A signed-in client that knows nothing of our connector."""

    def __init__(self, process: SimulatorProcess) -> None:
        self.process = process
        self.cookie = ""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(self.process.host, timeout=10)
        sent = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {"Content-Type": "application/json", **({"Cookie": self.cookie} if self.cookie else {})}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, sent, named)
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def sign_in(self, **changes: str) -> Answer:
        answer = self.call("POST", "/AcumaticaERP/entity/auth/login", LOGIN | changes)
        cookies = answer.headers.get_all("Set-Cookie") or []
        self.cookie = "; ".join(one.partition(";")[0] for one in cookies)
        return answer

    def get(self, path: str, **options: str) -> Answer:
        query = "&".join(f"${name}={quote(value)}" for name, value in options.items())
        return self.call("GET", f"{ENDPOINT}/{path}{'?' + query if query else ''}")

    def put(self, entity: str, body: Any, expand: str = "", **headers: str) -> Answer:
        return self.call(
            "PUT", f"{ENDPOINT}/{entity}{'?$expand=' + expand if expand else ''}", body, **headers
        )

    def order(self, **fields: Any) -> dict[str, Any]:
        body = {"CustomerID": "GOODFOOD", "Hold": False, **fields}
        sent = {name: one if isinstance(one, list | dict) else {"value": one} for name, one in body.items()}
        answer = self.put(
            "SalesOrder", {"Details": [LINE], **sent}, "Details,Totals,ShipToAddress,TaxDetails"
        )
        assert answer.status == 200, answer.body
        made: dict[str, Any] = answer.json
        return made

    def setting(self, **settings: Any) -> None:
        self.process.control("POST", "settings", settings)


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    with running("acumatica", tmp_path_factory.mktemp("acumatica")) as started:
        yield started


@pytest.fixture
def site(process: SimulatorProcess) -> Site:
    process.control("POST", "reset")
    made = Site(process)
    assert made.sign_in().status == 204
    return made


def act(site: Site, action: str, number: str, **parameters: Any) -> Answer:
    entity = {"OrderType": {"value": "SO"}, "OrderNbr": {"value": number}}
    given = {name: {"value": value} for name, value in parameters.items()}
    return site.call("POST", f"{ENDPOINT}/SalesOrder/{action}", {"entity": entity, "parameters": given})
