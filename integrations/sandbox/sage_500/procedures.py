"""All stored procedures of the simulated database. Called by ``simulator`` once."""

from integrations.sandbox.sage_500 import customers, items, journals, receipts, returns, sales_orders
from integrations.sandbox.sage_500.keys import get_next_surrogate_key
from integrations.sandbox.sage_500.staging import Behaviour, Job, api_procedure
from integrations.sandbox.tds.declarations import Procedure, procedure


def jobs(behaviour: Behaviour) -> tuple[Job, ...]:
    """Return the import types; names other than the first are ours [inferred]."""
    return (
        sales_orders.job(),
        customers.job(),
        receipts.job(behaviour),
        journals.job(behaviour),
        items.job(),
        returns.job(),
    )


def declared_procedures(behaviour: Behaviour) -> list[Procedure]:
    """Return the key procedure and one procedure per import type."""
    keys = procedure(
        "spGetNextSurrogateKey", "@iTableName varchar(60), @oNewKey int OUTPUT", get_next_surrogate_key
    )
    return [keys, *(api_procedure(job, behaviour) for job in jobs(behaviour))]
