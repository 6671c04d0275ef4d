"""The launcher: its state directory keeps secrets private, refuses a second start, and its roles are bound."""

import os
import pwd
from pathlib import Path

import psycopg
import pytest

from portal.launcher import backup, up
from portal.launcher.state import State, is_reachable, write_private


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path / "state"))
    return State.open()


def test_secrets_are_made_once_and_readable_by_us_only(state: State) -> None:
    made = state.secrets()
    assert state.secrets() == made
    assert (state.directory / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len({made["db_web"], made["db_engine"], made["db_owner"], made["db_super"]}) == 4


def test_a_secret_that_a_newer_version_needs_is_added_and_the_others_stay(state: State) -> None:
    write_private(state.directory / "secrets.json", '{"key_ring": "k0:old"}')
    completed = state.secrets()
    assert completed["key_ring"] == "k0:old"
    assert completed["sandbox_token"]


def test_a_second_start_on_the_same_directory_is_refused(state: State) -> None:
    held = up._lock(state)
    with pytest.raises(RuntimeError, match=r"another \./connect up"):
        up._lock(state)
    held.close()
    up._lock(state).close()


def test_restore_refuses_a_directory_that_holds_an_installation(
    state: State, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state.secrets()
    assert backup.restore([str(tmp_path / "any.backup")]) == 1
    assert "is not empty" in capsys.readouterr().err


def test_a_directory_of_0700_is_not_reachable_for_another_user(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not is_reachable(closed, nobody)
    assert is_reachable(Path("/usr/bin"), nobody)


@pytest.mark.parametrize("role", ["web", "engine", "owner", "support"])
def test_no_role_is_superuser_or_bypasses_row_security(role: str) -> None:
    with psycopg.connect(os.environ[f"DATABASE_URL_{role.upper()}"]) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False, False, False)
