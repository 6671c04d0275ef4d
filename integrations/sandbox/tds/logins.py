"""Who may sign in to the server and what each login may do. Declared by a simulator, asked by ``connection``."""

from dataclasses import dataclass

from integrations.sandbox.tds.errors import SqlError, login_failed, no_permission, password_expired

ALL = frozenset({"*"})


@dataclass(slots=True)
class Login:
    """One SQL login. Grants are lower-case object names; ``ALL`` = every object."""

    name: str
    password: str
    writes: frozenset[str] = ALL
    executes: frozenset[str] = ALL
    reads: frozenset[str] = ALL
    is_expired: bool = False

    def may(self, verb: str, name: str) -> bool:
        """Say whether this login may SELECT, INSERT, UPDATE, DELETE or EXECUTE an object."""
        granted = {"SELECT": self.reads, "EXECUTE": self.executes}.get(verb, self.writes)
        return "*" in granted or name.lower() in granted

    def demand(self, verb: str, name: str, database: str) -> None:
        """Raise SqlError 229 where the permission is missing."""
        if "$" not in name and not self.may(verb, name):
            raise no_permission(verb, name, database)


def sign_in(logins: dict[str, Login], user: str, password: str) -> Login:
    """Return the login of right credentials. Raises SqlError 18456 or 18488."""
    login = logins.get(user.lower())
    if login is None or login.password != password:
        raise login_failed(user)
    if login.is_expired:
        raise password_expired(user)
    return login


def no_database(name: str) -> SqlError:
    return SqlError(
        4060, f'Cannot open database "{name}" requested by the login. The login failed.', severity=11
    )
