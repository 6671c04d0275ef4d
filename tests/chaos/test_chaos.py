"""A short seed of chaos on every machine, and the cut-off worker where network namespaces are permitted."""

import json

import pytest

from tests.chaos import netns
from tests.chaos.plan import FAULT_NAMES
from tests.chaos.run import Settings, run_chaos

pytestmark = pytest.mark.processes


def test_a_seeded_stream_under_faults_loses_doubles_and_sticks_nothing() -> None:
    told: list[str] = []
    settings = Settings(seed=2, events=60, rate=6.0, faults=FAULT_NAMES, patience_seconds=120.0)
    report = run_chaos(settings, tell=told.append)
    anomalies = [one.as_json() for one in report.anomalies]
    assert report.is_clean, "\n".join([*told, json.dumps([anomalies, report.dead], indent=1, default=str)])
    assert report.accepted == report.delivered > 40


def test_a_worker_that_is_cut_off_while_it_sends_passes_its_runs_on_and_doubles_nothing() -> None:
    if reason := netns.reason_not_to():
        pytest.skip(reason)
    found = netns.cut_off_while_sending()
    assert found.calls_cut > 0
    assert found.passed_on > 0
    assert found.is_clean, found.figures()
    assert found.delivered == found.accepted
