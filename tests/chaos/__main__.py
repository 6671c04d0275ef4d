"""``./connect chaos --seed N --events M [--json] [--report FILE]``: one seeded run of chaos, then the truth."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.chaos import netns
from tests.chaos.plan import FAULT_NAMES
from tests.chaos.run import BROKER_NAMES, Report, Settings, run_chaos


def main() -> int:
    given = _parser().parse_args()
    tell = (lambda words: None) if given.json else (lambda words: print(words, flush=True))
    try:
        return _SCENARIOS[given.scenario](given, tell)
    except (RuntimeError, TimeoutError) as error:
        print(f"connect chaos: {error}", file=sys.stderr)
        return 2


def _stream(given: argparse.Namespace, tell: Callable[[str], None]) -> int:
    faults = [name for name in (given.faults or ",".join(FAULT_NAMES)).split(",") if name]
    if unknown := set(faults) - set(FAULT_NAMES):
        raise RuntimeError(f"unknown fault {sorted(unknown)[0]}; known: {', '.join(FAULT_NAMES)}")
    settings = Settings(
        given.seed, given.events, given.rate, faults, given.patience, given.broker, keep=given.keep
    )
    report = run_chaos(settings, tell=tell)
    if given.report:
        Path(given.report).write_text(json.dumps(_whole(report, given), indent=1, default=str))
    if given.json:
        print(json.dumps(report.figures()))
    else:
        _print(report)
    return 0 if report.is_clean else 1


def _netns(given: argparse.Namespace, tell: Callable[[str], None]) -> int:
    found = netns.cut_off_while_sending(tell)
    if given.json:
        print(json.dumps(found.figures()))
    else:
        for name, value in found.figures().items():
            print(f"{name:16} {value}")
    return 0 if found.is_clean else 1


_SCENARIOS: dict[str, Callable[[argparse.Namespace, Callable[[str], None]], int]] = {
    "stream": _stream,
    "netns": _netns,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./connect chaos")
    parser.add_argument(
        "--scenario", choices=tuple(_SCENARIOS), default="stream", help="netns: one worker cut off"
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same plan")
    parser.add_argument(
        "--events", type=int, default=100, help="source changes: orders, edits, stock, shipments"
    )
    parser.add_argument("--rate", type=float, default=8.0, help="changes a second")
    parser.add_argument("--faults", default="", help="comma-separated; default all")
    parser.add_argument(
        "--patience", type=float, default=300.0, help="seconds to wait for rest after the faults"
    )
    parser.add_argument("--broker", choices=BROKER_NAMES, default="redis")
    parser.add_argument("--report", default="", help="file for timeline, anomalies and evidence")
    parser.add_argument("--json", action="store_true", help="only the figures, as one JSON object")
    parser.add_argument("--keep", action="store_true", help="keep the state directory and its logs")
    return parser


def _whole(report: Report, given: argparse.Namespace) -> dict[str, object]:
    return {
        "repeat": f"./connect chaos --seed {given.seed} --events {given.events} --rate {given.rate}"
        f" --broker {given.broker}" + (f" --faults {given.faults}" if given.faults else ""),
        **report.figures(),
        "anomalies": [one.as_json() for one in report.anomalies],
        "dead_letters": report.dead,
        "runs": report.runs,
        "paused": report.paused,
        "bad_answers_given": report.bad_answers,
        "last_runs": report.last_runs,
        "webhooks": report.webhooks,
        "left_behind_processes": report.left_behind,
        "timeline": report.timeline,
    }


def _print(report: Report) -> None:
    for one in report.anomalies:
        print(f"{one.verdict.upper():11}{one.subject}: {one.words}")
        for run in one.evidence.get("runs", []):
            _print_run(run)
    for run in report.dead:
        print(f"DEAD       run {run['id']} {run['flow']} {run['business_key']}: {run['reason']}")
    for words in report.left_behind:
        print(f"LEFT       process {words}")
    for words in report.paused:
        print(f"PAUSED     {words}")
    print(f"runs by status: {report.runs}; webhooks: {report.webhooks}")
    for name, value in report.figures().items():
        print(f"{name:16} {value}")


def _print_run(run: dict[str, Any]) -> None:
    print(
        f"    run {run['id']} {run['flow']} {run['status']} {run['reason_code']} target={run['target_id']}"
        f" fence={run['fence']} found_by={run['found_by']} created={run['created_at']:%H:%M:%S.%f}"
    )
    for attempt in run["tries"]:
        print(
            f"      try {attempt['number']} {attempt['started_at']:%H:%M:%S.%f}-{attempt['finished_at']:%H:%M:%S.%f}"
            f" {attempt['step']} -> {attempt['outcome']} {attempt['error']} {attempt['message'][:90]}"
        )


if __name__ == "__main__":
    sys.exit(main())
