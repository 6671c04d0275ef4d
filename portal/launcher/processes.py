"""Children of the launcher: started so that none outlives it, restarted when they die, stopped in order."""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent(sig: signal.Signals) -> Callable[[], None]:
    def arm() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(sig))

    return arm


@dataclass
class Child:
    """One process. ``stop_signal`` asks it to end; after ``grace_seconds`` it is killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 15.0
    user: pwd.struct_passwd | None = None
    restarts: bool = True
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start the process in a group of its own; its output goes to the log."""
        drop = (
            {}
            if self.user is None
            else {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # type: ignore[call-overload]
                list(self.command),
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Threads are not running yet when children start, so preexec_fn is safe here.
                preexec_fn=_die_with_parent(self.stop_signal),
                **drop,
            )
        self.started_at = time.monotonic()

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def revive(self, *, is_excused: bool = False) -> bool:
        """Restart a dead child; False when it died six times within a minute and needs a person.

        ``is_excused``: what it stands on has just come up itself, so this death does not count.
        """
        now = time.monotonic()
        self.deaths = [moment for moment in self.deaths if now - moment < 60]
        if not is_excused:
            self.deaths.append(now)
        if len(self.deaths) > 5:
            return False
        # Forked workers outlive a killed parent: two generations would share a port and nobody would end the older.
        self._end_group()
        self.start()
        return True

    def stop(self) -> None:
        """Ask the whole group to end and wait; kill what is left after the grace."""
        if self.process is None:
            return
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(self.stop_signal)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.grace_seconds)
        self._end_group()
        self.process.wait()

    def _end_group(self) -> None:
        """Kill what is left of the process's group: grandchildren (prefork pools, granian's workers) share it."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def tail(path: Path, lines: int = 25) -> str:
    """Return the end of a log, for the message that says why a child did not start."""
    if not path.exists():
        return ""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
