"""Every mapping case, through evaluate and through trace: the edges of the language as data."""

from typing import Any

import pytest

from integrations.mapping import MappingFailure, MissingLink, UnknownValue
from tests.unit.mapping.casefiles import cases, compiled, context_of, spelled

ALL = list(cases())
ERRORS = (MappingFailure, MissingLink, UnknownValue)


def at(target: Any, path: str) -> Any:
    """Return what stands at a traced path such as ``lines[1].sku``."""
    for part in path.replace("[", ".[").split("."):
        target = target[int(part[1:-1])] if part.startswith("[") else target[part]
    return target


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=[name for name, _ in ALL])
def test_a_case_gives_what_it_says(case: dict[str, Any]) -> None:
    mapping, context = compiled(*case["rules"]), context_of(case)
    options = {"creating": case.get("creating", True), "existing": case.get("existing")}
    if "expected" in case:
        made = mapping.evaluate(case["record"], context, **options)
        assert spelled(made) == spelled(case["expected"])
        return
    with pytest.raises(ERRORS) as caught:
        mapping.evaluate(case["record"], context, **options)
    failure = case["failure"]
    assert type(caught.value).__name__ == failure["type"]
    assert failure["reason"] in str(caught.value)
    if "target" in failure:
        assert isinstance(caught.value, MappingFailure)
        assert caught.value.target == failure["target"]


@pytest.mark.parametrize("case", [case for _, case in ALL], ids=[name for name, _ in ALL])
def test_the_trace_tells_the_same_as_evaluation(case: dict[str, Any]) -> None:
    mapping, context = compiled(*case["rules"]), context_of(case)
    options = {"creating": case.get("creating", True), "existing": case.get("existing")}
    traces = mapping.trace(case["record"], context, **options)
    failures = [trace for trace in traces if trace.failure]
    if "failure" in case:
        assert any(case["failure"]["reason"] in trace.failure for trace in failures)
        return
    assert failures == []
    made = mapping.evaluate(case["record"], context, **options)
    for trace in traces:
        if trace.skipped:
            with pytest.raises((KeyError, IndexError)):
                at(made, trace.target)
        else:
            assert spelled(at(made, trace.target)) == spelled(trace.value), trace.target
