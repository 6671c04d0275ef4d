"""The drain: one per worker process, it serves everyone's due runs until nothing is due.

The draining thread does all SQL, set-based; the crew's threads map and speak to remote systems. Runs are handed
to the crew as slots free, never in batches. Started by ``integrations.tasks``.
"""

import heapq
import logging
import os
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import connection

from integrations.connectors import registry
from integrations.flows.ports import LeaseLost
from integrations.flows.runner import run_record
from integrations.flows.together import batch_size, run_together
from integrations.operations import limits
from integrations.operations.delivery import claim as claims
from integrations.operations.delivery.claim import Claim
from integrations.operations.delivery.courier import Courier, RunPorts
from integrations.operations.delivery.crew import Crew
from integrations.operations.delivery.defects import defect_outcome, finish_all
from integrations.operations.delivery.finish import Finished
from integrations.operations.delivery.gate import ConnectorPool, Lease
from integrations.operations.delivery.prefetch import Job, Prefetcher
from integrations.operations.delivery.suspects import SUSPECTS_NOTICE, Suspects
from integrations.operations.limits import Grant, Purse
from integrations.operations.wake import listen

if TYPE_CHECKING:
    import psycopg

log = logging.getLogger("connect.drain")

FLUSH_RUNS = 50
FLUSH_SECONDS = 0.02
_LONGEST_RENEW_SECONDS = 10.0
_BEAT_SECONDS = 5.0
# A claim without a notice: what another process made due is found by then at the latest.
_LOOK_SECONDS = 5.0
_CLOSING_SECONDS = 0.02
# Under a flood a claim takes a batch instead of one run: it follows the one before after this time, no sooner.
_CLAIM_GAP_SECONDS = 0.008
# Calls older than this hang: their connections get no further ones here, and threads beyond the slots carry them, up to
# so many times the slots, so that fifty systems that hang until their timeout do not delay the others.
_SLOW_SECONDS = 3.0
_SLOW_SHARE = 3
# How long a thread waits for a rate token before its run goes back to the queue.
_TOKEN_SECONDS = 2.0
# How long an idle drain stays to hear the next notice before its process is given back.
_LINGER_SECONDS = 5.0
_SWITCH_SECONDS = 0.0005


class Bell:
    """Wakes the selector from threads of the crew."""

    def __init__(self) -> None:
        self._hear, self._ring = socket.socketpair()
        self._hear.setblocking(False)
        self._ring.setblocking(False)

    def fileno(self) -> int:
        return self._hear.fileno()

    def ring(self) -> None:
        try:
            self._ring.send(b"1")
        except BlockingIOError:
            return  # enough rings are waiting already

    def hush(self) -> None:
        try:
            while self._hear.recv(4096):
                continue
        except BlockingIOError:
            return

    def close(self) -> None:
        self._hear.close()
        self._ring.close()


