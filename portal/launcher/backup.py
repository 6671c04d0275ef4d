"""``./connect backup`` and ``restore``: database, key ring and sandbox state in one archive.

Without the key ring every credential and payload in the database is lost, so it is always inside; whoever
holds the archive holds everything.
"""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path

from portal.launcher.postgres import DATABASE, Postgres
from portal.launcher.services import borrowed
from portal.launcher.state import State, write_private

FORMAT = 1

# What the simulators hold, and which demos there are: wishes, the pairs made for them, their ports.
_SANDBOX_FILES = (
    "sandbox/*.sqlite*",
    "sandbox/demo-slots.json",
    "sandbox/demos/*.wish",
    "sandbox/demos/*.pair",
)


def backup(arguments: Sequence[str]) -> int:
    """Write an archive readable by us only. The installation may be up."""
    if len(arguments) != 1:
        print("usage: ./connect backup FILE", file=sys.stderr)
        return 2
    target = Path(arguments[0]).resolve()
    state = State.open()
    with borrowed(state) as services:
        postgres = _embedded(services.postgres)
        # pg_dump under a role that row security binds fails or dumps nothing: the superuser bypasses it.
        dump = subprocess.run(
            [
                str(postgres.bin / "pg_dump"),
                "--format=custom",
                "--no-owner",
                "--dbname",
                postgres.url("super"),
            ],
            capture_output=True,
            check=True,
        ).stdout
    fresh = target.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    with tarfile.open(fresh, "w:gz") as archive:
        _add(archive, "manifest.json", json.dumps({"format": FORMAT}).encode())
        _add(archive, "secrets.json", (state.directory / "secrets.json").read_bytes())
        _add(archive, "database.dump", dump)
        for kept in _SANDBOX_FILES:
            for file in sorted(state.directory.glob(kept)):
                archive.add(file, str(file.relative_to(state.directory)))
    fresh.replace(target)
    print(f"{target}: database, key ring and sandboxes, {target.stat().st_size / 1e6:.1f} MB.")
    print("It holds the key ring: whoever has this file can read every credential. Keep it safe.")
    return 0


def restore(arguments: Sequence[str]) -> int:
    """Bring an archive back into an empty state directory. Refuses one that holds an installation."""
    if len(arguments) != 1:
        print("usage: ./connect restore FILE", file=sys.stderr)
        return 2
    source = Path(arguments[0]).resolve()
    state = State.open()
    if (state.directory / "secrets.json").exists():
        print(
            f"connect: {state.directory} is not empty; restore needs an empty CONNECT_STATE_DIR",
            file=sys.stderr,
        )
        return 1
    with tarfile.open(source) as archive:
        manifest = json.loads(_read(archive, "manifest.json"))
        if manifest["format"] != FORMAT:
            raise RuntimeError(f"{source.name} has format {manifest['format']}, this version reads {FORMAT}")
        write_private(state.directory / "secrets.json", _read(archive, "secrets.json").decode())
        dump = _read(archive, "database.dump")
        for member in archive.getmembers():
            folder = str(Path(member.name).parent)
            if member.isfile() and folder in ("sandbox", "sandbox/demos"):
                (state.directory / folder).mkdir(exist_ok=True, mode=0o700)
                (state.directory / member.name).write_bytes(_read(archive, member.name))
    with borrowed(state) as services:
        postgres = _embedded(services.postgres)
        subprocess.run(
            [
                str(postgres.bin / "pg_restore"), "--no-owner", "--role=connect_owner", "--exit-on-error",
                "--single-transaction", "--dbname", postgres.url("super", DATABASE),
            ],
            input=dump, check=True,
        )  # fmt: skip
    print(f"{source.name} restored into {state.directory}. Start it with ./connect up.")
    return 0


def _embedded(postgres: Postgres | None) -> Postgres:
    if postgres is None:
        raise RuntimeError(
            "backup and restore serve the embedded installation; use pg_dump with a BYPASSRLS role for your own"
            " server and keep CONNECT_KEY_RING with it"
        )
    return postgres


def _add(archive: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(body)
    entry.mode = 0o600
    archive.addfile(entry, io.BytesIO(body))


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise RuntimeError(f"the archive lacks {name}")
    return member.read()
