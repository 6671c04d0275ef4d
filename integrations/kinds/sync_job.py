"""Sync jobs in words: what a job does with the records it finds, and where it stands."""

from enum import StrEnum

from integrations.kinds.status import Family, StatusInfo


class SyncMode(StrEnum):
    """What a job does with the records it finds."""

    INITIAL_LOAD = "initial_load"
    BACKFILL = "backfill"
    TARGETED = "targeted"
    MATCH_ONLY = "match_only"

    @property
    def label(self) -> str:
        return _MODES[self][0]

    @property
    def help(self) -> str:
        return _MODES[self][1]


_MODES: dict[SyncMode, tuple[str, str]] = {
    SyncMode.INITIAL_LOAD: ("Initial load", "Brings in older records that were never linked."),
    SyncMode.BACKFILL: (
        "Backfill",
        "Sends everything that changed in a period once more; what is the same on both sides is skipped.",
    ),
    SyncMode.TARGETED: ("Sync now", "Sends single records by their number or id, ahead of bulk work."),
    SyncMode.MATCH_ONLY: (
        "Match only",
        "Links what exists on both sides and lists what is missing. Nothing is created or changed.",
    ),
}


class SyncStatus(StrEnum):
    """Where a job stands."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def info(self) -> StatusInfo:
        return SYNC_STATUSES[self]

    @classmethod
    def unfinished(cls) -> tuple["SyncStatus", ...]:
        return tuple(status for status in cls if not status.info.is_final)


def _info(
    label: str, family: Family, icon: str, *following: SyncStatus, is_final: bool = False
) -> StatusInfo:
    return StatusInfo(label, family, icon, is_final, frozenset(following))


SYNC_STATUSES: dict[SyncStatus, StatusInfo] = {
    SyncStatus.RUNNING: _info(
        "Running",
        Family.BLUE,
        "refresh",
        SyncStatus.PAUSED,
        SyncStatus.FINISHED,
        SyncStatus.CANCELLED,
        SyncStatus.FAILED,
    ),
    SyncStatus.PAUSED: _info("Paused", Family.GREY, "player-pause", SyncStatus.RUNNING, SyncStatus.CANCELLED),
    SyncStatus.FINISHED: _info("Finished", Family.GREEN, "check", is_final=True),
    SyncStatus.CANCELLED: _info("Cancelled", Family.GREY, "ban", is_final=True),
    SyncStatus.FAILED: _info("Stopped", Family.RED, "alert-triangle", is_final=True),
}
