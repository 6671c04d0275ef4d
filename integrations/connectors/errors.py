"""The error tree: each class names the remedy, so that nobody above inspects text or status codes.

``message`` is a sentence for the tenant, ``detail``, ``code`` and ``request_id`` are for us. The retry
table (``integrations.flows.decision``) is keyed by these classes.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One refused value: which field, what it held, which rule it broke."""

    field: str
    value: str
    rule: str


class ConnectorError(Exception):
    """Anything a connector reports. Raise a subclass at the spot that knows the vendor."""

    remedy = "report"

    def __init__(self, message: str, *, detail: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail
        self.code = code
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.request_id} {self.message}" if self.request_id else self.message


class Transient(ConnectorError):
    """The other side or the path is down and nothing was sent that could change it."""

    remedy = "retry"


class RateLimited(ConnectorError):
    """We are too fast. ``retry_after_seconds`` is the vendor's word, or None where it gave none.

    ``is_remote`` False is our own limiter's: the system has refused nothing and was not asked.
    """

    remedy = "wait"

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        is_remote: bool = True,
        detail: str = "",
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, detail=detail, code=code, request_id=request_id)
        self.retry_after_seconds = retry_after_seconds
        self.is_remote = is_remote


class OutcomeUnknown(ConnectorError):
    """A write began to be sent and its answer is missing or unreadable: find before writing again."""

    remedy = "find_first"


class AuthFailed(ConnectorError):
    """Credentials were refused. ``field`` names the setting to mend where the vendor tells."""

    remedy = "fix_connection"

    def __init__(
        self, message: str, *, field: str = "", detail: str = "", code: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, detail=detail, code=code, request_id=request_id)
        self.field = field


class Misconfigured(ConnectorError):
    """Wrong version, path, permission or set-up. ``missing`` names what is missing."""

    remedy = "fix_flow"

    def __init__(
        self, message: str, *, missing: str = "", detail: str = "", code: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, detail=detail, code=code, request_id=request_id)
        self.missing = missing


class Rejected(ConnectorError):
    """The record breaks a rule of the target; ``problems`` name field, value and rule."""

    remedy = "fix_record"

    def __init__(
        self,
        message: str,
        *,
        problems: tuple[FieldProblem, ...] = (),
        detail: str = "",
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, detail=detail, code=code, request_id=request_id)
        self.problems = problems


class MissingReference(ConnectorError):
    """The record points at something not linked or mapped yet: (``kind``, ``key``) releases the hold."""

    remedy = "hold"

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        key: str,
        detail: str = "",
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, detail=detail, code=code, request_id=request_id)
        self.kind = kind
        self.key = key


class NotFound(ConnectorError):
    """The addressed record does not exist."""

    remedy = "fix_record"


class Duplicate(ConnectorError):
    """It exists already; ``existing_id`` is empty where the vendor does not tell."""

    remedy = "adopt"

    def __init__(
        self,
        message: str,
        *,
        existing_id: str = "",
        detail: str = "",
        code: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, detail=detail, code=code, request_id=request_id)
        self.existing_id = existing_id


class UnexpectedResponse(ConnectorError):
    """The answer does not fit the contract. Raised for reads; a write raises OutcomeUnknown instead."""

    remedy = "report"


class BadSignature(ConnectorError):
    """An inbound message is not proven genuine. ``reason`` is one of the words counted in quarantine."""

    remedy = "drop"

    def __init__(self, message: str, *, reason: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.reason = reason
