"""Home: one screen that answers whether it flows, and what needs a person."""

import json
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from integrations.connectors import registry
from integrations.kinds import Direction, Family, Kind, Side
from integrations.queries.home import Bucket, HomeFigures, home_figures
from integrations.queries.pairs import PairState
from portal.accounts.roles import Permission
from portal.tenancy import TenantRequest, tenant_page
from portal.web.components import Fact
from portal.web.pages import address
from portal.web.wording import NOTHING, amount_words, count_words, duration_words

GOAL_SECONDS = 300
"""An order is on the other side within this time, or the figure says so."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The headline: one sentence, and the colour of who must act."""

    words: str
    family: Family


def verdict(figures: HomeFigures) -> Verdict:
    """Return whether it flows, worst thing first."""
    stopped = next((pair for pair in figures.pairs if pair.stopped_side is not None), None)
    if stopped is not None and stopped.stopped_side is not None:
        side = stopped.stopped_side
        since = side.paused_at or side.health_at
        at = f" at {timezone.localtime(since):%H:%M}" if since is not None else ""
        return Verdict(f"{_main_kind(stopped)} stopped{at}. Nothing is lost.", Family.RED)
    halted = [flow for pair in figures.pairs for flow in pair.flows if flow.paused_at is not None]
    if halted:
        return Verdict(f"{halted[0].name} is stopped. Nothing is lost.", Family.RED)
    if figures.pairs and all(pair.paused_at is not None for pair in figures.pairs):
        return Verdict("Paused. What arrives is stored and waits.", Family.GREY)
    if figures.needs_person:
        noun = "record needs" if figures.needs_person == 1 else "records need"
        lead = "Orders are flowing. " if figures.delivered else ""
        return Verdict(
            f"{lead}{count_words(figures.needs_person)} {noun} you.",
            Family.GREEN if figures.delivered else Family.AMBER,
        )
    if figures.arrived or figures.moving:
        return Verdict("Orders are flowing. Nothing needs you.", Family.GREEN)
    return Verdict("Nothing has arrived in 24 hours, and everything is ready.", Family.GREY)


def _main_kind(pair: PairState) -> str:
    has_orders = any(flow.kind is Kind.ORDER and flow.direction is Direction.TO_ERP for flow in pair.flows)
    return "Orders" if has_orders or not pair.flows else pair.flows[0].name


def _facts(request: TenantRequest, figures: HomeFigures) -> list[Fact]:
    runs = address(request, "runs")
    now = timezone.now()
    facts = []
    oldest = figures.oldest_moving
    seconds = (now - oldest.created_at).total_seconds() if oldest is not None else None
    facts.append(
        Fact(
            "Oldest on its way",
            NOTHING if seconds is None else duration_words(seconds),
            evidence="nothing waits its turn" if seconds is None else "goal 5 min",
            url=f"{runs}?tab=moving",
            family=Family.RED if seconds is not None and seconds > GOAL_SECONDS else None,
        )
    )
    facts.append(
        Fact(
            "Backlog",
            count_words(figures.moving),
            "record" if figures.moving == 1 else "records",
            _backlog_words(figures),
            f"{runs}?tab=moving",
        )
    )
    facts.append(
        Fact(
            "Delivered in 24 h",
            count_words(figures.delivered),
            f"of {count_words(figures.arrived)}",
            f"{count_words(figures.moving)} on the way, {count_words(figures.needs_person)} need you",
            f"{runs}?tab=done",
        )
    )
    money = figures.money[0] if figures.money else None
    more = f", and {len(figures.money) - 1} more currencies" if len(figures.money) > 1 else ""
    facts.append(
        Fact(
            "Money waiting",
            amount_words(money.amount, money.currency) if money else NOTHING,
            money.currency if money else "",
            f"in {count_words(figures.needs_person)} records{more}" if money else "none waits for you",
            address(request, "errors"),
        )
    )
    facts.append(
        Fact(
            f"Transactions, {figures.usage.month:%B}",
            count_words(figures.usage.transactions),
            evidence=f"{count_words(figures.usage.api_calls)} remote calls",
        )
    )
    return facts


def _is_stopped(figures: HomeFigures) -> bool:
    return any(pair.stopped_side is not None for pair in figures.pairs)


def _backlog_words(figures: HomeFigures) -> str:
    if not figures.moving:
        return "nothing waits"
    if _is_stopped(figures):
        return "goes in order once it is back"
    recent = sum(bucket.delivered for bucket in figures.buckets[-4:])
    if not recent:
        return "goes by itself"
    return f"clears in about {duration_words(max(1, figures.moving / (recent / 3600)))}"


def chart_points(buckets: tuple[Bucket, ...]) -> str:
    """Return the chart's series as JSON: seconds since 1970, then delivered, held, failed per quarter of an hour."""
    return json.dumps(
        [
            [int(one.start.timestamp()) for one in buckets],
            [one.delivered for one in buckets],
            [one.held for one in buckets],
            [one.failed for one in buckets],
        ]
    )


@tenant_page(Permission.VIEW)
def home(request: TenantRequest) -> HttpResponse:
    """Show home; a company without pairs sees how to begin."""
    figures = home_figures(now=timezone.now())
    if not figures.pairs:
        specs = registry.all_specs()
        return render(
            request,
            "web/home_empty.html",
            {
                "stores": [spec for spec in specs if spec.side is Side.STOREFRONT],
                "erps": [spec for spec in specs if spec.side is Side.ERP],
                "connections": figures.connections,
                "has_both": {one.spec.side for one in figures.connections} == set(Side),
            },
        )
    template = "web/home_body.html" if request.headers.get("HX-Request") else "web/home.html"
    return render(
        request,
        template,
        {
            "figures": figures,
            "verdict": verdict(figures),
            "facts": _facts(request, figures),
            "is_stopped": _is_stopped(figures),
            "top": figures.causes[:4],
            "more": len(figures.causes) - 4,
            "chart": chart_points(figures.buckets),
            "hours": _by_hour(figures.buckets),
            "now": timezone.now(),
        },
    )


def _by_hour(buckets: tuple[Bucket, ...]) -> list[Bucket]:
    """Return the same figures by hour, for the table beside the chart; hours without records are left out."""
    hours: dict[object, Bucket] = {}
    for one in buckets:
        hour = one.start.replace(minute=0)
        known = hours.get(hour, Bucket(hour, 0, 0, 0, 0))
        hours[hour] = Bucket(
            hour,
            known.delivered + one.delivered,
            known.held + one.held,
            known.failed + one.failed,
            known.moving + one.moving,
        )
    return [one for one in hours.values() if one.delivered + one.held + one.failed + one.moving]
