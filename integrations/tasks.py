"""Celery tasks: ids in, one operation, act on its decision. Losing a message loses seconds, no data."""

import logging
import multiprocessing

import psycopg
from celery import shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from integrations.operations import wake
from integrations.operations.arrivals import watch_silence, watch_webhooks
from integrations.operations.bulk_steps import advance_all
from integrations.operations.delivery.drain import Drain
from integrations.operations.demos import tend_demos
from integrations.operations.polling import PICK_UP_SECONDS, due_polls, poll_one
from integrations.operations.retention import retain
from integrations.operations.sweep import sweep
from integrations.operations.sync_steps import PICK_UP_SECONDS as STEP_PICK_UP_SECONDS
from integrations.operations.sync_steps import due_jobs, step

log = logging.getLogger("connect.tasks")

# Made before the pool forks: the worker's main process sets it, its drains see it, also while the database is away.
is_shutting_down = multiprocessing.get_context("fork").Event()


@shared_task(name="integrations.tasks.drain", expires=30)
def drain() -> int:
    """Serve due runs; one drain stays and listens. A database that went away is waited for, not given up."""
    served = 0
    while True:
        serving = Drain(
            threads=settings.DELIVERY_THREADS, lease_seconds=settings.LEASE_SECONDS, is_resident=True
        )
        try:
            return served + serving.run()
        except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
            served += serving.served
            log.warning("database is away: %s; trying again", type(error).__name__)
            connection.close()
            if is_shutting_down.wait(1.0):
                return served


@shared_task(name="integrations.tasks.sweep", expires=10)
def sweep_due() -> None:
    """Mend lapsed leases, release holds, start a drain when work waits and none serves it."""
    if sweep(max_drains=settings.DELIVERY_DRAINS).wants_drain:
        drain.delay()


@shared_task(name="integrations.tasks.poll_due", expires=10)
def poll_due() -> None:
    """Start one poll per due cursor."""
    for cursor_id in due_polls():
        poll.delay(cursor_id)


@shared_task(name="integrations.tasks.poll", expires=PICK_UP_SECONDS)
def poll(cursor_id: int) -> None:
    """Read one kind's changes of one connection into the inbox."""
    poll_one(cursor_id)


@shared_task(name="integrations.tasks.sync_due", expires=10)
def sync_due() -> None:
    """Start one step per sync job that is due."""
    for job_id in due_jobs(settings.SYNC_STEPS):
        sync_step.delay(job_id)


@shared_task(name="integrations.tasks.sync_step", expires=STEP_PICK_UP_SECONDS)
def sync_step(job_id: int) -> None:
    """Read one page of a sync job, or see how far its records are."""
    step(job_id)


@shared_task(name="integrations.tasks.bulk_due", expires=10)
def bulk_due() -> None:
    """Do one step of every bulk action that is due."""
    advance_all()


@shared_task(name="integrations.tasks.watch_webhooks", expires=30)
def webhooks_watched() -> None:
    """Note what arrived, and tell people when webhooks stop."""
    watch_webhooks()


@shared_task(name="integrations.tasks.watch_silence", expires=60)
def silence_watched() -> None:
    """Tell people when nothing arrives at all."""
    watch_silence()


@shared_task(name="integrations.tasks.retain", expires=60)
def retain_bodies() -> None:
    """Delete bodies that are older than their limit, for a few seconds a turn."""
    retain(seconds=5.0)


@shared_task(name="integrations.tasks.tend_demos", expires=60)
def demos_tended() -> None:
    """Close the demos that nobody looked at for a while, keep the addresses of the others."""
    tend_demos()


def _send_drain() -> None:
    drain.apply_async(retry=False, expires=30)


wake.use_broker(_send_drain)
