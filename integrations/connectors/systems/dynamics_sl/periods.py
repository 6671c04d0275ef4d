"""The fiscal period of a day, ``yyyymm`` with the month counted from the start of the fiscal year."""

from datetime import date, datetime

from integrations.connectors.systems.dynamics_sl.client import CtApi


def period_of(api: CtApi, day: object) -> str:
    """Return the period to post a day to; "" where only Dynamics SL can tell, which takes its current one then.

    A fiscal year that begins later than in January bears the number of the year it ends in.
    """
    if str(api.settings["period_count"]) != "12" or not day:
        return ""
    found = day if isinstance(day, date) and not isinstance(day, datetime) else _day_of(api, day)
    first = int(api.settings["fiscal_start_month"] or 1)
    year = found.year + int(first > 1 and found.month >= first)
    return f"{year:04d}{(found.month - first) % 12 + 1:02d}"


def _day_of(api: CtApi, day: object) -> date:
    if isinstance(day, datetime):
        return (day.astimezone(api.zone) if day.tzinfo else day).date()
    return date.fromisoformat(str(day)[:10])
