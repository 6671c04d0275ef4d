"""The simulated installation: its company, keys, clock and state, handed to every operation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from integrations.sandbox.core.state import State


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Installation:
    """One Dynamics SL application database behind one ctAPI site configuration."""

    state: State
    cpny_id: str = "0060"
    site_id: str = "DEFAULT"
    site_key: str = "sandbox-site-key"
    license_key: str = ""
    """Empty = any licence is good."""
    api_key: str = ""
    """Sign-in of the REST service, as ctConfigEditor keeps it."""
    api_secret: str = ""
    time_zone: str = "UTC"
    warehouse: str = "MAIN"
    closed_through: str = ""
    """The last closed period (yyyymm); empty = all are open."""
    has_duplicates: bool = False
    """Whether the change queue gets each entry twice."""
    clock: Callable[[], datetime] = utc_now

    def local_now(self) -> datetime:
        """Return wall-clock time of the server; SL stores no zone."""
        return self.clock().astimezone(ZoneInfo(self.time_zone)).replace(tzinfo=None)

    def minute(self) -> str:
        """Return now as ``LUpd_DateTime`` holds it: smalldatetime, cut to the minute."""
        return self.local_now().strftime("%Y-%m-%dT%H:%M:00")

    def today(self) -> str:
        return self.local_now().strftime("%Y-%m-%dT00:00:00")

    def period(self) -> str:
        """Return the current period: the calendar month, as the fiscal year of this company begins in January."""
        return self.local_now().strftime("%Y%m")

    def stamps(self, *, is_new: bool) -> dict[str, str]:
        """Return the audit columns of a row written now."""
        stamps = {"LUpd_DateTime": self.minute(), "LUpd_Prog": "CTAPI", "LUpd_User": "SYSADMIN"}
        if is_new:
            stamps |= {"Crtd_DateTime": self.minute(), "Crtd_Prog": "CTAPI", "Crtd_User": "SYSADMIN"}
        return stamps
