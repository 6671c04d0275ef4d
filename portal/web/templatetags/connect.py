"""The component tags: one way to draw each status, id, time and amount. Used by every template.

Unknown statuses, families, icons and systems raise; a wrong page is found by its test, not by a customer.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from integrations.connectors import registry
from integrations.connectors.base import CheckResult
from integrations.connectors.spec import Capability, ConnectorSpec, Support
from integrations.kinds import ConnectionHealth, Environment, Family, Kind, RunStatus, Side, StatusInfo
from integrations.kinds.bulk_action import BulkStatus
from integrations.kinds.sync_job import SyncStatus
from portal.web import wording
from portal.web.components import Crumb, Fact, Hop, draw_hops
from portal.web.icons import ICONS, KIND_ICONS, UnknownIcon
from portal.web.navigation import BOTTOM_BAR_LENGTH, URGENT_PAGES, navigation_groups, page_address

register = template.Library()

SPRITE = "vendor/tabler-icons/icons.svg"


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """Draw an icon of the sprite, hidden from screen readers. Raises UnknownIcon."""
    if name not in ICONS:
        raise UnknownIcon(name)
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        classes,
        static(SPRITE),
        name,
    )


@register.simple_tag
def kind_icon(kind: str) -> SafeString:
    """Draw the icon of a kind. Raises ValueError for an unknown one."""
    return icon(KIND_ICONS[Kind(kind)], "text-grey")


@register.simple_tag
def badge(text: str, family: str = "grey", icon_name: str = "") -> SafeString:
    """Draw a tinted badge. Raises ValueError for an unknown colour family."""
    drawing = icon(icon_name, "icon-turns" if icon_name == "loader-2" else "") if icon_name else ""
    return format_html(
        '<span class="badge family-{}{}">{}{}</span>',
        Family(family).value,
        "" if icon_name else " badge-word",
        drawing,
        text,
    )


def _status_badge(status: StatusInfo) -> SafeString:
    return badge(status.label, status.family, status.icon)


@register.simple_tag
def status_badge(status: str) -> SafeString:
    """Draw the badge of a run status, member or value. Raises ValueError for an unknown one."""
    return _status_badge(RunStatus(status).info)


@register.simple_tag
def job_badge(status: str) -> SafeString:
    """Draw where a sync job stands. Raises ValueError for an unknown status."""
    return _status_badge(SyncStatus(status).info)


@register.simple_tag
def bulk_badge(status: str) -> SafeString:
    """Draw where a bulk action stands. Raises ValueError for an unknown status."""
    return _status_badge(BulkStatus(status).info)


@register.simple_tag
def health_badge(health: str) -> SafeString:
    """Draw the badge of a connection's health, member or value. Raises ValueError for an unknown one."""
    return _status_badge(ConnectionHealth(health).info)


@register.simple_tag
def dot(family: str, classes: str = "") -> SafeString:
    """Draw a coloured dot; words beside it must say the same."""
    return format_html(
        '<span class="dot family-{} {}" aria-hidden="true"></span>', Family(family).value, classes
    )


@register.simple_tag
def environment(value: str) -> SafeString:
    """Draw an environment: production solid, the others dashed. Raises ValueError for an unknown one."""
    place = Environment(value)
    is_live = place is Environment.PRODUCTION
    return format_html(
        '<span class="environment{}">{} {}</span>',
        "" if is_live else " environment-trial",
        dot(Family.GREEN if is_live else Family.VIOLET),
        place.label,
    )


def _spec_of(system: ConnectorSpec | str) -> ConnectorSpec:
    return registry.get_spec(system) if isinstance(system, str) else system


@register.simple_tag
def glyph(system: ConnectorSpec | str, size: str = "") -> SafeString:
    """Draw a system's two letters: storefront hollow, ERP solid, ``"connect"`` ourselves; size ``large``.

    Raises UnknownSystem.
    """
    if system == "connect":
        letters, label, side = "CC", "Clarity Connect", "connect"
    else:
        spec = _spec_of(system)
        letters, label, side = spec.glyph, spec.label, spec.side.value
    large = " glyph-large" if size == "large" else ""
    return format_html(
        '<span class="glyph glyph-{}{}" title="{}" aria-hidden="true">{}</span>', side, large, label, letters
    )