class Drain:
    """One process's serving. ``run`` returns when it is idle, a resident one only while another is live.

    One drain always stays and listens, so that deliveries go on while the broker is gone.
    """

    def __init__(self, *, threads: int, lease_seconds: float, is_resident: bool = False) -> None:
        self.threads = threads
        self.is_resident = is_resident
        self.lease_seconds = lease_seconds
        # Three renewals fit into a lease: a short one must not lapse while its worker is alive.
        self.renew_seconds = min(_LONGEST_RENEW_SECONDS, lease_seconds / 3)
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self.bell = Bell()
        self.crew = Crew(threads * (1 + _SLOW_SHARE))
        self.courier = Courier(self.bell.ring, self.crew)
        self.purse = Purse(self._borrow_tokens, patience_seconds=_TOKEN_SECONDS)
        self.connectors = ConnectorPool(self.purse, self.courier.ask)
        self.prefetcher = Prefetcher()
        self.in_flight: dict[int, tuple[Job, Lease]] = {}
        self.serving: set[int] = set()
        """The runs that threads are about; what is written by another one's call is not among them."""
        self.ended: deque[Finished | int] = deque()
        """What threads ended, or gave up with their lease (its run id)."""
        self.ended_since: float | None = None
        self.after_pair = 0
        self.due_times: list[float] = []
        self.suspects = Suspects(self.name, lease_seconds)
        self.served = 0
        self.is_stopping = False

    def run(self) -> int:
        """Serve until idle; returns how many runs were finished."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        listener = listen()
        selector = selectors.DefaultSelector()
        selector.register(self.bell, selectors.EVENT_READ)
        selector.register(listener.fileno(), selectors.EVENT_READ)
        try:
            self._beat()
            self._loop(selector, listener)
        finally:
            self._shut_down()
            selector.close()
            listener.close()
            self.bell.close()
        return self.served

    def _loop(self, selector: selectors.BaseSelector, listener: "psycopg.Connection[Any]") -> None:
        now = time.monotonic()
        renew_at, beat_at, idle_since = now + self.renew_seconds, now + _BEAT_SECONDS, now
        wants_claim, claim_at, claimed_at, gap = True, now, now - 1.0, _CLAIM_GAP_SECONDS
        while True:
            self.courier.serve()
            if self._collect():
                wants_claim = True
            now = time.monotonic()
            if (wants_claim and now >= claimed_at + gap) or now >= claim_at:
                claimed_at, share = now, claims.share_of(self._free())
                taken = 0 if self.is_stopping else self._claim()
                # No pair gave its whole share: what is due is taken; the next notice or due time asks again.
                wants_claim = taken >= share and self._free() > 0
                gap = _CLAIM_GAP_SECONDS if taken else 2 * _CLAIM_GAP_SECONDS
                claim_at = now + self._pause() if not wants_claim else now
                if taken:
                    idle_since = now
            if now >= renew_at:
                self._renew()
                renew_at = now + self.renew_seconds
            if now >= beat_at:
                self._beat()
                beat_at = now + _BEAT_SECONDS
            if self.in_flight:
                idle_since = now
            elif self.is_stopping or (now - idle_since > _LINGER_SECONDS and claim_at - now > 1.0):
                if self.is_stopping or self._leave():
                    return
                wants_claim, idle_since = True, now
            until = min(renew_at, beat_at, claim_at)
            if not self.in_flight:
                until = min(until, idle_since + _LINGER_SECONDS + 0.001)
            if self.ended_since is not None:
                until = min(until, self.ended_since + FLUSH_SECONDS)
            if wants_claim:
                until = min(until, claimed_at + gap)
            if self._wait(selector, listener, max(0.0, until - time.monotonic())):
                wants_claim = True

    def _wait(
        self, selector: selectors.BaseSelector, listener: "psycopg.Connection[Any]", seconds: float
    ) -> bool:
        """Sleep until something happens; True when runs may have become due."""
        noticed = False
        for key, _ in selector.select(seconds):
            if key.fd == self.bell.fileno():
                self.bell.hush()
            else:
                noticed = self._hear(listener)
        return noticed

    def _hear(self, listener: "psycopg.Connection[Any]") -> bool:
        listener.pgconn.consume_input()
        heard = False
        while (notice := listener.pgconn.notifies()) is not None:
            if notice.extra == b"stop:" + str(os.getppid()).encode():
                self.is_stopping = True
            elif notice.extra == SUSPECTS_NOTICE:
                self.suspects.look()
            heard = True
        return heard

    def _slow(self) -> list[Job]:
        """Return the jobs whose calls hang."""
        limit = time.monotonic() - _SLOW_SECONDS
        return [
            job
            for job, lease in self.in_flight.values()
            if lease.started < limit and job.claim.batch_of is None
        ]

    def _free(self) -> int:
        """Return how many further runs may be taken; those that hang take up none of the slots."""
        return self.threads - len(self.serving) + min(len(self._slow()), self.threads * _SLOW_SHARE)

    def _claim(self) -> int:
        if self.suspects.are_sought:
            return self._claim_suspect()
        free = self._free()
        if free <= 0:
            return 0
        hanging = {
            connection_id
            for job in self._slow()
            for connection_id in (job.claim.storefront_id, job.claim.erp_id)
        }
        failing = sum(job.claim.is_failing for job, _ in self.in_flight.values())
        claimed = claims.claim(
            free=free,
            lease_seconds=self.lease_seconds,
            after_pair=self.after_pair,
            worker=self.name,
            avoid=hanging,
            failing=max(1, self.threads // 2) - failing,
        )
        if not claimed:
            return 0
        self.after_pair = claimed[-1].pair_id
        self._start(claimed)
        return len(claimed)

    def _claim_suspect(self) -> int:
        """Serve what a dead worker left, one run with nothing beside it; the rest waits for a moment."""
        if self.in_flight:
            if self._slow():
                # A call that hangs would hold everybody up; another drain takes the duty, or this one a moment later.
                self.suspects.stop_looking()
            return 0
        claimed = self.suspects.claim()
        self._start(claimed)
        return len(claimed)

    def _start(self, claimed: Sequence[Claim]) -> None:
        for job in self.prefetcher.jobs(claimed):
            lease = Lease(self.lease_seconds)
            jobs = [job, *self._along(job)]
            self.in_flight.update((one.claim.id, (one, lease)) for one in jobs)
            self.serving.add(job.claim.id)
            self.crew.submit(partial(self._serve, jobs, lease))

    def _along(self, job: Job) -> list[Job]:
        """Return what one call writes together with a job's record, claimed."""
        target = registry.get_spec(job.accesses[job.task.flow.direction.target].system)
        count = batch_size(job.task, target) - 1
        if count < 1:
            return []
        claimed = claims.claim_along(job.claim, count, lease_seconds=self.lease_seconds, worker=self.name)
        return self.prefetcher.jobs(claimed) if claimed else []

    def _serve(self, jobs: Sequence[Job], lease: Lease) -> None:
        """Serve a run, or several with one call, in a thread of the crew."""
        started = datetime.now(UTC)
        served: list[tuple[Job, RunPorts]] = []
        for job in jobs:
            lead = served[0][1] if served else None
            ports = RunPorts(job.task, job.accesses, self.courier, self.connectors, lease, job.own_link, lead)
            served.append((job, ports))
        ended: list[Finished | int]
        try:
            outcomes = (
                run_together([(job.task, ports) for job, ports in served])
                if len(served) > 1
                else [run_record(job.task, ports) for job, ports in served]
            )
            now = datetime.now(UTC)
            ended = [
                Finished(job, outcome, started, now) for job, outcome in zip(jobs, outcomes, strict=True)
            ]
        except LeaseLost:
            # Nothing was sent and nothing may be written down: whoever has the run now looks first.
            ended = [job.claim.id for job in jobs]
        except Exception as error:
            claim = jobs[0].claim
            log.exception("serving failed run_id=%s tenant_id=%s", claim.id, claim.tenant_id)
            now = datetime.now(UTC)
            ended = [
                Finished(job, defect_outcome(job.task, error, ports), started, now) for job, ports in served
            ]
        finally:
            for _, ports in served:
                ports.close()
        self.serving.discard(jobs[0].claim.id)
        self.ended.extend(ended)
        count = len(self.ended)
        # The drain wakes for the first one and for a full batch; what comes between is fetched with them.
        if count == len(ended) or count >= FLUSH_RUNS or count >= len(self.in_flight):
            self.bell.ring()

    def _collect(self) -> bool:
        """Flush what threads ended at 50 runs, after 20 ms or when nothing else is under way; True when it did."""
        if not self.ended:
            return False
        if self.ended_since is None:
            self.ended_since = time.monotonic()
        is_due = time.monotonic() - self.ended_since >= FLUSH_SECONDS
        if not (is_due or len(self.ended) >= min(FLUSH_RUNS, len(self.in_flight))):
            return False
        batch = []
        for _ in range(len(self.ended)):
            one = self.ended.popleft()
            self.in_flight.pop(one if isinstance(one, int) else one.job.claim.id, None)
            if isinstance(one, Finished):
                batch.append(one)
        if batch:
            self._flush(batch)
        # What ended meanwhile rang no bell: it was not the first.
        self.ended_since = time.monotonic() if self.ended else None
        return True

    def _flush(self, batch: list[Finished]) -> None:
        self.served += finish_all(batch)
        now = time.monotonic()
        for one in batch:
            if one.outcome.delay_seconds > 0:
                heapq.heappush(self.due_times, now + one.outcome.delay_seconds)

    def _pause(self) -> float:
        """Return seconds until the next claim is worth it without a notice."""
        now = time.monotonic()
        while self.due_times and self.due_times[0] <= now:
            heapq.heappop(self.due_times)
        if self._free() <= 0 or not self.due_times:
            return _LOOK_SECONDS
        return min(max(self.due_times[0] - now, 0.005), _LOOK_SECONDS)

    def _borrow_tokens(self, connection_id: int, wanted: int) -> Grant:
        grant: Grant = self.courier.ask("tokens", (connection_id, wanted))
        return grant

    def _return_tokens(self) -> None:
        for connection_id, tokens in self.purse.empty().items():
            limits.give_back(connection_id, tokens)

    def _renew(self) -> None:
        runs = {run_id: job.claim.fence for run_id, (job, _) in self.in_flight.items()}
        if not runs:
            return
        asked = time.monotonic()
        ours = claims.renew(runs, self.lease_seconds)
        for run_id, (_, lease) in self.in_flight.items():
            if run_id in ours:
                lease.deadline = asked + self.lease_seconds
        self.connectors.close_stale(self.prefetcher.current_revisions())

    def _beat(self) -> None:
        self.suspects.look()
        self._return_tokens()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO drain_slot (worker) VALUES (%s) ON CONFLICT (worker) DO UPDATE SET heartbeat_at = now()",
                [self.name],
            )

    def _leave(self) -> bool:
        """Drop the slot, then claim once more: a wake-up that still saw the slot is not lost."""
        with connection.cursor() as cursor:
            cursor.execute(
                # Locked in one order, so that of two idle residents exactly one sees the other go.
                "WITH live AS (SELECT worker FROM drain_slot WHERE heartbeat_at > now() - interval '15 seconds'"
                " ORDER BY worker FOR UPDATE)"
                " DELETE FROM drain_slot WHERE worker = %s AND (NOT %s OR (SELECT count(*) FROM live) > 1)",
                [self.name, self.is_resident],
            )
            if cursor.rowcount == 0:
                return False
        if self._claim():
            self._beat()
            return False
        return True

    def _shut_down(self) -> None:
        self.crew.close()
        while not self.crew.has_ended(_CLOSING_SECONDS):
            # What is under way may still ask.
            self.courier.serve()
        self.ended_since = 0.0
        self._collect()
        self._return_tokens()
        self.suspects.stop_looking()
        if unsent := {run_id: job.claim.fence for run_id, (job, _) in self.in_flight.items()}:
            claims.give_back(unsent)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM drain_slot WHERE worker = %s", [self.name])
        self.connectors.close()
