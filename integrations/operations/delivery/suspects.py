"""What was in the hands of a worker when it died is served alone, one run in one process, nothing beside it.

Only a death alone counts against a run; the second puts it aside. One drain at a time looks after suspects, the others
go on: neighbours lose seconds, never their place.
"""

from integrations.operations.delivery.claim import Claim, claim_suspect
from integrations.stores import statements

SUSPECTS_NOTICE = b"suspects"
_ARE_THERE = """
SELECT EXISTS (SELECT 1 FROM run WHERE is_suspect AND is_head AND status IN ('queued', 'retrying', 'in_doubt')
               AND due_at <= now())
"""
# A session lock: it falls with the process that holds it.
_LOCK = "SELECT pg_try_advisory_lock(hashtext('connect_suspects'))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('connect_suspects'))"


class Suspects:
    """One drain's duty towards suspects; while ``are_sought`` it claims nothing else."""

    def __init__(self, worker: str, lease_seconds: float) -> None:
        self.are_sought = False
        self._worker, self._lease_seconds = worker, lease_seconds

    def look(self) -> None:
        """Take the duty when there are due suspects and no other drain has it."""
        if not self.are_sought and statements.fetch(_ARE_THERE, [])[0][0]:
            self.are_sought = bool(statements.fetch(_LOCK, [])[0][0])

    def claim(self) -> list[Claim]:
        """Claim one suspect; none left ends the duty."""
        claimed = claim_suspect(lease_seconds=self._lease_seconds, worker=self._worker)
        if not claimed:
            self.stop_looking()
        return claimed

    def stop_looking(self) -> None:
        if self.are_sought:
            self.are_sought = False
            statements.fetch(_UNLOCK, [])
