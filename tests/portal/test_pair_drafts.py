"""The page that starts a pair without ready flows with a draft: it shows what is open, and publishes nothing."""

import json

import pytest
from django.test import Client

from integrations.kinds import Environment, Role
from integrations.models import Flow, FlowVersion, Pair, PollCursor, Tenant, in_tenant
from integrations.operations import connections, pairs, tenants
from integrations.operations.demo_settings import settings_of
from integrations.stores.demo_places import Place
from portal.accounts.models import Membership, User
from tests.portal.conftest import browser
from tests.worlds import ACTOR

NOWHERE = Place("https://nowhere.example", "", sql_port=1433)


def bound(tenant: Tenant, store: str, erp: str) -> Pair:
    with in_tenant(tenant.pk):
        made = [
            connections.create_connection(key, key, settings_of(key, NOWHERE, "s" * 40), actor=ACTOR)
            for key in (store, erp)
        ]
        return pairs.create_pair("Main", Environment.PRODUCTION, made[0].pk, made[1].pk, actor=ACTOR)


@pytest.fixture
def tenant(database: None) -> Tenant:
    return tenants.create_tenant("Northline")


@pytest.fixture
def client(tenant: Tenant) -> Client:
    user = User.objects.create_user("owner@northline.example", "a-long-password")
    with in_tenant(tenant.pk):
        Membership.objects.create(user=user, role=Role.OWNER.value)
    return browser(user)


def test_a_pair_without_ready_flows_starts_with_a_draft_that_is_not_published(
    tenant: Tenant, client: Client
) -> None:
    pair = bound(tenant, "clarity_ecommerce", "acumatica")
    path = f"/t/{tenant.slug}/pairs/{pair.pk}"
    assert f'href="{path}/draft"' in client.get(path).content.decode()
    page = " ".join(client.get(f"{path}/draft").content.decode().split())
    for words in ("Details[].UnitPrice", " proved", "6 open", "Nothing is published."):
        assert words in page, words
    answer = client.post(f"{path}/draft/start", follow=True)
    shown = " ".join(answer.content.decode().split())
    assert "5 flows are drafted. None is published" in shown
    assert "Draft" in shown and "not published" in shown
    with in_tenant(tenant.pk):
        assert set(Flow.objects.values_list("current_id", flat=True)) == {None}
        assert FlowVersion.objects.count() == 5
        assert not PollCursor.objects.exists(), "what is not published is not looked for"
    again = client.post(f"{path}/draft/start", follow=True).content.decode()
    assert "nothing to draft" in again
    with in_tenant(tenant.pk):
        assert Flow.objects.count() == 5


def test_a_draft_is_a_file_that_the_mapping_command_reads(tenant: Tenant, client: Client) -> None:
    pair = bound(tenant, "clarity_ecommerce", "sage_500")
    answer = client.get(f"/t/{tenant.slug}/pairs/{pair.pk}/draft", {"flow": "order_out"})
    assert answer["Content-Disposition"] == 'attachment; filename="order_out.json"'
    template = json.loads(answer.content)
    assert template["definition"]["mappings"]["order"]["source"]["system"] == "clarity_ecommerce"
    assert client.get(f"/t/{tenant.slug}/pairs/{pair.pk}/draft", {"flow": "none"}).status_code == 404


def test_a_pair_with_ready_flows_is_offered_no_draft(tenant: Tenant, client: Client) -> None:
    pair = bound(tenant, "x_cart", "acumatica")
    path = f"/t/{tenant.slug}/pairs/{pair.pk}"
    assert "Start with a draft" not in client.get(path).content.decode()
    assert "Nothing to draft from" in client.get(f"{path}/draft").content.decode()
    assert "nothing to draft" in client.post(f"{path}/draft/start", follow=True).content.decode()
