"""What each role may do, as one table; views and the API ask ``allows`` and nothing else."""

from enum import StrEnum

from integrations.kinds import Role


class Permission(StrEnum):
    VIEW = "view"
    OPERATE = "operate"
    """Retry, skip, release, sync, pause."""
    BUILD = "build"
    """Connections, pairs, flows, mappings."""
    OWN = "own"
    """Team, keys, plan."""
    AUDIT = "audit"


ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.OWNER: frozenset(Permission),
    Role.BUILDER: frozenset({Permission.VIEW, Permission.OPERATE, Permission.BUILD}),
    Role.OPERATOR: frozenset({Permission.VIEW, Permission.OPERATE}),
    Role.AUDITOR: frozenset({Permission.VIEW, Permission.AUDIT}),
}


def allows(role: Role, permission: Permission) -> bool:
    """Return whether a member with this role may do this."""
    return permission in ALLOWED[role]
