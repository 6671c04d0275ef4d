"""The plan of "the same edit for all N": what is changed in which records, what it costs, and the button that starts it.

Called by ``portal.web.run_edits`` with an edit that was checked and fits. What was typed goes along in the form, as it
does from view to view of the editor: a changed value is in no address and is kept nowhere before the start.
"""

from collections.abc import Sequence
from typing import Any

from integrations.kinds import Kind
from integrations.kinds.changes import FieldChange
from integrations.operations.run_edits import Editable
from integrations.operations.same_edits import SameEdit, fields_words
from integrations.queries.bulk_actions import rows_of
from integrations.queries.causes import plural
from portal.web.bulk_actions import plan_words
from portal.web.wording import count_words

SHOWN = 20


def offer_words(editable: Editable, same: SameEdit, changes: Sequence[FieldChange]) -> str:
    """Return the sentence of the editor that says who else holds the same."""
    many = len(same.others)
    nouns = f"{count_words(many)} other {plural(Kind(editable.run.kind).label, many)}"
    verbs = ("waits", "holds") if many == 1 else ("wait", "hold")
    words = f"{nouns} that {verbs[0]} for this {verbs[1]} the same {fields_words(changes)}."
    return f"{words} {looked_words(same)}".strip()


def looked_words(same: SameEdit) -> str:
    """Return how far was looked; "" when everything was."""
    if same.looked_at >= same.others_waiting:
        return ""
    looked, waiting = count_words(same.looked_at), count_words(same.others_waiting)
    return f"Looked at the newest {looked} of {waiting}; plan it again for the rest."


def plan_page(editable: Editable, same: SameEdit) -> dict[str, Any]:
    """Return what the plan page draws beside what the editor does, inside ``in_tenant``."""
    rows = rows_of(same.others[:SHOWN])
    return {
        "same": same,
        "nouns": plural(Kind(editable.run.kind).label, same.count),
        "looked_words": looked_words(same),
        "plan_words": plan_words(same.plan),
        "others": rows,
        "more": len(same.others) - len(rows),
    }
