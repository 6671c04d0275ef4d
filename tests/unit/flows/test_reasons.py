"""Why a record stopped is told without telling who it is about: reasons stand in lists, alerts and mails."""

import pytest

from integrations.flows import runner
from integrations.flows.outcome import Outcome
from integrations.mapping import MappingFailure


@pytest.mark.parametrize(
    ("source", "value", "told"),
    [
        ("billing_address.phone", "+1 512 555 0100 ext 4711", "'+•••' has 24 characters; 20 fit"),
        ("shipping_method", "Dog sled across the lake", "'Dog sled across the lake' has 24 characters; 20 fit"),
        ("note", "ask pat.lee@example.com 1", "'ask p•••@example.com 1' has 24 characters; 20 fit"),
    ],
)  # fmt: skip
def test_a_personal_value_is_masked_in_the_reason_and_kept_for_who_may_see_it(
    source: str, value: str, told: str
) -> None:
    outcome = Outcome()
    runner._kill(outcome, MappingFailure("Ref", source, value, f"{value!r} has 24 characters; 20 fit"))
    assert outcome.reason == f"Ref could not be made from {source}: {told}."
    assert (outcome.problems[0].value, outcome.problems[0].rule) == (value, told)
