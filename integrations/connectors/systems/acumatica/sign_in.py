"""One sign-in per process and user, shared by its connectors: places of the licence are few, and each is given back.

Acumatica counts a cookie or token as an API user until it is signed out; so an idle sign-in is ended by a timer, the last
``close`` ends it, and so does the end of the process. A killed process leaves its place taken until Acumatica's own
limit (20 minutes, a token's hour). Used by ``client`` alone.
"""

import atexit
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Headers = Mapping[str, str]
LONGEST_WAIT_SECONDS = 130.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a call sends to be recognised, and which sign-in it belongs to."""

    headers: Headers
    number: int


@dataclass(eq=False)
class SharedSignIn:
    """The sign-in of one user at one instance. Thread safe; no remote call is made while its lock is held."""

    key: str
    sign_out: Callable[[Headers], None]
    idle_seconds: float
    _condition: threading.Condition = field(default_factory=threading.Condition)
    _headers: Headers | None = None
    _number: int = 0
    _users: int = 0
    _calls: int = 0
    _used_at: float = 0.0
    _is_signing_in: bool = False
    _timer: threading.Timer | None = None
    _busy_forms: set[str] = field(default_factory=set)

    # -- who uses it -------------------------------------------------------------------------------------

    def attach(self) -> None:
        with self._condition:
            self._users += 1

    def detach(self) -> Headers | None:
        """Leave; the last one out gets the headers of the sign-in that it must end."""
        with self._condition:
            self._users -= 1
            return self._taken() if self._users <= 0 else None

    @property
    def is_unused(self) -> bool:
        with self._condition:
            return self._users <= 0

    # -- calls -------------------------------------------------------------------------------------------

    def enter(self, sign_in: Callable[[], Headers], pause: Callable[[Callable[[], None]], None]) -> Ticket:
        """Return the ticket of a call that begins, signing in when nobody is; end it with :meth:`leave`.

        While another thread signs in this one waits inside ``pause``, which lets others compute.
        """
        while True:
            with self._condition:
                if self._headers is not None:
                    self._calls += 1
                    return Ticket(self._headers, self._number)
                is_mine = not self._is_signing_in
                self._is_signing_in = True
            if is_mine:
                return self._sign_in(sign_in)
            pause(self._wait_for_sign_in)

    def _sign_in(self, sign_in: Callable[[], Headers]) -> Ticket:
        headers: Headers | None = None
        try:
            headers = sign_in()
        finally:
            with self._condition:
                self._is_signing_in = False
                self._headers = headers
                if headers is not None:
                    self._number += 1
                    self._calls += 1
                    ticket = Ticket(headers, self._number)
                self._condition.notify_all()
        return ticket

    def _wait_for_sign_in(self) -> None:
        with self._condition:
            self._condition.wait_for(lambda: not self._is_signing_in, LONGEST_WAIT_SECONDS)

    def leave(self) -> None:
        """End a call; the last one starts the idle clock."""
        with self._condition:
            self._calls -= 1
            self._used_at = time.monotonic()
            is_idle = not self._calls and self._headers is not None
            if is_idle and self._timer is None:
                self._timer = threading.Timer(self.idle_seconds, self._end_idle)
                self._timer.daemon = True
                self._timer.start()

    def drop(self, ticket: Ticket) -> None:
        """Forget a sign-in that Acumatica has ended; a newer one stays."""
        with self._condition:
            if ticket.number == self._number:
                self._headers = None

    def _end_idle(self) -> None:
        """Sign out when nothing was called for the idle time, else look again when it is due."""
        with self._condition:
            self._timer = None
            left = self.idle_seconds - (time.monotonic() - self._used_at)
            headers = None
            if not self._calls and left <= 0:
                headers = self._taken()
            elif self._headers is not None:
                self._timer = threading.Timer(max(left, 0.05), self._end_idle)
                self._timer.daemon = True
                self._timer.start()
        if headers is not None:
            self.sign_out(headers)

    def _taken(self) -> Headers | None:
        """Return the headers of the sign-in to end; the condition is held."""
        headers, self._headers = self._headers, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return headers

    def end(self) -> None:
        """Sign out now, whoever uses it: the process ends."""
        with self._condition:
            headers = self._taken()
        if headers is not None:
            self.sign_out(headers)

    # -- forms -------------------------------------------------------------------------------------------

    def take_form(self, form: str, *, hold: bool) -> bool:
        """Return whether a form is free; ``hold`` keeps it for an operation until :meth:`free_form`."""
        with self._condition:
            if form in self._busy_forms:
                return False
            if hold:
                self._busy_forms.add(form)
            return True

    def free_form(self, form: str) -> None:
        with self._condition:
            self._busy_forms.discard(form)
            self._condition.notify_all()

    def wait_for_form(self, form: str) -> None:
        """Wait until an operation gives the form back."""
        with self._condition:
            self._condition.wait_for(lambda: form not in self._busy_forms, LONGEST_WAIT_SECONDS)


_lock = threading.Lock()
_shared: dict[str, SharedSignIn] = {}


def key_of(*parts: str) -> str:
    """Return the key under which connectors of the same user and instance share; tells nothing of its parts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def share(key: str, sign_out: Callable[[Headers], None], idle_seconds: float) -> SharedSignIn:
    """Return the process's sign-in for a key, attached to."""
    with _lock:
        found = _shared.get(key)
        if found is None:
            found = _shared[key] = SharedSignIn(key, sign_out, idle_seconds)
        found.attach()
        return found


def give_back(shared: SharedSignIn) -> None:
    """Detach; a sign-in that nobody uses is ended and forgotten."""
    with _lock:
        headers = shared.detach()
        if shared.is_unused:
            _shared.pop(shared.key, None)
    if headers is not None:
        shared.sign_out(headers)


@atexit.register
def _end_all() -> None:
    for shared in list(_shared.values()):
        shared.end()
