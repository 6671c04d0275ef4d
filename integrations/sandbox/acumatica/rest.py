"""The contract-based REST interface below ``/entity/<Endpoint>/<Version>``: lists, reads, upserts, actions.

Called by the simulator once a call is signed in.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from integrations.sandbox.acumatica import stock
from integrations.sandbox.acumatica.actions import Jobs
from integrations.sandbox.acumatica.entities import ENTITIES, TYPES
from integrations.sandbox.acumatica.entity import Entity
from integrations.sandbox.acumatica.filters import BadFilter, parse
from integrations.sandbox.acumatica.records import SAVES, held_record
from integrations.sandbox.acumatica.sessions import Session
from integrations.sandbox.acumatica.store import Store
from integrations.sandbox.acumatica.wire import (
    FieldErrors,
    Refusal,
    answer,
    decode,
    no_entity,
    server_error,
    unwrap,
    wrap,
)
from integrations.sandbox.core.messages import Request, Response

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAMES = {name.lower(): name for name in ENTITIES}
_BQL = (
    "Optimization cannot be performed.The following fields cause the error:\r\nApplicationHistory:"
    " View ApplicationHistory has BQL delegate"
)


class Rest:
    """Answers entity calls. ``has_patch`` is the build's; ``custom`` are custom fields by entity and view."""

    def __init__(self, store: Store, jobs: Jobs) -> None:
        self.store, self.jobs = store, jobs
        self.has_patch = False
        self.is_terse_action = False
        """Actions answer 204 with a Location that must not be followed."""
        self.unknown_fields: dict[str, Any] = {}
        self.denied: frozenset[str] = frozenset()
        """Entities whose form the user may not open."""
        self.custom_fields: dict[str, dict[str, dict[str, str]]] = {
            "SalesOrder": {
                "Document": {"UsrGiftWrap": "CustomBooleanField", "UsrChannel": "CustomStringField"}
            }
        }

    def answer(self, request: Request, session: Session, root: str, rest: str) -> Response:
        """Answer a call; ``root`` is the site path of the endpoint, ``rest`` what follows it. Raises Refusal."""
        parts = [unquote(part) for part in rest.strip("/").split("/") if part]
        name = _NAMES.get(parts[0].lower()) if parts else None
        if name is None:
            raise Refusal(
                404, {"message": f"No HTTP resource was found that matches the request URI '{rest}'."}
            )
        if name in self.denied:
            raise Refusal(
                403, {"message": f"You have insufficient rights to access the {name} ({_screen(name)}) form."}
            )
        is_poll = len(parts) == 4 and parts[2].lower() == "status"
        if not is_poll and self.jobs.locks(session.key, name):
            raise server_error("The previous operation has not been completed yet.")
        match (request.method, parts[1:]):
            case ("GET", []):
                return self._list(request, name, root)
            case ("PUT", []):
                return self._put(request, name, root)
            case ("PATCH", []) if self.has_patch:
                return self._patch(request, name, root)
            case ("GET", ["$adHocSchema"]):
                return answer(self._schema(name))
            case ("GET", [_, "status", job]):
                status = self.jobs.poll(job)
                return answer(None, 202) if status == 202 else Response(204)
            case ("POST", [action]) if action in ENTITIES[name].actions:
                return self._act(request, session, name, action, root)
            case ("GET", keys):
                return answer(self._shown(request, name, self._by_keys(name, keys), root))
            case ("DELETE", keys) if name in SAVES:
                self.store.delete(name, self._by_keys(name, keys))
                return Response(204)
        status = 405 if request.method == "PATCH" and len(parts) == 1 else 404
        raise Refusal(status, {"message": "The requested resource does not support http method."})

    # -- reads -------------------------------------------------------------------------------------------

    def _list(self, request: Request, name: str, root: str) -> Response:
        entity, query = ENTITIES[name], request.query
        self._check_select(entity, query.get("$select", ""))
        if name == "Payment" and "ApplicationHistory" in query.get("$expand", ""):
            raise server_error(_BQL)
        if entity.is_inquiry:
            return answer([])
        try:
            holds = parse(query["$filter"]) if query.get("$filter") else None
        except BadFilter as error:
            raise server_error(str(error)) from error
        found = [record for record in self.store.all(name) if holds is None or holds(record)]
        _sort(found, query.get("$orderby", ""))
        skip = int(query.get("$skip") or 0)
        top = int(query["$top"]) if query.get("$top") else len(found)
        rows = [self._shown(request, name, record, root) for record in found[skip : skip + top]]
        for number, row in enumerate(rows, 1):
            row["rowNumber"] = number
        return answer(rows)

    def _by_keys(self, name: str, keys: list[str]) -> dict[str, Any]:
        if len(keys) == 1 and _GUID.fullmatch(keys[0]):
            found = self.store.by_id(name, keys[0])
        else:
            flat = [part for key in keys for part in key.split("|")]
            found = self.store.get(name, *flat) if len(flat) == len(ENTITIES[name].keys) else None
        if found is None:
            raise no_entity()
        return found

    def _shown(self, request: Request, name: str, record: Mapping[str, Any], root: str) -> dict[str, Any]:
        entity, query = ENTITIES[name], request.query
        select = [path.strip() for path in query.get("$select", "").split(",") if path.strip()]
        self._check_select(entity, query.get("$select", ""))
        expand = [path.strip() for path in query.get("$expand", "").split(",") if path.strip()]
        custom = [path.strip() for path in query.get("$custom", "").split(",") if path.strip()]
        if name == "StockItem" and any(path.startswith("WarehouseDetails") for path in expand):
            record = {**record, "WarehouseDetails": stock.warehouse_details(self.store, record)}
        link = f"{root}/{name}/{record['id']}" if "id" in record else ""
        shown = wrap(
            entity,
            record,
            expand,
            link=link or f"{root}/{name}/-",
            select=[path for path in select if "/" not in path],
            custom=custom,
        )
        return shown | self.unknown_fields

    def _check_select(self, entity: Entity, select: str) -> None:
        """Raise for a name that does not exist: a 500, KeyNotFoundException [documented]."""
        for path in filter(None, (part.strip() for part in select.split(","))):
            head, _, rest = path.partition("/")
            part = entity.linked.get(head) or entity.details.get(head)
            is_known = head in entity.fields or head in ("id", "note", "custom") or head.startswith("custom.")
            if (not part and not is_known) or (part and rest and rest.partition("/")[0] not in {
                *TYPES[part].fields, *TYPES[part].linked, "id"
            }):  # fmt: skip
                raise server_error(
                    "The given key was not present in the dictionary.",
                    "System.Collections.Generic.KeyNotFoundException",
                )

    def _schema(self, name: str) -> dict[str, Any]:
        custom = {
            view: {field: {"type": kind} for field, kind in fields.items()}
            for view, fields in self.custom_fields.get(name, {}).items()
        }
        blank: dict[str, Any] = {field: {} for field in ENTITIES[name].fields}
        return {**blank, "custom": custom, "_workflowActions": []}

    # -- writes ------------------------------------------------------------------------------------------

    def _put(self, request: Request, name: str, root: str) -> Response:
        sent = _body(request)
        self._check_select(ENTITIES[name], request.query.get("$select", ""))
        if ENTITIES[name].is_inquiry:
            asked = {field: unwrap(value) for field, value in sent.items() if field in ENTITIES[name].fields}
            return answer(self._shown(request, name, stock.inquire(self.store, name, asked), root))
        if name not in SAVES:
            raise server_error(f"The {name} entity cannot be changed by this simulator.")
        held = held_record(self.store, name, sent)
        if request.headers.get("if-none-match") == "*" and held is not None:
            raise Refusal(412)
        if request.headers.get("if-match") == "*" and held is None:
            raise Refusal(412)
        return self._save(request, name, sent, held, root)

    def _patch(self, request: Request, name: str, root: str) -> Response:
        sent = _body(request)
        if request.headers.get("if-none-match") == "*":
            raise Refusal(412)
        held = held_record(self.store, name, sent)
        if held is None:
            raise Refusal(404)
        return self._save(request, name, sent, held, root)

    def _save(
        self, request: Request, name: str, sent: Mapping[str, Any], held: Mapping[str, Any] | None, root: str
    ) -> Response:
        try:
            saved = SAVES[name](self.store, sent, held)
        except FieldErrors as error:
            expand = [*ENTITIES[name].details, *ENTITIES[name].linked]
            echoed = wrap(ENTITIES[name], error.record, expand, link=f"{root}/{name}/-", errors=error.errors)
            raise Refusal(422, echoed) from error
        return answer(self._shown(request, name, saved, root))

    def _act(self, request: Request, session: Session, name: str, action: str, root: str) -> Response:
        job = self.jobs.start(self.store, name, action, session.key, _body(request))
        if self.is_terse_action:
            self.jobs.finish(job)
            nowhere = "00000000-0000-0000-0000-000000000000"
            return Response(204, {"Location": f"{root}/{name}/{action}/status/{nowhere}"})
        return Response(202, {"Location": f"{root}/{name}/{action}/status/{job}"})


def _screen(name: str) -> str:
    return ENTITIES[name].title.rpartition("(")[2].rstrip(")")


def _body(request: Request) -> dict[str, Any]:
    if not request.body.strip():
        problem = {"": ["The request body should not be empty."]}
        raise Refusal(400, {"message": "The request is invalid.", "modelState": problem})
    try:
        sent = decode(request.body)
    except ValueError as error:
        raise Refusal(
            400, {"message": "The request is invalid.", "modelState": {"entity": [str(error)]}}
        ) from error
    if not isinstance(sent, dict):
        raise Refusal(
            400, {"message": "The request is invalid.", "modelState": {"": ["An object is expected."]}}
        )
    return sent


def _sort(rows: list[dict[str, Any]], order_by: str) -> None:
    """Sort by ``$orderby``, which works in practice [inferred]."""
    for part in reversed([part.split() for part in order_by.split(",") if part.strip()]):
        is_down = len(part) > 1 and part[1].lower() == "desc"
        rows.sort(key=partial(_text_at, part[0]), reverse=is_down)


def _text_at(name: str, row: Mapping[str, Any]) -> str:
    return str(row.get(name) or "")
