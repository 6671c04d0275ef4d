"""The Celery application: wake-ups, polls and sweeps. Truth is in rows; messages may be lost."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_init, worker_shutting_down
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# The checks import every page and form, which no worker serves; ``manage check`` and the web processes run them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

CONFIGURATION: dict[str, Any] = {
    "broker_url": settings.BROKER_URL or None,
    "broker_connection_retry_on_startup": True,
    "broker_transport_options": {
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "visibility_timeout": 3600,
    },
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "task_default_queue": "rest",
    "task_routes": {"integrations.tasks.drain": {"queue": "delivery"}},
    # A drain is one long task; a prefetched second one would wait behind it.
    "worker_prefetch_multiplier": 1,
    "worker_hijack_root_logger": False,
    "worker_send_task_events": False,
    "enable_utc": True,
    "timezone": "UTC",
    "beat_scheduler": "django_celery_beat.schedulers:DatabaseScheduler",
    "beat_max_loop_interval": 2,
    # Celery would close the connection around every task: a login each, dearer than most tasks. Ours are looked at
    # before each task as Django does before a request (``_drop_old_connections``).
    "CELERY_DB_REUSE_MAX": 1_000_000,
}
app = Celery("connect")
app.conf.update(CONFIGURATION)
app.autodiscover_tasks(["integrations"])


@worker_init.connect
def _prepare(**_: object) -> None:
    """Refuse to serve under a role that row security does not bind, then import what the children share."""
    from portal.checks import refuse_unbound_roles

    refuse_unbound_roles()
    _share_with_children()


@task_prerun.connect
def _drop_old_connections(**_: object) -> None:
    """Close what is broken or older than its time; what stays is asked whether it answers at its first use."""
    from django.db import close_old_connections

    close_old_connections()


def _share_with_children() -> None:
    """Import what every child needs before it is forked, and keep the collector off it: shared pages stay shared."""
    import integrations.connectors.transports.http
    import integrations.tasks  # noqa: F401
    from integrations.connectors import registry

    for system in _systems_in_use():
        registry.preload(system)
    gc.collect()
    gc.freeze()


def _systems_in_use() -> list[str]:
    """Return the systems that somebody has connected; none while the database does not answer."""
    from django.db import OperationalError, ProgrammingError, connections

    from integrations.models import Connection

    try:
        return list(Connection.across_tenants.values_list("system", flat=True).distinct().order_by("system"))
    except (OperationalError, ProgrammingError):
        return []
    finally:
        # A connection must not be shared with the children.
        connections.close_all()


@worker_shutting_down.connect
def _tell_drains(**_: object) -> None:
    """Ask this worker's drains to stop claiming; runs in the main process, which forked them."""
    from django.db import connection

    from integrations.tasks import is_shutting_down

    is_shutting_down.set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('connect_due', %s)", [f"stop:{os.getpid()}"])