_WIRES = {
    RunStatus.HELD: "held",
    RunStatus.DEAD: "failed",
    RunStatus.QUEUED: "moving",
    RunStatus.RUNNING: "moving",
    RunStatus.RETRYING: "moving",
    RunStatus.IN_DOUBT: "moving",
}


@register.inclusion_tag("components/id_pair.html")
def id_pair(
    storefront: ConnectorSpec | str,
    storefront_id: str,
    erp: ConnectorSpec | str,
    erp_id: str,
    status: str = RunStatus.SUCCEEDED,
    *,
    storefront_url: str = "",
    erp_url: str = "",
) -> dict[str, Any]:
    """Draw both ids and the wire between them; a missing id reads "not there yet".

    The wire says identity: while a run is on its way, held or failed it has the colour of that, else it is solid
    when both ids are known and dotted when one is not. Raises ValueError when the sides are swapped.
    """
    ends = (_spec_of(storefront), _spec_of(erp))
    if [end.side for end in ends] != [Side.STOREFRONT, Side.ERP]:
        raise ValueError("an id pair has the storefront left and the ERP right")
    wire = _WIRES.get(RunStatus(status), "linked" if storefront_id and erp_id else "none")
    return {
        "wire": wire,
        "ends": [
            {"spec": ends[0], "id": storefront_id, "url": storefront_url},
            {"spec": ends[1], "id": erp_id, "url": erp_url},
        ],
    }


@register.simple_tag
def when(
    moment: datetime | None, now: datetime | None = None, zone: tzinfo | None = None
) -> SafeString | str:
    """Draw a moment in the active (the tenant's) zone with exact UTC as its title; None is a dash."""
    if moment is None:
        return wording.NOTHING
    exact = moment.astimezone(UTC)
    words = wording.moment_words(
        moment, now=now or timezone.now(), zone=zone or timezone.get_current_timezone()
    )
    return format_html(
        '<time datetime="{}" title="{} UTC">{}</time>',
        exact.isoformat(),
        f"{exact:%Y-%m-%d %H:%M:%S}",
        words,
    )


@register.simple_tag
def money(amount: Decimal | None, currency: str = "") -> SafeString | str:
    """Draw an amount, its currency quieter beside it; None is a dash. Raises TypeError for a float."""
    if amount is None:
        return wording.NOTHING
    words = wording.amount_words(amount, currency)
    if not currency:
        return format_html('<span class="money">{}</span>', words)
    return format_html('<span class="money">{} <span class="unit">{}</span></span>', words, currency)


@register.simple_tag
def duration(seconds: float | Decimal | None, *, exact: bool = False) -> str:
    """Say a duration ("40 s", "2 h 14 min"); None is a dash; ``exact`` keeps ms and seconds."""
    return wording.NOTHING if seconds is None else wording.duration_words(seconds, exact=exact)


@register.simple_tag
def count(number: int) -> str:
    """Say a number with thousands separators."""
    return wording.count_words(number)


@register.simple_tag
def percent(share: float | Decimal, digits: int = 0) -> str:
    """Say a share of one in percent."""
    return wording.percent_words(share, digits=digits)


_SUPPORT = {
    Support.FULL: ("check", Family.GREEN, "full"),
    Support.PARTIAL: ("circle-half-2", Family.AMBER, "in part"),
    Support.NOT_YET: ("clock", Family.GREY, "not yet"),
    Support.IMPOSSIBLE: ("minus", Family.GREY, "impossible"),
}


@register.simple_tag
def capability(cell: Capability | None) -> SafeString:
    """Draw a cell of the capability table with its word for screen readers; undeclared reads "impossible"."""
    support = cell.support if cell is not None else Support.IMPOSSIBLE
    name, family, word = _SUPPORT[support]
    note = cell.note if cell is not None else ""
    return format_html(
        '<span class="text-{}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        family.value,
        note or word,
        icon(name),
        word,
    )


