"""Which of the two APIs a shop speaks: said by the connection, or found out by the first call that needs it.

``auto`` costs a shop of 5.5 nothing: its API is asked first, and only a web page in place of an answer makes us
look for the classic one.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol, TypeVar

from integrations.connectors.base import CheckResult, Found, Page, WriteRequest, WriteResult
from integrations.connectors.errors import ConnectorError, Misconfigured, UnexpectedResponse
from integrations.kinds import Kind, Record

Told = TypeVar("Told")


class Shop(Protocol):
    """A shop through one dialect. The caller has checked that kind and verb are offered."""

    def check(self) -> Iterator[CheckResult]:
        """Yield the connection test's results."""

    def probe(self) -> None:
        """Ask for something small. Raises what the shop's answer means."""

    def read_changes(self, kind: Kind, cursor: Mapping[str, Any], now: datetime) -> Iterator[Page]:
        """Yield what changed since the cursor."""

    def fetch(self, kind: Kind, external_id: str) -> Record:
        """Return the present state. Raises NotFound."""

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return the cursor from which an initial load starts. Makes no call."""

    def locate(self, kind: Kind, key: str) -> str | None:
        """Return the id behind what people say."""

    def find(self, kind: Kind, natural_key: str, hint: Mapping[str, Any]) -> Found | None:
        """Look for a record by its key, or by all that a hint says of it."""

    def write(self, request: WriteRequest) -> WriteResult:
        """Write one record."""

    def close(self) -> None:
        """Close pooled connections. Idempotent."""


class ClassicLike(Shop, Protocol):
    """The classic dialect, which can say whether it is spoken at all."""

    def is_there(self) -> bool:
        """Say whether a classic API answers, whatever it thinks of our key."""


class Dialects:
    """Both dialects of one connection, and the one that is spoken. Thread safe."""

    def __init__(self, setting: str, api55: Shop, classic: ClassicLike) -> None:
        """Take the setting ``auto``, ``api55`` or ``classic``; another value is told by the first call."""
        self._api55 = api55
        self._classic = classic
        self._setting = setting
        self._lock = threading.Lock()
        chosen: dict[str, Shop] = {"api55": api55, "classic": classic}
        self._known: Shop | None = chosen.get(setting)

    def ask(self, act: Callable[[Shop], Told]) -> Told:
        """Do something through the dialect that is spoken. Raises what it raises."""
        known = self._spoken()
        if known is not None:
            return act(known)
        try:
            told = act(self._api55)
        except (Misconfigured, UnexpectedResponse) as error:
            if not _is_another_program(error) or not self._classic.is_there():
                raise
            self._settle(self._classic)
            return act(self._classic)
        self._settle(self._api55)
        return told

    def pages(self, start: Callable[[Shop], Iterator[Page]]) -> Iterator[Page]:
        """Yield pages; the first one tells the dialect."""

        def begin(shop: Shop) -> tuple[Page | None, Iterator[Page]]:
            pages = start(shop)
            return next(pages, None), pages

        first, rest = self.ask(begin)
        if first is not None:
            yield first
            yield from rest

    def history(self, kind: Kind, since: datetime | None) -> Mapping[str, Any]:
        """Return a cursor that both dialects can start from. Makes no call."""
        return {**self._classic.history(kind, since), **self._api55.history(kind, since)}

    def check(self) -> Iterator[CheckResult]:
        """Yield the connection test of the dialect that is spoken; of 5.5 where none is."""
        with suppress(ConnectorError):
            self.ask(lambda shop: shop.probe())
        with self._lock:
            spoken = self._known or self._api55
        yield from spoken.check()

    def close(self) -> None:
        self._api55.close()
        self._classic.close()

    def _spoken(self) -> Shop | None:
        if self._setting not in ("auto", "api55", "classic"):
            raise Misconfigured("There is no such API dialect", missing="dialect")
        with self._lock:
            return self._known

    def _settle(self, shop: Shop) -> None:
        with self._lock:
            self._known = self._known or shop


def _is_another_program(error: ConnectorError) -> bool:
    """Say whether something answered that is not the 5.5 API: a web page instead of JSON."""
    return isinstance(error, UnexpectedResponse) or (
        isinstance(error, Misconfigured) and error.missing == "base_url"
    )
