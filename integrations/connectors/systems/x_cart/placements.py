"""Puts products into categories and gives them their first images, through the 5.5 API. Called by the product writer.

Routes and fields are [inferred] from published classes of the 5.5 API. Categories are added and never taken away: what
the shop's staff put a product into stays. The shop keeps copies of images under names of its own, so that an image
cannot be recognised again: only a product without any gets them.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from integrations.connectors.errors import ConnectorError, MissingReference
from integrations.connectors.systems.x_cart.client import XCartClient, number
from integrations.connectors.systems.x_cart.list_writes import Api55Lists
from integrations.connectors.systems.x_cart.sku_index import AGE_LIMIT_SECONDS
from integrations.connectors.systems.x_cart.values import problem, text
from integrations.kinds import Kind

Call = tuple[str, dict[str, Any]]
"""Path and body of a POST."""


class Placements:
    """Categories and images of one shop's products. Thread safe.

    Which products a category holds is remembered for a while: it may be thousands, and every product asks for it.
    """

    def __init__(self, client: XCartClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._lists = Api55Lists(client)
        self._lock = threading.Lock()
        self._known: dict[str, str] = {}
        self._members: dict[str, tuple[float, set[str]]] = {}

    def refuse(self, fields: Mapping[str, Any]) -> None:
        """Raise MissingReference or Rejected for what cannot be placed, before a product is made."""
        self.categories(fields)
        _images(fields)

    def categories(self, fields: Mapping[str, Any]) -> list[str]:
        """Return the numbers of the wanted categories, each once. Raises MissingReference for one that is not there."""
        wanted = [str(each).strip() for each in fields.get("categories") or () if str(each or "").strip()]
        return list(dict.fromkeys(self._category(each) for each in wanted))

    def _category(self, wanted: str) -> str:
        if wanted.isdigit():
            return wanted
        if wanted.casefold() not in self._known:
            self._read()
        found = self._known.get(wanted.casefold())
        if found is None:
            raise MissingReference(f"The shop has no category {wanted!r}", kind="category", key=wanted)
        if not found:
            raise problem("categories[]", wanted, "is the name of several categories; give their numbers")
        return found

    def _read(self) -> None:
        """Remember the categories by name; a name that several have is kept as ''."""
        known: dict[str, str] = {}
        for row in self._lists.rows(Kind.CATEGORY):
            name = str(row.get("name") or "").casefold()
            known[name] = "" if name in known else str(row.get("id") or "")
        self._known = known

    def missing(
        self, product: Mapping[str, Any] | None, product_id: str, fields: Mapping[str, Any]
    ) -> list[Call]:
        """Return what a product lacks of its wanted places; ``product`` None = it was made a moment ago."""
        calls: list[Call] = []
        for category in self.categories(fields):
            path = f"categories/{number(category, 'category')}/products"
            if product is None or not self._holds(path, product_id):
                calls.append((path, {"product_id": int(product_id)}))
        if product is None or not product.get("images"):
            calls += [(f"products/{product_id}/images", body) for body in _images(fields)]
        return calls

    def _holds(self, path: str, product_id: str) -> bool:
        with self._lock:
            read_at, members = self._members.get(path, (None, set()))
            if read_at is None or self._clock() - read_at > AGE_LIMIT_SECONDS:
                members = {str(row.get("product_id")) for row in self._client.rows(path)}
                self._members[path] = (self._clock(), members)
            return product_id in members

    def carry_out(self, calls: list[Call]) -> bool:
        """Send what is missing. Return whether there was anything. Raises Rejected, OutcomeUnknown."""
        for path, body in calls:
            # Reference: published classes of the 5.5 API, "Add a product to a category", "Add an image to a product".
            try:
                self._client.send("POST", path, body)
            except ConnectorError:
                with self._lock:
                    self._members.pop(path, None)  # it may be in by now, or the category is gone
                raise
            with self._lock:
                if path in self._members:
                    self._members[path][1].add(str(body.get("product_id")))
        return bool(calls)


def _images(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    bodies = []
    for place, each in enumerate(fields.get("images") or ()):
        image = each if isinstance(each, Mapping) else {"url": each}
        url = text("images[].url", image.get("url") or "", 2000)
        if not url.startswith(("https://", "http://")):
            raise problem("images[].url", url, "must be a web address that the shop can reach")
        bodies.append(
            {"externalUrl": url, "alt": text("images[].alt", image.get("alt") or "", 255), "position": place}
        )
    return bodies