@register.inclusion_tag("components/strip.html")
def strip(facts: Sequence[Fact]) -> dict[str, Any]:
    """Draw four or five facts in one bordered band."""
    return {"facts": facts}


@register.inclusion_tag("components/note.html")
def note(
    family: str,
    icon_name: str,
    title: str,
    text: str = "",
    action_label: str = "",
    action_url: str = "",
) -> dict[str, Any]:
    """Draw a tinted block: icon, one sentence, at most one button. Raises ValueError for an unknown family."""
    return {
        "family": Family(family).value,
        "icon_name": icon_name,
        "title": title,
        "text": text,
        "action_label": action_label,
        "action_url": action_url,
    }


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    title: str,
    text: str,
    *,
    action_label: str = "",
    action_url: str = "",
    action_icon: str = "",
    other_label: str = "",
    other_url: str = "",
    ready: Sequence[CheckResult] = (),
) -> dict[str, Any]:
    """Draw what will be here, what is already fine, one primary button and one way out."""
    return {
        "title": title,
        "text": text,
        "action_label": action_label,
        "action_url": action_url,
        "action_icon": action_icon,
        "other_label": other_label,
        "other_url": other_url,
        "ready": ready,
    }


@register.inclusion_tag("components/pager.html")
def pager(words: str, newer_url: str = "", older_url: str = "") -> dict[str, str]:
    """Draw "12 of 29 runs, newest first" with Newer and Older; an empty address switches that button off."""
    return {"words": words, "newer_url": newer_url, "older_url": older_url}


@register.inclusion_tag("components/progress.html")
def progress(label: str, done: int, total: int, left: str = "", right: str = "") -> dict[str, Any]:
    """Draw long work: words first, the bar, then rate and end on the left, held and failed on the right."""
    return {"label": label, "done": done, "total": total, "left": left, "right": right}


@register.inclusion_tag("components/checks.html")
def checks(results: Sequence[CheckResult]) -> dict[str, Any]:
    """Draw named results with evidence and duration; a failing one carries its fix in place."""
    return {"results": results}


@register.inclusion_tag("components/crumbs.html")
def crumbs(trail: Sequence[Crumb]) -> dict[str, Any]:
    """Draw the way back to the list this page came from."""
    return {"trail": trail}


@register.inclusion_tag("components/journey.html")
def journey(
    hops: Sequence[Hop], storefront: ConnectorSpec | str, erp: ConnectorSpec | str, currency: str = ""
) -> dict[str, Any]:
    """Draw a record's journey on three rails."""
    return {
        "drawn": draw_hops(hops),
        "storefront": _spec_of(storefront),
        "erp": _spec_of(erp),
        "currency": currency,
    }


@register.inclusion_tag("components/navigation.html", takes_context=True)
def navigation(context: Context) -> dict[str, Any]:
    """Draw the side bar's pages; ``nav_counts`` in the context maps a page's name to its count."""
    return {"groups": _groups(context), "urgent": URGENT_PAGES}


@register.inclusion_tag("components/bottom_bar.html", takes_context=True)
def bottom_bar(context: Context) -> dict[str, Any]:
    """Draw the phone's bar: four pages and More with the rest."""
    links = [link for _, group in _groups(context) for link in group]
    return {"links": links[:BOTTOM_BAR_LENGTH], "more": links[BOTTOM_BAR_LENGTH:]}


def _groups(context: Context) -> list[Any]:
    tenant = context.get("tenant")
    if tenant is None:
        return []
    match = context["request"].resolver_match
    current = match.url_name if match is not None and match.app_name == "web" else ""
    return navigation_groups(tenant.slug, current or "", context.get("nav_counts") or {})


@register.simple_tag(takes_context=True)
def page_url(context: Context, name: str, slug: str = "") -> str:
    """Return the address of a page of the current tenant (or of ``slug``), or "" while there is none.

    Pages with further arguments than the tenant use Django's ``url`` tag.
    """
    tenant = context.get("tenant")
    slug = slug or (tenant.slug if tenant is not None else "")
    return page_address(name, slug) if slug else ""
