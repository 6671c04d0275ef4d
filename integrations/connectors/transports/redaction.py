"""Takes secrets out of what a person may see of a remote call: exchanges and errors of the transports."""

from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

REMOVED = "•••"
KEPT_CHARACTERS = 16_000
SHORTEST_SECRET = 4
"""Shorter values would blank out half of every text."""

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-auth-token", "x-api-key"}
)


class Redaction:
    """Knows the secrets of one connection."""

    def __init__(self, secrets: Iterable[str], secret_headers: Iterable[str] = ()) -> None:
        values = {secret for secret in secrets if secret and len(secret) >= SHORTEST_SECRET}
        forms = values | {quote(value, safe="") for value in values} | {quote_plus(value) for value in values}
        # Longest first, or a secret that contains another would leave its rest behind.
        self._forms = sorted(forms, key=len, reverse=True)
        self._headers = SECRET_HEADERS | {name.lower() for name in secret_headers}

    def text(self, text: str) -> str:
        """Return the text with every known secret replaced, cut to a size worth keeping."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, REMOVED)
        if len(text) > KEPT_CHARACTERS:
            return f"{text[:KEPT_CHARACTERS]}\n[{len(text) - KEPT_CHARACTERS} characters more]"
        return text

    def headers(self, headers: Mapping[str, str]) -> str:
        """Return headers as lines, values of secret ones replaced."""
        return "\n".join(
            f"{name}: {REMOVED if name.lower() in self._headers else self.text(value)}"
            for name, value in headers.items()
        )
