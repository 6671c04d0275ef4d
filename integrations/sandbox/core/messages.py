"""The values that pass between the HTTP server, the fault switches and a simulator."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

HTML_PAGE = (
    b"<!DOCTYPE html><html><head><title>Down for maintenance</title></head>"
    b"<body><h1>We will be back soon</h1></body></html>"
)


@dataclass(frozen=True)
class Request:
    """One HTTP request. Header names are lower case; ``path`` is decoded nowhere and carries no query."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        """Query parameters in order, decoded, blanks kept."""
        return parse_qsl(self.query_string, keep_blank_values=True)

    @cached_property
    def query(self) -> dict[str, str]:
        """Query parameters by name; of a repeated name the last one."""
        return dict(self.query_pairs)

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError."""
        return json.loads(self.body)


@dataclass(slots=True)
class Response:
    """One HTTP answer; Content-Length is added by the server."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of_json(cls, value: Any, status: int = 200, **headers: str) -> "Response":
        """Return ``value`` as JSON. Header keywords are written with underscores."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return cls(
            status,
            {"Content-Type": "application/json", **named},
            json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(),
        )

    @classmethod
    def of_html(cls, status: int = 200, body: bytes = HTML_PAGE) -> "Response":
        return cls(status, {"Content-Type": "text/html; charset=utf-8"}, body)


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection instead of answering; ``part`` is sent first as a torn answer."""

    part: Response | None = None


Answer = Response | Drop
