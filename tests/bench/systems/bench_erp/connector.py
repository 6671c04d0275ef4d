"""Speaks to the bench ERP: POST /orders, GET /orders?reference=, and customers likewise."""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.connectors.base import CheckResult, ConnectionConfig, Found, WriteRequest, WriteResult
from integrations.connectors.errors import AuthFailed, FieldProblem, MissingReference, Rejected
from integrations.connectors.spec import Identity
from integrations.connectors.transports.http import HttpTransport
from integrations.kinds import EntitySchema, FieldInfo, FieldType, Kind
from tests.bench.systems.bench_erp.spec import SPEC


class BenchErp:
    spec = SPEC

    def __init__(self, config: ConnectionConfig) -> None:
        self.http = HttpTransport(config.values["base_url"], config=config, limits=SPEC.limits)

    def check(self) -> Iterator[CheckResult]:
        self.http.request("GET", "stats", is_write=False)
        yield CheckResult("Reach", True, "It answers.")

    def identity(self) -> Identity:
        return Identity("bench-erp", "Bench ERP")

    def discover(self, kind: Kind) -> EntitySchema:
        text = FieldType.TEXT
        return EntitySchema(
            SPEC.key, kind, "Order",
            (
                FieldInfo("reference", text, required=True, max_length=25),
                FieldInfo("customer", text, max_length=80),
                FieldInfo("total", FieldType.DECIMAL, required=True, places=2),
                FieldInfo("lines", FieldType.ARRAY, fields=(
                    FieldInfo("sku", text, required=True, max_length=30),
                    FieldInfo("quantity", FieldType.INTEGER, required=True),
                    FieldInfo("price", FieldType.DECIMAL, places=2),
                )),
            ),
        )  # fmt: skip

    def close(self) -> None:
        self.http.close()

    def find(
        self, kind: Kind, *, reference: str = "", natural_key: str = "", hint: Mapping[str, Any]
    ) -> Found | None:
        path = "customers" if kind is Kind.CUSTOMER else "orders"
        answer = self.http.request(
            "GET", path, is_write=False, params={"reference": reference or natural_key}
        )
        found = answer.json()
        return Found(found["id"], found) if found else None

    def write(self, request: WriteRequest) -> WriteResult:
        path = "customers" if request.kind is Kind.CUSTOMER else "orders"
        fields = {**request.fields, "reference": request.reference}
        answer = self.http.request("POST", path, is_write=True, json_body=fields)
        body = answer.json()
        if answer.status == 401:
            raise AuthFailed("Bench ERP refuses the key.")
        if answer.status == 422 and body.get("missing"):
            raise MissingReference("Unknown SKU.", kind="product", key=body["missing"])
        if answer.status == 422:
            raise Rejected("Refused.", problems=(FieldProblem(body["field"], body["value"], body["rule"]),))
        return WriteResult(body["id"], body["id"], body, total=body.get("total"))


def build(config: ConnectionConfig) -> BenchErp:
    return BenchErp(config)
