"""``./connect up``: the whole product on this machine, started in order, watched, stopped in order."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from types import FrameType
from typing import Any

from portal.launcher import environment
from portal.launcher.demos import Demos, slots_wanted
from portal.launcher.ours import processes_of, wait_for_web
from portal.launcher.postgres import Postgres
from portal.launcher.processes import Child, tail
from portal.launcher.redis import Redis
from portal.launcher.simulators import child_of, options_of
from portal.launcher.state import ROOT, State, write_private

_READY_SECONDS = 60.0
_WATCH_SECONDS = 0.3
# How long a server that was started again may take to recover before the deaths of others count.
_SETTLE_SECONDS = 20.0


class Installation:
    """Everything that runs under one ``up``; children are kept in the order they started."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.secrets = state.secrets()
        self.postgres = None if environment.is_external() else Postgres(state)
        self.redis = None if os.environ.get("BROKER_URL") else Redis(state)
        self.children: list[Child] = []
        self.demos = Demos(state, self.secrets["sandbox_token"], slots=slots_wanted())
        self.is_stopping = False

    def start(self, *, all_pairs: bool = False) -> dict[str, Any]:
        """Start everything and return what is ready; demos that were open come back.

        Raises RuntimeError naming the part that did not start.
        """
        host, port = os.environ.get("CONNECT_HOST", "127.0.0.1"), _port()
        public_url = os.environ.get("CONNECT_PUBLIC_URL") or f"http://{host}:{port}"
        sandboxes = self._start_sandboxes()
        if self.postgres is not None:
            self.postgres.start()
            self.children.append(self.postgres.child)
        if self.redis is not None:
            self.redis.start()
            self.children.append(self.redis.child)
        shown = ("demo_", "sandbox_", "support_")
        demo_secrets = {name: value for name, value in self.secrets.items() if name.startswith(shown)}
        hosts = [*(one["url"].split("//")[1] for one in sandboxes.values()), *self.demos.hosts]
        env = environment.build(
            self.state, self.postgres, self.redis,
            CONNECT_PUBLIC_URL=public_url,
            CONNECT_SANDBOXES=json.dumps(sandboxes),
            CONNECT_ALLOWED_HOSTS_OUT=",".join(hosts),
            CONNECT_DEMO_DIRECTORY=str(self.demos.directory) if self.demos.hosts else "",
            CONNECT_DEMO_SECRETS=json.dumps(demo_secrets),
        )  # fmt: skip
        env["CONNECT_PUBLIC_URL"] = public_url
        manage = environment.python(str(ROOT / "manage.py"))
        as_owner = {**env, "CONNECT_DB_ROLE": "owner"}
        self._run([*manage, "migrate", "--verbosity", "0"], as_owner)
        demo = json.loads(self._run([*manage, "seeddemo"], as_owner).splitlines()[-1])
        # Before the workers, whose polls would find nobody there.
        demos = self._open_demos(as_owner, demo["tenant"] if all_pairs else "")
        self._start_ours(env, host, port)
        wait_for_web(f"http://{host}:{port}", self.children[-1])
        self._tell_store(sandboxes["x_cart"], f"{public_url}/hooks/{demo['hook']}")
        self.environment = env
        ready = {
            "portal_url": public_url,
            "owner": {"email": demo["owner"], "password": self.secrets["demo_password"]},
            "support": {"url": f"{public_url}/support/", "email": demo["support"],
                        "password": self.secrets["support_password"]},
            "api_key": self.secrets["demo_api_key"],
            "webhook_urls": {"x_cart": f"{public_url}/hooks/{demo['hook']}"},
            "sandboxes": sandboxes,
            "demos": demos,
            "state_directory": str(self.state.directory),
        }  # fmt: skip
        write_private(self.state.ready_file, json.dumps(ready, indent=1))
        return ready

    def _start_sandboxes(self) -> dict[str, dict[str, str]]:
        token = self.secrets["sandbox_token"]
        # Joined by "=": one random secret in 64 begins with a dash and would be taken for an option.
        hook_secret = f"--webhook-secret={self.secrets['sandbox_hook_secret']}"
        options = {
            "x_cart": [*options_of("x_cart", self.secrets["sandbox_store_key"]), hook_secret],
            "dynamics_sl": options_of("dynamics_sl", self.secrets["sandbox_site_key"]),
        }
        found: dict[str, dict[str, str]] = {}
        for system, extra in options.items():
            child, ready = child_of(
                self.state, system, system, extra, port=_sandbox_port(system), token=token
            )
            child.start()
            self.children.append(child)
            address = _wait_for_file(ready, child)
            found[system] = {
                "url": address["url"],
                "control_url": address["control_url"].rstrip("/"),
                "token": token,
            }
            # A restart keeps the port, so that connections stay right.
            child.command = [
                str(address["url"].rsplit(":", 1)[1]) if before == "--port" else word
                for before, word in zip(["", *child.command], child.command, strict=False)
            ]
        return found

    def _open_demos(self, as_owner: dict[str, str], tenant: str) -> dict[str, Any]:
        """Open the demos that are wished for, and all of one tenant's where it is named; returns them by pair."""
        if not (tenant or self.demos.is_wanted):
            return {}
        command = [
            *environment.python(str(ROOT / "manage.py"), "startdemos"),
            *(["--all", tenant] if tenant else []),
        ]
        with subprocess.Popen(
            command, env=as_owner, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as opening:
            while opening.poll() is None:
                self.demos.look()
                time.sleep(_WATCH_SECONDS)
            told, problem = opening.communicate()
        if opening.returncode != 0:
            raise RuntimeError(f"startdemos failed:\n{told}{problem}")
        found: dict[str, Any] = json.loads(told.splitlines()[-1])
        return found

    def _start_ours(self, env: dict[str, str], host: str, port: int) -> None:
        for child in processes_of(self.state, env, host, port):
            child.start()
            self.children.append(child)

    def _run(self, command: Sequence[str], env: dict[str, str]) -> str:
        done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[-2:])} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _tell_store(self, store: dict[str, str], hook_url: str) -> None:
        """Do what a merchant does in the companion add-on: paste the webhook address."""
        request = urllib.request.Request(  # noqa: S310  our own sandbox
            f"{store['control_url']}/settings",
            json.dumps({"webhook_url": hook_url}).encode(),
            {"Authorization": f"Bearer {store['token']}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            return

    def watch(self) -> int:
        """Keep everything alive until told to stop; a child that dies again and again ends it with its log."""
        while not self.is_stopping:
            for child in self.children:
                if not child.is_alive and not self.is_stopping:
                    print(f"connect: {child.name} ended, starting it again", file=sys.stderr, flush=True)
                    if not child.revive(is_excused=self._is_on_shaky_ground(child)):
                        print(f"connect: {child.name} keeps ending:\n{tail(child.log)}", file=sys.stderr)
                        return 1
            if not self.is_stopping:
                self.demos.look()
            time.sleep(_WATCH_SECONDS)
        return 0

    def _is_on_shaky_ground(self, child: Child) -> bool:
        """Return whether database or broker came up a moment ago: it may be recovering, and who needs it may end."""
        servers = [one for one in self.children if one.name in ("postgres", "redis")]
        now = time.monotonic()
        return child not in servers and any(now - one.started_at < _SETTLE_SECONDS for one in servers)

    def stop(self) -> None:
        """Stop in the order that loses nothing: intake, workers, broker, database, then the sandboxes."""
        self.is_stopping = True
        self.state.ready_file.unlink(missing_ok=True)
        order = ("web", "beat", "worker", "redis", "postgres", "sandbox")
        for word in order:
            for child in self.children:
                if child.name.startswith(word):
                    child.stop()
        self.demos.stop()


def run(arguments: Sequence[str]) -> int:
    """Start, print addresses and logins, and stay until Ctrl-C; ``--demo-order`` and the others as in the help."""
    given = argparse.ArgumentParser(prog="./connect up")
    given.add_argument("--demo-order", action="store_true", help="send one order there and back, shown live")
    given.add_argument("--exit", action="store_true", help="stop again at once")
    given.add_argument(
        "--pairs", choices=("first", "all"), default="first",
        help="all = open the demos of all ready pairs at the start; first = X-Cart and Dynamics SL only",
    )  # fmt: skip
    wanted = given.parse_args(arguments)
    started = time.monotonic()
    state = State.open()
    lock = _lock(state)
    installation = Installation(state)

    def end(number: int, frame: FrameType | None) -> None:
        installation.is_stopping = True
        if not hasattr(installation, "environment"):
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    code = 0
    try:
        ready = installation.start(all_pairs=wanted.pairs == "all")
        _print_ready(ready, time.monotonic() - started)
        if wanted.demo_order:
            code = _demo_order(installation)
        if not wanted.exit:
            code = installation.watch()
    finally:
        installation.stop()
        lock.close()
    return code


def _demo_order(installation: Installation) -> int:
    env = {**installation.environment, "CONNECT_DB_ROLE": "engine"}
    return subprocess.run(
        environment.python(str(ROOT / "manage.py"), "demoorder"), env=env, cwd=ROOT, check=False
    ).returncode


def _print_ready(ready: dict[str, Any], seconds: float) -> None:
    print(f"Clarity Connect is ready after {seconds:.1f} s.")
    print(f"  portal    {ready['portal_url']}")
    print(f"  owner     {ready['owner']['email']}  {ready['owner']['password']}")
    print(
        f"  support   {ready['support']['url']}  {ready['support']['email']}  {ready['support']['password']}"
    )
    print(f"  API key   {ready['api_key']}")
    for system, sandbox in ready["sandboxes"].items():
        print(f"  sandbox   {system:12} {sandbox['url']}")
    for pair, demo in ready["demos"].items():
        print(f"  demo      {pair:24} {demo['storefront']['url']}  {demo['erp']['url']}")
    print(f"  state     {ready['state_directory']}  (ready.json holds all of this)")
    print("Ctrl-C stops everything.", flush=True)


def _lock(state: State) -> socket.socket:
    """Hold the state directory for us alone; a dead launcher's lock is gone with it."""
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # An abstract name needs no file and ends with the process.
        lock.bind(f"\0clarity-connect-{state.directory}"[:100])
    except OSError as error:
        raise RuntimeError(f"another ./connect up runs on {state.directory}") from error
    return lock


def _port() -> int:
    wanted = int(os.environ.get("CONNECT_PORT", "8000"))
    return wanted or free_port()


def free_port() -> int:
    """Return a TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        return free


def _sandbox_port(system: str) -> str:
    return os.environ.get(f"CONNECT_SANDBOX_PORT_{system.upper()}", "0")


def _wait_for_file(path: Any, child: Child) -> dict[str, Any]:
    deadline = time.monotonic() + _READY_SECONDS
    while True:
        if path.exists() and (text := path.read_text()).endswith("}"):
            found: dict[str, Any] = json.loads(text)
            return found
        if not child.is_alive or time.monotonic() > deadline:
            raise RuntimeError(f"{child.name} did not start:\n{tail(child.log)}")
        time.sleep(0.02)
