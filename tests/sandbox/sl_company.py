"""The Dynamics SL simulator in the test's own process and the messages sent to it, for the tests of its quirks.

A test module takes the fixture by assigning it.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from integrations.sandbox.core.messages import Request, Response
from integrations.sandbox.core.sandbox import Sandbox
from integrations.sandbox.core.state import State
from integrations.sandbox.dynamics_sl.columns import find_type
from integrations.sandbox.dynamics_sl.installation import Installation
from integrations.sandbox.dynamics_sl.operations import namespace_of
from integrations.sandbox.dynamics_sl.simulator import DynamicsSl
from integrations.sandbox.dynamics_sl.store import SCHEMA

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
SITE_KEY = "sandbox-site-key"
DEFAULTS = {"b": "false", "h": "0", "i": "0", "u": "0", "d": "0", "t": "1900-01-01T00:00:00"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 15, 10, 42, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Company:
    """A simulator in this process, called with raw messages."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.path = path
        self.installation = Installation(State(path, SCHEMA), clock=self.clock)
        self.simulator = DynamicsSl(self.installation)
        self.sandbox = Sandbox(self.simulator)

    def send(
        self,
        service: str,
        operation: str,
        inner: str = "",
        *,
        namespace: str | None = None,
        action: str | None = None,
        key: str = SITE_KEY,
        envelope: str = SOAP_11,
        header: bool = True,
    ):
        namespace = namespace or namespace_of(service)
        action = f"{namespace}/{operation}" if action is None else action
        head = (
            f'<s:Header><ctDynamicsSLHeader xmlns="{namespace}"><siteID>DEFAULT</siteID>'
            f"<siteKey>{key}</siteKey><cpnyID>0060</cpnyID></ctDynamicsSLHeader></s:Header>"
        )
        body = (
            f'<s:Envelope xmlns:s="{envelope}">{head if header else ""}<s:Body>'
            f'<{operation} xmlns="{namespace}">{inner}</{operation}></s:Body></s:Envelope>'
        )
        kind = "text/xml; charset=utf-8"
        headers = {"content-type": kind, "soapaction": f'"{action}"'}
        if envelope == SOAP_12:
            headers = {"content-type": f'application/soap+xml; charset=utf-8; action="{action}"'}
        path = f"/ctDynamicsSL/{service}.asmx"
        return self.sandbox.answer(Request("POST", path, "", headers, body.encode()))

    def call(self, service: str, operation: str, inner: str = "", **more) -> etree._Element:
        """Return the result element of a call that succeeds."""
        answer = self.send(service, operation, inner, **more)
        assert isinstance(answer, Response) and answer.status == 200, answer
        body = etree.fromstring(answer.body)[-1]
        return body[0][0] if len(body[0]) else body[0]

    def fault(self, *given, **more) -> str:
        answer = self.send(*given, **more)
        assert isinstance(answer, Response) and answer.status == 500, answer
        return "".join(etree.fromstring(answer.body).itertext())

    def control(self, method: str, path: str, asked: object = None):
        path, _, query = path.partition("?")
        body = b"" if asked is None else json.dumps(asked).encode()
        answer = self.sandbox.answer(Request(method, f"/control/{path}", query, {}, body))
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    def place(self, operation: str = "placeOrder", **fields) -> etree._Element:
        return self.call("orders", operation, order_xml(**fields))


def members_xml(type_name: str, fields: dict, service: str = "orders") -> str:
    """Return the members of a type in sequence order, required ones filled."""
    parts = []
    for column in find_type(service, type_name).columns:
        value = fields.get(column.name)
        if isinstance(value, list):
            inner = "".join(f"<orderItem>{members_xml('orderItem', each)}</orderItem>" for each in value)
            parts.append(f"<{column.name}>{inner}</{column.name}>")
        elif value is not None:
            parts.append(f"<{column.name}>{escape(str(value))}</{column.name}>")
        elif column.is_value:
            parts.append(f"<{column.name}>{DEFAULTS[column.code]}</{column.name}>")
    return "".join(parts)


LINE = {"InvtID": "A50-HALO", "QtyOrd": 2, "CurySlsPrice": 59.99, "CuryCost": -999876, "Taxable": -1}


def order_xml(lines: list[dict] | None = None, **fields) -> str:
    lines = [LINE] if lines is None else lines
    given = {"CustID": "C300", "SOTypeID": "SO", "CustOrdNbr": "XC-1043", "orderItems": lines} | fields
    return f"<inOrder>{members_xml('order', given)}</inOrder>"


def text(element: etree._Element, name: str) -> str | None:
    found = element.find(f"{{*}}{name}")
    return None if found is None else found.text or ""


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path / "sl.sqlite")
