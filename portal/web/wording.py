"""How the portal says durations, times, money and numbers: pure functions behind the template tags.

The words follow the design guide ("40 s", "2 h 14 min", "Thu 17:20", "4,218.60 USD"). Figures and their units
are held together by no-break spaces.
"""

from datetime import datetime, timedelta, tzinfo
from decimal import Decimal

NBSP = "\u00a0"
THIN_NBSP = "\u202f"
NOTHING = "\u2013"

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def duration_words(seconds: float | Decimal, *, exact: bool = False) -> str:
    """Return seconds as ``0.4 s``, ``40 s``, ``1 min 10 s``, ``52 min``, ``2 h 14 min`` or ``3 days``.

    Whole units are cut off, never rounded up: what is 59 min 59 s old is not an hour old. ``exact`` writes
    milliseconds below a second and keeps the seconds above two minutes. Raises ValueError when negative.
    """
    if seconds < 0:
        raise ValueError("a duration is not negative")
    if seconds < _MINUTE:
        return _seconds_words(float(seconds), exact=exact)
    whole = int(seconds)
    if whole >= _DAY and not exact:
        days = whole // _DAY
        return f"{days}{NBSP}day{'' if days == 1 else 's'}"
    hours, rest = divmod(whole, _HOUR)
    minutes, left = divmod(rest, _MINUTE)
    parts = [f"{hours}{NBSP}h", f"{minutes:02d}{NBSP}min"] if hours else [f"{minutes}{NBSP}min"]
    if left and (exact or whole < 2 * _MINUTE):
        parts.append(f"{left}{NBSP}s")
    return NBSP.join(parts)


def _seconds_words(seconds: float, *, exact: bool) -> str:
    if exact and seconds < 1:
        return f"{round(seconds * 1000)}{NBSP}ms"
    # Through text: 0.3 is not a whole number of tenths in binary.
    tenths = int(Decimal(str(seconds)) * 10)
    if seconds >= 10 or tenths % 10 == 0:
        return f"{tenths // 10}{NBSP}s"
    return f"{tenths / 10:.1f}{NBSP}s"


def moment_words(moment: datetime, *, now: datetime, zone: tzinfo) -> str:
    """Return ``14:32:05`` today, ``Thu 17:20`` within six days, ``9 Nov`` after, with the year when it is another.

    Raises ValueError for a naive datetime.
    """
    if moment.tzinfo is None or now.tzinfo is None:
        raise ValueError("a moment is aware")
    local, today = moment.astimezone(zone), now.astimezone(zone)
    days = abs((local.date() - today.date()) // timedelta(days=1))
    if days == 0:
        return f"{local:%H:%M:%S}"
    if days < 7:
        return f"{local:%a}{NBSP}{local:%H:%M}"
    words = f"{local.day}{NBSP}{local:%b}"
    return words if local.year == today.year else f"{words}{NBSP}{local.year}"


def amount_words(amount: Decimal, currency: str = "") -> str:
    """Return an amount with thousands separators and at least the currency's minor digits; none is cut off.

    Raises TypeError for anything but Decimal: money that passed through float is already wrong.
    """
    if not isinstance(amount, Decimal):
        raise TypeError(f"money is Decimal, not {type(amount).__name__}")
    digits = _MINOR_DIGITS.get(currency, 2)
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("money is a finite number")
    return f"{plain:,.{max(digits, -exponent)}f}"


def count_words(count: int) -> str:
    """Return ``24,710``."""
    return f"{count:,d}"


def percent_words(share: float | Decimal, *, digits: int = 0) -> str:
    """Return a share of one as ``82 %`` with a thin space."""
    return f"{share * 100:.{digits}f}{THIN_NBSP}%"
