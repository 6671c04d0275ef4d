"""How a person comes to belong to a tenant: the one who makes a company owns it. Called by the start page."""

from django.db import transaction

from integrations.kinds import Role
from integrations.models import Tenant, in_tenant
from integrations.operations import audit, tenants
from integrations.operations.audit import Actor
from portal.accounts.models import Membership, User


def found_company(user: User, name: str, *, timezone: str, currency: str) -> Tenant:
    """Create a tenant with this user as its owner, both or neither."""
    with transaction.atomic():
        tenant = tenants.create_tenant(name, timezone=timezone, currency=currency)
        with in_tenant(tenant.pk):
            Membership.objects.create(user=user, role=Role.OWNER.value)
            audit.record(Actor(user.email), "tenant.created", f"tenant {tenant.pk}", name)
    return tenant
