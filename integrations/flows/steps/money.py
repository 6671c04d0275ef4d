"""``money``: lines + tax + freight + fees - discounts must equal the total, to the cent."""

from integrations.connectors.errors import FieldProblem
from integrations.flows.context import RunState
from integrations.flows.definition import FlowStep
from integrations.flows.stops import Invalid
from integrations.mapping import MoneyCheck, NotMoney, check_money, compare_money


def run(state: RunState, step: FlowStep) -> None:
    """Check the source record, or the mapped one with ``"of": "mapped"``. Raises Invalid with the difference."""
    of_mapped = step.options.get("of") == "mapped"
    record = state.mapped if of_mapped else state.need_record().fields
    try:
        checked = check_money(record or {}, step.options["places"])
    except NotMoney as error:
        raise Invalid(
            "money",
            f"{error.path} is not an amount.",
            (FieldProblem(error.path, str(error.value)[:120], "must be a number"),),
        ) from error
    if not checked.agrees:
        total_path = str(step.options["places"].get("total", "total"))
        whose = "The mapped record" if of_mapped else state.ports.spec(state.source_side).label
        raise Invalid(
            "money",
            f"{whose} does not add up: the total says {checked.total}, its parts give"
            f" {checked.total - checked.difference}.",
            (FieldProblem(total_path, str(checked.total), f"differs by {checked.difference}"),),
        )
    if not of_mapped:
        state.money = checked
    elif state.money is not None:
        _compare(state, state.money, checked)
    if state.outcome.amount is None:
        state.outcome.amount = checked.total
    state.outcome.context[f"money_{'mapped' if of_mapped else 'source'}"] = {
        "lines": str(checked.lines),
        "tax": str(checked.tax),
        "freight": str(checked.freight),
        "discounts": str(checked.discounts),
        "total": str(checked.total),
    }


def _compare(state: RunState, source: MoneyCheck, mapped: MoneyCheck) -> None:
    """Stop a mapped record whose total is another one; its parts may be cut differently (freight as a line)."""
    for difference in compare_money(source, mapped):
        if difference.path == "total":
            label = state.ports.spec(state.source_side).label
            raise Invalid(
                "money",
                f"The mapped record does not say what {label} says: {difference.words}.",
                (FieldProblem(difference.path, str(difference.stated), difference.words),),
            )
