"""Bulk actions in words: what is done to many runs at once, how a retry begins, and where an action stands."""

from enum import StrEnum

from integrations.kinds.status import Family, StatusInfo


class BulkDeed(StrEnum):
    """What is done to each run."""

    RETRY = "retry"
    SKIP = "skip"
    RELEASE = "release"
    """Held runs whose condition was met go on; in chunks, so that it is seen how far they are."""
    EDIT = "edit"
    """The same change to each record that holds the same values, and the run goes with it."""

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def sends(self) -> bool:
        """Whether it puts runs on their way, whose end is then awaited."""
        return self in (BulkDeed.RETRY, BulkDeed.EDIT)


class RetryVersion(StrEnum):
    """With which version of its flow a run is retried."""

    SAME = "same"
    LATEST = "latest"


class RetryStart(StrEnum):
    """What a retry takes over from the attempts before. Written records, links and references are always kept."""

    USUAL = "usual"
    """As the run would go by itself: the record that came with the event or was edited, else a fresh look."""
    FAILED_STEP = "failed_step"
    """The record as it was read, and as it was mapped where it came so far."""
    FIRST_STEP = "first_step"
    """The record is read from the source again; edits are left behind."""


class StartFrom(StrEnum):
    """What a run's next attempts begin with, as the run row says it."""

    USUAL = ""
    RECORD = "record"
    """The source record that an earlier attempt read."""
    MAPPED = "mapped"
    """That, and the target record that was made of it."""
    SOURCE = "source"
    """A fresh look at the source; edits are left behind."""


class BulkStatus(StrEnum):
    """Where a bulk action stands."""

    TRYING = "trying"
    """One run goes first; the others wait for it."""
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """The first one did not succeed, or the others could not be checked: nothing more is touched."""

    @property
    def info(self) -> StatusInfo:
        return BULK_STATUSES[self]

    @classmethod
    def unfinished(cls) -> tuple["BulkStatus", ...]:
        return tuple(status for status in cls if not status.info.is_final)


def _info(
    label: str, family: Family, icon: str, *following: BulkStatus, is_final: bool = False
) -> StatusInfo:
    return StatusInfo(label, family, icon, is_final, frozenset(following))


BULK_STATUSES: dict[BulkStatus, StatusInfo] = {
    BulkStatus.TRYING: _info(
        "Trying one first",
        Family.BLUE,
        "refresh",
        BulkStatus.RUNNING,
        BulkStatus.FINISHED,
        BulkStatus.CANCELLED,
        BulkStatus.STOPPED,
    ),
    BulkStatus.RUNNING: _info(
        "Running", Family.BLUE, "refresh", BulkStatus.FINISHED, BulkStatus.CANCELLED, BulkStatus.STOPPED
    ),
    BulkStatus.FINISHED: _info("Finished", Family.GREEN, "check", is_final=True),
    BulkStatus.CANCELLED: _info("Cancelled", Family.GREY, "ban", is_final=True),
    BulkStatus.STOPPED: _info("Stopped", Family.RED, "alert-triangle", is_final=True),
}
