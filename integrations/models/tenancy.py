"""The tenant a thread works for, and the model base that fails loudly without one.

Row-level security repeats the same rule inside PostgreSQL; this half gives the readable error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction

_current: ContextVar[int | None] = ContextVar("tenant_id", default=None)


class TenantRequired(RuntimeError):
    """A tenant's table was asked without saying whose rows are meant."""


def current_tenant_id() -> int:
    """Return the id set by :func:`in_tenant`. Raises TenantRequired."""
    tenant_id = _current.get()
    if tenant_id is None:
        raise TenantRequired("no tenant is set; wrap the call in in_tenant(tenant_id)")
    return tenant_id


@contextmanager
def in_tenant(tenant_id: int) -> Iterator[None]:
    """Open a transaction in which only this tenant's rows exist.

    Nests; leaving restores the outer tenant. Keep remote calls out of it.
    """
    outer = _current.get()
    token = _current.set(tenant_id)
    try:
        with transaction.atomic():
            _announce(tenant_id)
            yield
            if connection.in_atomic_block and outer is not None and outer != tenant_id:
                _announce(outer)
    finally:
        _current.reset(token)


def _announce(tenant_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(tenant_id)])


class TenantManager(models.Manager[Any]):
    """Only the current tenant's rows; creating fills the tenant in."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().filter(tenant_id=current_tenant_id())

    def create(self, **values: Any) -> Any:
        if "tenant" not in values and "tenant_id" not in values:
            values["tenant_id"] = current_tenant_id()
        return super().create(**values)


class TenantModel(models.Model):
    """Base of every tenant table. Composite keys and policies come from ``integrations.migrations.tenant``.

    ``across_tenants`` is for the engine and for the owner role; the web role sees no more through it.
    """

    tenant = models.ForeignKey("integrations.Tenant", models.PROTECT, db_index=False, related_name="+")

    objects = TenantManager()
    across_tenants = models.Manager()  # noqa: DJ012  a manager, not a field

    class Meta:
        abstract = True


if TYPE_CHECKING:
    # The type checker's plugin knows what a plain foreign key gives; ours differs in the database only.
    TenantKey = models.ForeignKey
else:

    class TenantKey(models.ForeignKey):
        """A reference inside tenant data; the database holds it as (tenant_id, id) -> (tenant_id, id)."""

        def __init__(self, to: Any, on_delete: Any, **options: Any) -> None:
            # The composite constraint made after migrate replaces Django's single-column one.
            options["db_constraint"] = False
            options.setdefault("related_name", "+")
            options.setdefault("db_index", False)
            super().__init__(to, on_delete, **options)
