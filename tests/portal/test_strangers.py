"""Alice, Otto, Audrey and Mallory: every page of the URL conf, asked by each of them."""

from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from integrations.kinds import Role
from integrations.kinds.sync_job import SyncMode
from integrations.models import BulkAction, Flow, SyncJob, in_tenant
from integrations.operations import bulk_actions, sync_jobs
from integrations.queries import causes
from integrations.queries.selections import Selection
from portal.accounts.roles import ALLOWED, Permission
from portal.web import sandbox_faults
from tests.portal.conftest import Company, browser, member
from tests.worlds import ACTOR, make_bench_world


def tenant_patterns() -> list[URLPattern]:
    """Return every address below ``/t/<slug>/``."""

    def walk(patterns: list[Any], inside: bool) -> list[URLPattern]:
        found: list[URLPattern] = []
        for pattern in patterns:
            here = inside or str(pattern.pattern).startswith("t/<slug:slug>/")
            if isinstance(pattern, URLResolver):
                found += walk(pattern.url_patterns, here)
            elif here:
                found.append(pattern)
        return found

    return walk(get_resolver("portal.web.urls").url_patterns, False)


PATTERNS = {pattern.name: pattern for pattern in tenant_patterns()}
# Deeds that an owner cannot do in this world: there is no simulator behind its connections.
WITHOUT_SANDBOX = {name for name in PATTERNS if name and name.startswith("sandbox-")}


# Written down here a second time on purpose: a weaker guard at a view must not pass by itself.
LOOKS = {
    "home", "errors", "error-group", "runs", "run", "run-live", "alerts", "pairs", "pair", "connections",
    "connection", "sandbox", "sandbox-live", "sync-jobs", "sync-job",
    "bulk-actions", "bulk-action",
}  # fmt: skip
OPERATES = {
    "bulk-new", "bulk-cancel", "error-skip", "error-link", "error-row", "run-retry", "run-skip", "run-reveal",
    "run-edit", "run-sync", "sync-new", "sync-pause", "sync-resume", "sync-cancel",
    "pair-pause", "pair-resume", "flow-resume", "connection-pause", "connection-resume",
    "sandbox-order", "sandbox-ship", "sandbox-stock", "sandbox-fault",
}  # fmt: skip
BUILDS = {
    "pair-new", "connection-new", "connection-save", "connection-test", "connection-rotate", "sandbox-reset",
    "sandbox-open", "sandbox-close", "pair-draft", "pair-draft-start",
}  # fmt: skip


def arguments_for(company: Company, pattern: URLPattern) -> dict[str, Any]:
    with in_tenant(company.world.tenant.pk):
        known = {
            "run_id": company.run(1002).pk,
            "pair_id": company.world.pair.pk,
            "connection_id": company.world.erp.pk,
            "flow_id": Flow.objects.get().pk,
            "job_id": SyncJob.objects.get().pk,
            "action_id": BulkAction.objects.get().pk,
            "key": causes.list_causes()[0].key,
        }
    return {name: known[name] for name in pattern.pattern.converters if name != "slug"}


def address(company: Company, name: str) -> str:
    return reverse(
        f"web:{name}",
        kwargs={"slug": company.world.tenant.slug, **arguments_for(company, PATTERNS[name])},
    )


@pytest.fixture
def busy(company: Company) -> Company:
    company.deliver_order(1001)
    company.hold_order(1002)
    with in_tenant(company.world.tenant.pk):
        sync_jobs.create(Flow.objects.get().pk, SyncMode.BACKFILL, actor=ACTOR)
        bulk_actions.start_retry(Selection(), "Everything that waits", actor=ACTOR)
    return company


def test_the_walk_finds_the_pages() -> None:
    assert {"home", "runs", "run", "connection", "pair", "errors", "sandbox"} <= set(PATTERNS)


def test_every_page_says_who_may_enter() -> None:
    for name, pattern in PATTERNS.items():
        assert hasattr(pattern.callback, "required_permission"), name


def test_every_page_asks_for_the_permission_that_its_deed_needs() -> None:
    asked = {name: pattern.callback.required_permission for name, pattern in PATTERNS.items()}  # type: ignore[attr-defined]
    wanted = {
        **dict.fromkeys(LOOKS, Permission.VIEW),
        **dict.fromkeys(OPERATES, Permission.OPERATE),
        **dict.fromkeys(BUILDS, Permission.BUILD),
    }
    assert asked == wanted


def test_nobody_signed_out_sees_anything(busy: Company) -> None:
    client = browser(None)
    for name in PATTERNS:
        for ask in (client.get, client.post):
            answer = ask(address(busy, name))
            assert answer.status_code == 302, name
            assert answer["Location"].startswith("/account/login/"), name


def test_a_stranger_of_another_company_sees_404_everywhere(busy: Company) -> None:
    other = make_bench_world(busy.ledger.url, "Mallory Works")  # type: ignore[attr-defined]
    client = browser(member(other, Role.OWNER, "mallory"))
    for name in PATTERNS:
        for ask in (client.get, client.post):
            assert ask(address(busy, name)).status_code == 404, name


def test_a_stranger_cannot_reach_another_companys_rows_below_her_own_address(busy: Company) -> None:
    other = make_bench_world(busy.ledger.url, "Mallory Works")  # type: ignore[attr-defined]
    client = browser(member(other, Role.OWNER, "mallory"))
    for name, pattern in PATTERNS.items():
        arguments = arguments_for(busy, pattern)
        if not arguments:
            continue
        url = reverse(f"web:{name}", kwargs={"slug": other.tenant.slug, **arguments})
        for ask in (client.get, client.post):
            answer = ask(url)
            # 405: the address takes the other method. A cause that is not hers reads as mended.
            is_refused = answer.status_code in (404, 405)
            is_mended = name == "error-group" and answer.status_code == 302
            assert is_refused or is_mended, (name, answer.status_code)
    assert busy.run(1002).status == "held"


def test_the_owner_sees_every_page(busy: Company) -> None:
    for name in set(PATTERNS) - WITHOUT_SANDBOX:
        status = busy.client.get(address(busy, name)).status_code
        assert status in (200, 302, 405), (name, status)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.AUDITOR, Role.BUILDER])
def test_a_member_is_refused_exactly_what_the_role_does_not_allow(busy: Company, role: Role) -> None:
    client = browser(member(busy.world, role))
    for name, pattern in PATTERNS.items():
        may = pattern.callback.required_permission in ALLOWED[role]  # type: ignore[attr-defined]
        status = client.get(address(busy, name)).status_code
        allowed = (200, 302, 405, 404) if name in WITHOUT_SANDBOX else (200, 302, 405)
        assert status in allowed if may else status == 403, (name, role, status)


def test_a_company_without_a_sandbox_is_told_how_to_get_one_and_can_do_nothing_there(busy: Company) -> None:
    assert "Simulators are not started from here." in busy.get("sandbox")
    for name in ("sandbox-order", "sandbox-ship", "sandbox-stock", "sandbox-fault", "sandbox-reset"):
        assert busy.client.post(address(busy, name)).status_code == 404, name


def test_every_fault_switch_has_a_key_of_its_own() -> None:
    keys = [fault.key for fault in sandbox_faults.FAULTS]
    assert len(keys) == len(set(keys))
