"""Writes ``docs/connectors.md``: what each connector can do, from its spec, and by which tests each hazard is proved.

    .venv/bin/python -m tests.contract.matrix > docs/connectors.md

A hazard counts for a connector only where a subclass of the contract suite runs the suite's own test on its simulator.
"""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

from integrations.connectors import registry
from integrations.connectors.spec import ConnectorSpec, Support, Verb
from integrations.kinds import Kind
from tests.contract.suite import ContractSuite

HAZARDS = {
    "duplicate write": "test_duplicate_write_has_one_effect",
    "timeout after commit": "test_timeout_after_commit_is_unknown_and_then_found",
    "bad gateway, HTML or a cut answer after commit": "test_an_answer_spoiled_after_the_commit_is_unknown_and_then_found",
    "write lost before commit": "test_a_write_lost_before_the_commit_is_unknown_and_then_written_once",
    "nobody listens": "test_a_write_to_a_dead_port_was_never_sent",
    "page interrupted": "test_page_interrupted_loses_nothing",
    "updates of one second": "test_same_second_updates_are_all_seen",
    "daylight saving": "test_dst_change_leaves_times_in_order_and_in_utc",
    "bad credentials": "test_bad_credentials_are_named",
    "expired credentials": "test_expired_credentials_are_named_on_the_same_connector",
    "rate limited": "test_rate_limited_tells_the_wait",
    "HTML error page": "test_html_error_page_is_unexpected",
    "connection lost while reading": "test_a_read_whose_connection_is_lost_may_be_repeated",
    "slow answer": "test_a_slow_read_ends_at_its_timeout",
    "Unicode and long fields": "test_unicode_and_long_fields_arrive_whole",
    "decimals": "test_decimal_rounding_is_exact_and_no_float_gets_in",
    "empty page": "test_empty_page_keeps_a_usable_cursor",
    "unknown extra fields": "test_unknown_extra_fields_do_not_disturb",
    "secrets stay inside": "test_secrets_never_show_in_exchanges_or_errors",
    "declared equals implemented": "test_declared_equals_implemented",
}
_MARKS = {Support.FULL: "yes", Support.PARTIAL: "partly", Support.NOT_YET: "not yet", Support.IMPOSSIBLE: "-"}


def our_specs() -> tuple[ConnectorSpec, ...]:
    """Return the specs of the product's own connectors, whatever further packages the process knows."""
    return tuple(spec for spec in registry.all_specs() if registry.home(spec.key).startswith("integrations."))


def suites() -> dict[str, list[type[ContractSuite]]]:
    """Return the contract suite's subclasses by system."""
    found: dict[str, list[type[ContractSuite]]] = {spec.key: [] for spec in our_specs()}
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.contract.{file.stem}")
    for suite in ContractSuite.__subclasses__():
        found[suite.stand_class.system].append(suite)
    return found


def is_proved(suites_of_one: list[type[ContractSuite]], test: str) -> bool:
    """Return whether a system's suites run the common test, not one of their own."""
    return bool(suites_of_one) and all(
        getattr(suite, test) is getattr(ContractSuite, test) for suite in suites_of_one
    )


def page() -> str:
    """Return the Markdown page."""
    specs = our_specs()
    return "\n".join([*_head(), *_capabilities(specs), *_hazards(specs), *_promises(specs), ""])


def _head() -> Iterator[str]:
    yield "# Connectors"
    yield ""
    yield "Made by `python -m tests.contract.matrix` from the connectors' specs and the contract suite; a test holds it."
    yield "Each connector's own README says versions, credentials, limits and gaps."


def _capabilities(specs: tuple[ConnectorSpec, ...]) -> Iterator[str]:
    yield from ("", "## What each can do", "")
    yield "| kind | " + " | ".join(spec.label for spec in specs) + " |"
    yield "| --- |" + " --- |" * len(specs)
    for kind in Kind:
        yield f"| {kind.label} | " + " | ".join(_cell(spec, kind) for spec in specs) + " |"


def _cell(spec: ConnectorSpec, kind: Kind) -> str:
    words: dict[str, list[str]] = {}
    for verb in Verb:
        capability = spec.capabilities.get((kind, verb))
        if capability is not None:
            words.setdefault(_MARKS[capability.support], []).append(verb.value)
    if list(words) == ["-"] or not words:
        return "-"
    return "; ".join(
        ", ".join(verbs) if mark == "yes" else f"{mark}: {', '.join(verbs)}"
        for mark, verbs in words.items()
        if mark != "-"
    )


def _hazards(specs: tuple[ConnectorSpec, ...]) -> Iterator[str]:
    of_system = suites()
    yield from ("", "## Hazards, each proved by a test on each system's simulator", "")
    yield "| hazard | " + " | ".join(spec.label for spec in specs) + " |"
    yield "| --- |" + " --- |" * len(specs)
    for hazard, test in HAZARDS.items():
        cells = ["✓" if is_proved(of_system[spec.key], test) else "open" for spec in specs]
        yield f"| {hazard} | " + " | ".join(cells) + " |"


def _promises(specs: tuple[ConnectorSpec, ...]) -> Iterator[str]:
    yield from ("", "## What is not guaranteed")
    for spec in specs:
        yield from ("", f"**{spec.label}** ({spec.versions})", "")
        yield from (f"- {words}" for words in spec.not_guaranteed)


if __name__ == "__main__":
    sys.stdout.write(page())
