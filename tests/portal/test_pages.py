"""The pages with real records: what they say, what their buttons do, what they refuse."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.kinds import Environment, Role
from integrations.models import AuditEntry, Connection, Pair, Tenant, in_tenant
from integrations.operations import alerts, pairs
from integrations.queries import causes, runs
from integrations.queries.runs import RunFilter
from integrations.queries.window import first_run_since
from portal.accounts.models import User
from tests.domain.test_delivery import drain
from tests.portal.conftest import Company, browser, member
from tests.worlds import ACTOR


def test_who_signs_in_for_the_first_time_makes_a_company_and_owns_it(database: None) -> None:
    user = User.objects.create_user("nia@example.com", "a-long-password")
    client = browser(user)
    assert "Which company" in client.get("/").content.decode()
    answer = client.post("/", {"name": "Nia's Lamps", "timezone": "Europe/Berlin", "currency": "EUR"})
    assert answer["Location"] == "/t/nias-lamps/"
    page = client.get("/t/nias-lamps/").content.decode()
    assert "Connect a store with your ERP" in page
    assert "connections/new?system=x_cart" in page
    assert client.get("/")["Location"] == "/t/nias-lamps/"


def test_a_company_without_a_name_is_not_made(database: None) -> None:
    client = browser(User.objects.create_user("nia@example.com", "a-long-password"))
    answer = client.post("/", {"name": "  ", "timezone": "UTC", "currency": "EUR"})
    assert answer.status_code == 400
    assert "field-error" in answer.content.decode()


def test_signed_out_leads_to_sign_in(database: None) -> None:
    assert browser(None).get("/")["Location"] == "/account/login/?next=/"


def test_home_says_that_nothing_arrived_yet(company: Company) -> None:
    assert "Nothing has arrived in 24 hours, and everything is ready." in company.get()


def test_home_says_what_needs_a_person_and_how_much_money_it_is(company: Company) -> None:
    company.deliver_order(1)
    company.hold_order(2)
    company.hold_order(3)
    page = company.get()
    assert "Orders are flowing. 2 records need you." in page
    assert "2 orders wait for SKU A50-HALO in Bench ERP" in page
    assert "46.00" in page


def test_home_says_when_the_erp_refuses_us_and_where_to_mend_it(company: Company) -> None:
    company.ledger.faults.append("401")
    company.world.send(company.world.order(1))
    drain()
    page = company.get()
    assert re.search(r"Orders stopped at \d\d:\d\d\. Nothing is lost\.", page)
    assert "ERP refuses our credentials." in page
    assert "goes in order once it is back" in page
    assert f"/connections/{company.world.erp.pk}" in page


def test_home_asked_by_htmx_is_only_its_body(company: Company) -> None:
    answer = company.client.get(company.at(), headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert b"Needs you" in answer.content


def test_times_are_those_of_the_company(company: Company) -> None:
    company.deliver_order(1)
    with in_tenant(company.world.tenant.pk):
        Tenant.objects.filter(pk=company.world.tenant.pk).update(timezone="Asia/Kolkata")
        finished = company.run(1).created_at
    local = finished + timedelta(hours=5, minutes=30)
    assert f">{local:%H:%M:%S}<" in company.get("runs")


@pytest.mark.parametrize("typed", ["1043", " 1043 ", "BS-1043", "E000001", "e000001"])
def test_a_record_is_found_by_any_of_its_numbers(company: Company, typed: str) -> None:
    company.deliver_order(1043)
    company.deliver_order(1044)
    page = company.client.get(company.at("runs"), {"q": typed}).content.decode()
    assert f"/runs/{company.run(1043).pk}" in page
    assert f"/runs/{company.run(1044).pk}" not in page


def test_a_number_that_nothing_has_is_said_so(company: Company) -> None:
    company.deliver_order(1)
    assert "Nothing here is called that" in company.get("runs?q=nope")


def test_what_is_searched_is_escaped(company: Company) -> None:
    assert "<script>alert" not in company.get("runs?q=<script>alert(1)</script>")


def test_an_order_that_waits_is_found_with_its_cause_and_its_fix(company: Company) -> None:
    company.hold_order(7)
    page = company.get("runs?q=a50-halo")
    assert "1 order waits for SKU A50-HALO in Bench ERP" in page
    assert "Mend it" in page


def test_filters_live_in_the_address_and_nonsense_is_404(company: Company) -> None:
    company.deliver_order(1)
    company.fail_order(2)
    needs = company.get("runs?tab=needs")
    assert f"/runs/{company.run(2).pk}" in needs
    assert f"/runs/{company.run(1).pk}" not in needs
    assert f"/runs/{company.run(1).pk}" in company.get("runs?status=succeeded&kind=order")
    for query in ("tab=x", "status=x", "kind=x", "flow=x", "before=-1", "before=9999999999999999999"):
        assert company.client.get(company.at(f"runs?{query}")).status_code == 404, query


def test_pages_of_runs_meet_without_a_gap_or_an_overlap(company: Company) -> None:
    for number in range(1, 8):
        company.world.send(company.world.order(number))
    with in_tenant(company.world.tenant.pk):
        now = timezone.now()
        first = runs.list_runs(RunFilter(), now=now, size=3)
        second = runs.list_runs(RunFilter(), now=now, size=3, before=first.older)
        third = runs.list_runs(RunFilter(), now=now, size=3, before=second.older)
        back = runs.list_runs(RunFilter(), now=now, size=3, after=second.newer)
    ids = [row.id for page in (first, second, third) for row in page.rows]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(set(ids)) == 7
    assert (first.newer, third.older) == (None, None)
    assert back.rows == first.rows


def test_the_first_run_of_a_span_is_found_by_bisection(company: Company) -> None:
    for number in range(1, 6):
        company.world.send(company.world.order(number))
    with in_tenant(company.world.tenant.pk):
        listed = company.world.runs()
        assert first_run_since(listed[2].created_at) <= listed[2].pk
        assert first_run_since(listed[2].created_at) > listed[1].pk
        assert first_run_since(timezone.now() + timedelta(hours=1)) == listed[-1].pk + 1
        assert first_run_since(listed[0].created_at - timedelta(days=1)) == 1


def test_the_passport_tells_the_journey_with_money_and_the_way_each_field_was_made(company: Company) -> None:
    run = company.deliver_order(1043)
    page = company.get(f"runs/{run.pk}")
    for words in (
        "Order 1043",
        "Reached Bench ERP as E000001.",
        "Received by webhook",
        "Mapped with version 1",
        "Written to Bench ERP",
        "the same in all 3 places",
        "Money check",
        "prefix BS-",
        "POST http",
    ):
        assert words in page, words


def test_personal_data_is_masked_until_somebody_reveals_it_and_that_is_audited(company: Company) -> None:
    run = company.deliver_order(1043)
    before = company.get(f"runs/{run.pk}")
    assert "pat1043@example.com" not in before.lower()
    assert "p•••@example.com" in before
    company.client.post(company.at(f"runs/{run.pk}/reveal"))
    assert "pat1043@example.com" in company.get(f"runs/{run.pk}")
    assert "pat1043@example.com" not in browser_of_operator(company, run.pk)
    with in_tenant(company.world.tenant.pk):
        assert AuditEntry.objects.filter(action="run.revealed").count() == 1


def browser_of_operator(company: Company, run_id: int) -> str:
    client = browser(member(company.world, Role.OPERATOR))
    return client.get(company.at(f"runs/{run_id}")).content.decode()


def test_a_look_is_written_down_once_in_half_an_hour(company: Company) -> None:
    run = company.deliver_order(1)
    for _ in range(3):
        company.get(f"runs/{run.pk}")
    assert "looked at it" in company.get(f"runs/{run.pk}")
    with in_tenant(company.world.tenant.pk):
        assert AuditEntry.objects.filter(action="run.looked_at").count() == 1


def test_a_held_order_names_its_sku_and_is_released_by_the_link_beside_it(company: Company) -> None:
    run = company.hold_order(1043)
    page = company.get(f"runs/{run.pk}")
    assert "Order 1043 is waiting for SKU A50-HALO in Bench ERP" in page
    assert "Link and release 1 order" in page
    assert "until now" in page
    with in_tenant(company.world.tenant.pk):
        key = causes.list_causes()[0].key
    company.client.post(company.at(f"errors/{key}/link"), {"sku": "A50HALO"})
    drain()
    assert company.run(1043).status == "succeeded"
    assert "Released: the link is there" in company.get(f"runs/{run.pk}")


def test_a_lost_answer_is_told_as_what_it_is(company: Company) -> None:
    company.ledger.faults.append("drop_after_commit")
    run = company.deliver_order(9)
    page = company.get(f"runs/{run.pk}")
    assert "Bench ERP gave no clear answer" in page
    assert "Found BS-9 in Bench ERP" in page


def test_a_failed_order_shows_field_value_and_rule_and_can_be_edited(company: Company) -> None:
    run = company.fail_order(5)
    page = company.get(f"runs/{run.pk}")
    assert "Order 5 did not reach Bench ERP" in page
    assert "is taboo" in page
    editor = company.get(f"runs/{run.pk}/edit")
    assert "&quot;number&quot;: &quot;5&quot;" in editor
    refused = company.client.post(company.at(f"runs/{run.pk}/edit"), {"record": "{"})
    assert refused.status_code == 400
    assert "not readable JSON in line 1" in refused.content.decode()
    assert company.run(5).status == "dead"


def test_causes_are_grouped_and_sorted_by_money(company: Company) -> None:
    company.fail_order(1)
    company.hold_order(2)
    company.hold_order(3)
    page = company.get("errors")
    assert page.index("2 orders wait for SKU A50-HALO") < page.index("1 order failed: reference is taboo")
    assert "3 records wait for you" in page


def test_a_group_is_not_skipped_without_a_reason(company: Company) -> None:
    company.fail_order(1)
    with in_tenant(company.world.tenant.pk):
        key = causes.list_causes()[0].key
    company.client.post(company.at(f"errors/{key}/skip"), {"reason": " "})
    assert company.run(1).status == "dead"
    company.client.post(company.at(f"errors/{key}/skip"), {"reason": "test order"})
    assert company.run(1).status == "skipped"


def test_an_auditor_sees_no_button_that_changes_anything(company: Company) -> None:
    run = company.fail_order(1)
    client = browser(member(company.world, Role.AUDITOR))
    page = client.get(company.at(f"runs/{run.pk}")).content.decode()
    assert "Retry now" not in page
    assert "Reveal" not in page
    assert client.post(company.at(f"runs/{run.pk}/retry")).status_code == 403
    assert company.run(1).status == "dead"


def test_an_action_never_leads_to_another_site(company: Company) -> None:
    run = company.fail_order(1)
    answer = company.client.post(company.at(f"runs/{run.pk}/retry"), {"next": "https://evil.example/"})
    assert answer["Location"] == company.at(f"runs/{run.pk}")


def test_an_open_alert_shows_its_evidence_and_what_closes_it(company: Company) -> None:
    company.fail_order(1)
    page = company.get("alerts")
    assert "when no failed record of this cause is left" in page
    with in_tenant(company.world.tenant.pk):
        from django.db import connection

        from integrations.models import Alert

        with connection.cursor() as cursor:
            alerts.close_alert(cursor, company.world.tenant.pk, Alert.objects.get().dedupe_key, "It went.")
    closed = company.get("alerts")
    assert "Quiet since" in closed
    assert "It went." in closed


def test_a_pair_is_paused_with_a_reason_and_resumed(company: Company) -> None:
    pair = company.world.pair.pk
    company.client.post(company.at(f"pairs/{pair}/pause"), {"reason": "stocktaking"})
    assert "Paused: stocktaking." in company.get(f"pairs/{pair}")
    company.deliver_order(1)
    assert company.run(1).status == "queued"
    company.client.post(company.at(f"pairs/{pair}/resume"))
    drain()
    assert company.run(1).status == "succeeded"


def test_a_pair_counts_what_arrived_and_what_left(company: Company) -> None:
    company.deliver_order(1)
    company.hold_order(2)
    page = company.get(f"pairs/{company.world.pair.pk}")
    assert "1 record needs you. Everything else flows." in page
    assert '<span class="arrow-count num">2</span>' in page
    assert '<span class="arrow-count num">1</span>' in page


def test_a_new_pair_is_refused_with_the_reason_and_made_with_its_flows(company: Company) -> None:
    given = {
        "name": "Second",
        "storefront": company.world.store.pk,
        "erp": company.world.erp.pk,
        "environment": "sandbox",
    }
    refused = company.client.post(company.at("pairs/new"), given)
    assert refused.status_code == 400
    assert "paired in this environment already" in refused.content.decode()
    made = company.client.post(company.at("pairs/new"), {**given, "environment": "qa"})
    with in_tenant(company.world.tenant.pk):
        pair = Pair.objects.get(name="Second")
    assert made["Location"] == company.at(f"pairs/{pair.pk}")
    assert "Orders" in company.get(f"pairs/{pair.pk}")


def test_a_stopped_flow_is_resumed_from_its_pair(company: Company) -> None:
    with in_tenant(company.world.tenant.pk):
        from integrations.models import Flow

        Flow.objects.update(paused_at=timezone.now(), pause_reason="wrong path")
        flow = Flow.objects.get()
    assert "Orders stopped" in company.get(f"pairs/{flow.pair_id}")
    company.client.post(company.at(f"flows/{flow.pk}/resume"))
    with in_tenant(company.world.tenant.pk):
        assert Flow.objects.get().paused_at is None


SHOP = {"name": "Shop", "s-base_url": "https://shop.example", "s-store_timezone": "UTC", "s-dialect": "auto"}


def test_a_connection_is_made_from_its_specs_form_and_its_secret_never_shown(company: Company) -> None:
    secret = "abcdefgh-abcdefgh-abcdefgh-abcdefgh"
    answer = company.client.post(
        company.at("connections/new?system=x_cart"), {**SHOP, "s-webhook_secret": secret}
    )
    with in_tenant(company.world.tenant.pk):
        made = Connection.objects.get(name="Shop")
    assert answer["Location"] == company.at(f"connections/{made.pk}")
    page = company.get(f"connections/{made.pk}")
    assert secret not in page
    assert "leave empty to keep it" in page
    assert "/hooks/" in page
    assert "https://shop.example" in page


def test_settings_that_are_wrong_are_told_beside_their_fields(company: Company) -> None:
    given = {**SHOP, "s-base_url": "not an address", "s-webhook_secret": "short"}
    answer = company.client.post(company.at("connections/new?system=x_cart"), given)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "is an address that starts with https://" in page
    assert "has at least 32 characters" in page
    with in_tenant(company.world.tenant.pk):
        assert not Connection.objects.filter(name="Shop").exists()


def test_a_secret_left_empty_keeps_its_value(company: Company) -> None:
    store = company.world.store.pk
    answer = company.client.post(
        company.at(f"connections/{store}/save"), {"name": "Shop one", "s-webhook_secret": ""}
    )
    assert answer.status_code == 302
    company.deliver_order(1)
    assert company.run(1).status == "succeeded"


def test_an_unknown_system_leads_to_the_catalogue(company: Company) -> None:
    answer = company.client.get(company.at("connections/new?system=nope"))
    assert answer["Location"].endswith("/connections#catalogue")


def test_a_test_names_its_rows_and_stores_them(company: Company) -> None:
    erp = company.world.erp.pk
    answer = company.client.post(company.at(f"connections/{erp}/test"), headers={"HX-Request": "true"})
    assert "It answers." in answer.content.decode()
    assert "1 of 1 pass" in company.get(f"connections/{erp}")


def test_an_operator_does_not_see_the_webhook_address(company: Company) -> None:
    store = company.world.store.pk
    client = browser(member(company.world, Role.OPERATOR))
    assert company.world.token not in client.get(company.at(f"connections/{store}")).content.decode()
    assert company.world.token in company.get(f"connections/{store}")


def test_a_renewed_webhook_address_is_another_one(company: Company) -> None:
    store = company.world.store.pk
    company.client.post(company.at(f"connections/{store}/rotate"))
    assert company.world.token not in company.get(f"connections/{store}")


def test_a_paused_connection_says_why_and_goes_on(company: Company) -> None:
    erp = company.world.erp.pk
    company.client.post(company.at(f"connections/{erp}/pause"), {"reason": "update of the ERP"})
    assert "update of the ERP" in company.get(f"connections/{erp}")
    company.client.post(company.at(f"connections/{erp}/resume"))
    assert "update of the ERP" not in company.get()


def test_a_pair_without_ready_flows_says_so(company: Company) -> None:
    with in_tenant(company.world.tenant.pk):
        from integrations.operations import connections

        shop = connections.create_connection(
            "x_cart", "Shop", {"base_url": "https://shop.example"}, actor=ACTOR
        )
        pair = pairs.create_pair("Odd", Environment.DEV, shop.pk, company.world.erp.pk, actor=ACTOR)
    assert "no ready flows" in company.get(f"pairs/{pair.pk}")
