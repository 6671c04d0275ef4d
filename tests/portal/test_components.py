"""The component tags and the wording behind them: what a person reads, and what refuses to be drawn."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Engine
from django.test import RequestFactory, override_settings
from django.urls import include, path

from integrations.connectors.base import CheckResult
from integrations.connectors.registry import UnknownSystem
from integrations.connectors.spec import Capability, ConnectorSpec, Limits, Support
from integrations.kinds import ConnectionHealth, RunStatus, Side
from portal.web import wording
from portal.web.components import Fact, Hop, HopState, MoneyVerdict, Place, draw_hops
from portal.web.icons import UnknownIcon
from portal.web.navigation import navigation_groups

STORE = ConnectorSpec("shop", "X-Cart", "XC", Side.STOREFRONT, "", "", (), {}, {}, Limits())
ERP = replace(STORE, key="erp", label="Dynamics SL", glyph="SL", side=Side.ERP)
CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 20, 20, 32, 5, tzinfo=UTC)

pages = [
    path("t/<slug:slug>/", lambda request, slug: None, name="home"),
    path("t/<slug:slug>/runs", lambda request, slug: None, name="runs"),
]
urlpatterns = [path("", include((pages, "web")))]


@pytest.fixture(scope="module")
def engine():
    return Engine(
        dirs=[Path(__file__).resolve().parents[2] / "templates"],
        libraries={
            "connect": "portal.web.templatetags.connect",
            "connect_forms": "portal.web.templatetags.connect_forms",
        },
        builtins=["portal.web.templatetags.connect", "portal.web.templatetags.connect_forms"],
    )


@pytest.fixture
def draw(engine):
    def drawn(source, **values):
        return engine.from_string(source).render(Context({"STORE": STORE, "ERP": ERP, **values}))

    return drawn


@pytest.mark.parametrize("status", list(RunStatus))
def test_a_run_status_is_drawn_with_its_word_its_family_and_its_icon(draw, status):
    html = draw("{% status_badge status %}", status=status.value)

    assert status.info.label in html
    assert f"family-{status.info.family.value}" in html
    assert f"#{status.info.icon}" in html


@pytest.mark.parametrize("health", list(ConnectionHealth))
def test_a_connection_health_is_drawn_with_its_word(draw, health):
    assert health.info.label in draw("{% health_badge health %}", health=health)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("{% status_badge 'exploded' %}", ValueError),
        ("{% status_badge missing %}", ValueError),
        ("{% health_badge 'held' %}", ValueError),
        ("{% badge 'x' 'pink' %}", ValueError),
        ("{% note 'pink' 'x' 'y' %}", ValueError),
        ("{% icon 'no-such-icon' %}", UnknownIcon),
        ("{% kind_icon 'gift' %}", ValueError),
        ("{% environment 'staging' %}", ValueError),
        ("{% glyph 'no_such_system' %}", UnknownSystem),
        ("{% id_pair ERP '1' STORE '2' %}", ValueError),
        ("{% money 1.5 'USD' %}", TypeError),
    ],
)
def test_what_is_unknown_fails_loudly(draw, source, error):
    with pytest.raises(error):
        draw(source)


def test_what_a_person_typed_is_escaped_everywhere(draw):
    evil = "<script>x</script>"
    html = draw(
        "{% badge evil %}{% note 'red' 'x' evil evil %}{% id_pair STORE evil ERP evil %}{% strip facts %}"
        "{% checks results %}{% journey hops STORE ERP %}{% pager evil %}",
        evil=evil,
        facts=[Fact(evil, evil, evil, evil)],
        results=[CheckResult(evil, False, evil, evil)],
        hops=[Hop(Place.ERP, evil, evil, gap=evil)],
    )

    assert "<script" not in html


def test_the_storefront_is_hollow_the_erp_solid_and_both_say_their_name(draw):
    html = draw("{% glyph STORE %}{% glyph ERP %}{% glyph 'connect' %}")

    assert 'class="glyph glyph-storefront" title="X-Cart"' in html
    assert 'class="glyph glyph-erp" title="Dynamics SL"' in html
    assert "glyph-connect" in html


def test_a_screen_reader_hears_both_sides_of_an_id_pair(draw):
    html = draw("{% id_pair STORE '1043' ERP '' 'held' %}")

    assert '<span class="visually-hidden">X-Cart </span><span class="id">1043</span>' in html
    assert (
        '<span class="visually-hidden">Dynamics SL </span><span class="id-missing">not there yet</span>'
        in html
    )


@pytest.mark.parametrize(
    ("status", "erp_id", "wire"),
    [
        ("succeeded", "O1", "linked"),
        ("superseded", "O1", "linked"),
        ("skipped", "", "none"),
        ("held", "", "held"),
        ("dead", "", "failed"),
        ("running", "O1", "moving"),
        ("in_doubt", "", "moving"),
    ],
)
def test_the_wire_shows_how_the_link_stands(draw, status, erp_id, wire):
    html = draw("{% id_pair STORE '1043' ERP erp_id status %}", status=status, erp_id=erp_id)

    assert f'class="wire wire-{wire}"' in html


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.43, "0.4 s"),
        (1.64, "1.6 s"),
        (0.3, "0.3 s"),
        (9.97, "9.9 s"),
        (40, "40 s"),
        (59.9, "59 s"),
        (70, "1 min 10 s"),
        (120, "2 min"),
        (3_599, "59 min"),
        (8_040, "2 h 14 min"),
        (11_100, "3 h 05 min"),
        (86_400, "1 day"),
        (3 * 86_400 + 7, "3 days"),
    ],
)
def test_a_duration_is_said_in_the_words_of_the_guide(seconds, words):
    assert wording.duration_words(seconds).replace("\u00a0", " ") == words


@pytest.mark.parametrize(("seconds", "words"), [(0.012, "12 ms"), (4_344, "1 h 12 min 24 s"), (3.8, "3.8 s")])
def test_an_exact_duration_keeps_its_small_units(seconds, words):
    assert wording.duration_words(seconds, exact=True).replace("\u00a0", " ") == words


def test_a_negative_duration_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        wording.duration_words(-1)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(0), "14:32:05"),
        (timedelta(hours=14), "00:32:05"),
        (timedelta(hours=15), "Thu 23:32"),
        (timedelta(days=6), "Sat 14:32"),
        (timedelta(days=7), "13 Nov"),
        (timedelta(days=365), "20 Nov 2025"),
        (-timedelta(days=1), "Sat 14:32"),
    ],
)
def test_a_moment_is_said_in_the_zone_of_the_tenant(ago, words):
    said = wording.moment_words(NOW - ago, now=NOW, zone=CHICAGO)

    assert said.replace("\u00a0", " ") == words


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="aware"):
        wording.moment_words(datetime(2026, 1, 1), now=NOW, zone=CHICAGO)  # noqa: DTZ001 - the point of the test


def test_a_time_carries_exact_utc_on_hover(draw):
    html = draw("{% when moment now=moment zone=zone %}", moment=NOW.astimezone(CHICAGO), zone=CHICAGO)

    assert html == (
        '<time datetime="2026-11-20T20:32:05+00:00" title="2026-11-20 20:32:05 UTC">14:32:05</time>'
    )


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("4218.6", "USD", "4,218.60"),
        ("0", "USD", "0.00"),
        ("1E+3", "USD", "1,000.00"),
        ("7.2533", "USD", "7.2533"),
        ("1200", "JPY", "1,200"),
        ("1.5", "KWD", "1.500"),
        ("-12", "", "-12.00"),
    ],
)
def test_an_amount_shows_at_least_its_minor_unit_and_loses_no_digit(amount, currency, words):
    assert wording.amount_words(Decimal(amount), currency) == words


def test_missing_amounts_times_and_durations_are_a_dash(draw):
    assert draw("{% money None %}{% when None %}{% duration None %}") == wording.NOTHING * 3


def test_a_failing_check_carries_its_fix_and_a_passing_one_does_not(draw):
    results = [
        CheckResult("Reads", True, "fine", fix="never shown"),
        CheckResult("Writes", False, "no", fix="give Insert"),
    ]
    html = draw("{% checks results %}", results=results)

    assert "give Insert" in html
    assert "never shown" not in html
    assert "does not pass" in html


def test_a_pager_without_an_address_switches_that_button_off(draw):
    html = draw("{% pager '12 of 29' '' '?after=x' %}")

    assert '<a class="btn btn-small" rel="next" href="?after=x">' in html
    assert html.count('aria-disabled="true"') == 1


@pytest.mark.parametrize("support", list(Support))
def test_a_capability_says_its_word_beside_the_sign(draw, support):
    words = {"full": "full", "partial": "in part", "not_yet": "not yet", "impossible": "impossible"}

    assert words[support] in draw("{% capability cell %}", cell=Capability(support))


def test_an_undeclared_capability_reads_impossible(draw):
    assert "impossible" in draw("{% capability None %}")


def test_the_line_of_a_journey_crosses_only_where_the_system_changes():
    hops = [
        Hop(Place.STOREFRONT, "Placed"),
        Hop(Place.CONNECT, "Received"),
        Hop(Place.CONNECT, "Held", state=HopState.HOLD),
        Hop(Place.ERP, "Written", state=HopState.AHEAD),
    ]
    placed, received, held, written = draw_hops(hops)

    assert placed.curve == "M17 0C17 18 51 6 51 26"
    assert (placed.has_line_in, received.has_line_in) == (False, False)
    assert (received.curve, held.has_line_in) == ("", True)
    assert held.is_next_ahead
    assert not written.has_line_out


def test_a_journey_tells_a_difference_in_money_by_sign_and_word(draw):
    hops = [
        Hop(Place.STOREFRONT, "Placed", money=Decimal("318.42")),
        Hop(Place.ERP, "Written", money=Decimal("318.40"), verdict=MoneyVerdict.DIFFERENT),
    ]
    html = draw("{% journey hops STORE ERP 'USD' %}", hops=hops)

    assert "#equal-not" in html
    assert "differs" in html
    assert "the same" not in html


class Address(forms.Form):
    zip = forms.CharField(label="Postal code", help_text="At most 10.", max_length=10)
    password = forms.CharField(widget=forms.PasswordInput)


def test_a_field_is_tied_to_its_label_its_hint_and_its_error(draw):
    html = draw("{% field form.zip technical_name='ShipZip' %}", form=Address({"zip": "60614-1208-USA"}))

    assert 'for="id_zip"' in html
    assert "<code>ShipZip</code>" in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_zip-error id_zip-hint"' in html
    assert 'id="id_zip-error"' in html
    assert 'id="id_zip-hint"' in html


def test_a_password_is_never_put_back_into_the_page(draw):
    assert "hunter2" not in draw("{% field form.password %}", form=Address({"password": "hunter2"}))


@pytest.fixture
def two_pages():
    with override_settings(ROOT_URLCONF=__name__):
        yield


def test_the_bar_links_only_pages_that_exist(two_pages):
    groups = navigation_groups("northline", "runs", {"runs": 3})

    links = [link for _, group in groups for link in group]
    assert [(link.url, link.is_current, link.count) for link in links] == [
        ("/t/northline/", False, 0),
        ("/t/northline/runs", True, 3),
    ]
    assert [label for label, _ in groups] == [""]


def test_the_frame_marks_the_page_and_knows_the_tenant(two_pages, draw):
    request = RequestFactory().get("/t/northline/runs")
    request.resolver_match = SimpleNamespace(app_name="web", url_name="runs")
    html = draw("{% navigation %}", request=request, tenant=SimpleNamespace(slug="northline"), nav_counts={})

    assert html.count('aria-current="page"') == 1
    assert 'href="/t/northline/runs" title="Runs" aria-current="page"' in " ".join(html.split())
