"""The backlog of a pair or a connection in words, for the pages that show it."""

from typing import Any

from integrations.queries.backlog import Backlog
from portal.web.wording import count_words, duration_words


def backlog_of(found: Backlog) -> dict[str, Any]:
    """Return what the backlog's template draws."""
    return {"backlog": found, "backlog_words": words(found)}


def words(found: Backlog) -> str:
    """Return one sentence: how many, how fast, until when, and what decides it."""
    if not found.moving:
        return "Nothing is on the way."
    many = f"{count_words(found.moving)} on the way"
    if found.stopped:
        return f"{many}. {found.stopped}"
    pace = f", {found.per_minute:.0f} a minute lately" if found.per_minute >= 1 else ""
    if found.eta_seconds is None:
        return f"{many}{pace}. It is too early to say until when."
    limit = (
        f": {found.limit_name} allows {found.limit_per_minute:.0f} calls a minute"
        if found.limit_per_minute is not None
        else ""
    )
    return f"{many}{pace}. Gone in about {duration_words(max(1.0, found.eta_seconds))}{limit}."
