"""The state directory: where it is, the secrets made on the first start, and how others reach its files."""

import contextlib
import hashlib
import json
import os
import pwd
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROLES = ("owner", "web", "engine", "support")
# sun_path holds 107 bytes; PostgreSQL appends "/.s.PGSQL.5432.lock".
_LONGEST_SOCKET_DIRECTORY = 80


# Where data goes when the server's user cannot enter the state directory (root, and a directory of 0700).
_ELSEWHERE = Path("/var/lib/clarity-connect")
_OWNER_FILE = "state-directory"


@dataclass(frozen=True, slots=True)
class State:
    """One embedded installation. ``directory`` holds secrets, logs, ready.json; data may lie elsewhere."""

    directory: Path

    @classmethod
    def open(cls) -> "State":
        """Return the state of ``CONNECT_STATE_DIR``, by default ``.state`` beside the code."""
        directory = Path(os.environ.get("CONNECT_STATE_DIR") or ROOT / ".state").resolve()
        directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        for name in ("logs", "sandbox"):
            (directory / name).mkdir(exist_ok=True)
        return cls(directory)

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    @property
    def ready_file(self) -> Path:
        return self.directory / "ready.json"

    @property
    def server_user(self) -> pwd.struct_passwd | None:
        """Whom PostgreSQL runs as: nobody else when we are not root, else postgres or nobody."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise RuntimeError("PostgreSQL refuses to run as root and there is no user postgres or nobody")

    @property
    def data(self) -> Path:
        """Home of the database files: the state directory, or a place the server's user can reach."""
        user = self.server_user
        if user is None or is_reachable(self.directory, user):
            return self.directory
        marker = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        place = _ELSEWHERE / marker
        if not place.exists():
            _remove_orphans()
            place.mkdir(parents=True, exist_ok=True, mode=0o755)
            (place / _OWNER_FILE).write_text(str(self.directory))
        return place

    @property
    def sockets(self) -> Path:
        """A 0700 directory for the sockets, short enough for the kernel."""
        place = self.data / "run"
        if len(str(place)) > _LONGEST_SOCKET_DIRECTORY:
            marker = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
            place = Path("/tmp") / f"clarity-connect-{os.geteuid()}-{marker}"  # noqa: S108  0700, checked below
        place.mkdir(exist_ok=True, mode=0o700)
        if place.stat().st_uid not in (os.geteuid(), getattr(self.server_user, "pw_uid", -1)):
            raise RuntimeError(f"{place} belongs to somebody else")
        place.chmod(0o700)
        return place

    def secrets(self) -> dict[str, str]:
        """Return the installation's secrets, making those that are missing. The file is readable by us only."""
        path = self.directory / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        wanted = {
            "secret_key": secrets.token_urlsafe(48),
            "key_ring": f"k1:{_fresh_key()}",
            "redis_password": secrets.token_urlsafe(24),
            "demo_password": secrets.token_urlsafe(9),
            "support_password": secrets.token_urlsafe(9),
            "sandbox_token": secrets.token_urlsafe(18),
            "sandbox_hook_secret": secrets.token_urlsafe(32),
            "sandbox_store_key": secrets.token_urlsafe(18),
            "sandbox_site_key": secrets.token_urlsafe(18),
            "demo_api_key": f"cck_{secrets.token_urlsafe(30)}",
            **{f"db_{role}": secrets.token_urlsafe(24) for role in ("super", *ROLES)},
        }
        complete = {**wanted, **known}
        if complete != known:
            write_private(path, json.dumps(complete, indent=1))
        return complete


def _remove_orphans() -> None:
    """Remove data whose state directory was deleted: without its secrets nothing can read it."""
    for note in _ELSEWHERE.glob(f"*/{_OWNER_FILE}"):
        # Another start may be removing the same data right now: whoever comes second has nothing left to do.
        with contextlib.suppress(FileNotFoundError):
            if not Path(note.read_text()).exists():
                shutil.rmtree(note.parent, ignore_errors=True)


def _fresh_key() -> str:
    import base64

    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def write_private(path: Path, text: str) -> None:
    """Write a file that only we can read, replacing the old one in one step."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    fresh.write_text(text)
    fresh.replace(path)


def is_reachable(path: Path, user: pwd.struct_passwd) -> bool:
    """Return whether ``user`` may enter every directory on the way to ``path`` (as owner, group or other)."""
    for folder in (path, *path.parents):
        mode = folder.stat()
        if mode.st_uid == user.pw_uid:
            allowed = mode.st_mode & stat.S_IXUSR
        elif mode.st_gid == user.pw_gid:
            allowed = mode.st_mode & stat.S_IXGRP
        else:
            allowed = mode.st_mode & stat.S_IXOTH
        if not allowed:
            return False
    return True
