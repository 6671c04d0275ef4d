"""The pages of sync jobs: look, start, watch, pause, cancel; and the doors that lead there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from integrations.kinds import Role
from integrations.kinds.sync_job import SyncMode
from integrations.models import Flow, Run, SyncJob, in_tenant
from integrations.operations import sync_jobs
from tests.bench.systems.bench_store.connector import SHELF, Shelf
from tests.domain.sync_bench import finish, make_due, shelve, take_step
from tests.portal.conftest import Company, browser, member
from tests.worlds import ACTOR


@pytest.fixture(autouse=True)
def empty_shelf() -> Iterator[None]:
    yield
    SHELF.__dict__.update(Shelf().__dict__)


def flow_of(company: Company) -> Flow:
    with in_tenant(company.world.tenant.pk):
        return Flow.objects.get()


def begin(company: Company, mode: SyncMode = SyncMode.INITIAL_LOAD, **options: object) -> int:
    with in_tenant(company.world.tenant.pk):
        return sync_jobs.create(flow_of(company).pk, mode, actor=ACTOR, **{"per_minute": 6000, **options}).pk  # type: ignore[arg-type]


def ask(company: Company, do: str, **fields: object) -> object:
    given = {"flow": flow_of(company).pk, "mode": "initial_load", "do": do, **fields}
    return company.client.post(company.at("sync-jobs/new"), given)


def jobs(company: Company) -> list[SyncJob]:
    with in_tenant(company.world.tenant.pk):
        return list(SyncJob.objects.order_by("id"))


def test_an_empty_list_says_what_will_be_here_and_offers_it_to_those_who_may(company: Company) -> None:
    page = company.get("sync-jobs")
    assert "Nothing was ever loaded" in page
    assert "Bring in older records" in page
    auditor = browser(member(company.world, Role.AUDITOR))
    assert "Bring in older records" not in auditor.get(company.at("sync-jobs")).content.decode()


def test_a_look_counts_and_shows_three_records_and_starts_nothing(company: Company) -> None:
    shelve(company.world, 1001, 120)
    answer = ask(company, "look")
    page = " ".join(answer.content.decode().split())  # type: ignore[attr-defined]
    assert "120 records. At 60 a minute they take about 2 min." in page
    assert all(f'<td class="main">{number}</td>' in page for number in (1001, 1002, 1003))
    assert "23.00" in page
    assert jobs(company) == []


def test_start_makes_the_job_with_whole_days_of_the_companys_zone(company: Company) -> None:
    with in_tenant(company.world.tenant.pk):
        type(company.world.tenant).objects.filter(pk=company.world.tenant.pk).update(
            timezone="America/Chicago"
        )
    answer = ask(company, "start", mode="backfill", since="2025-03-01", until="2025-03-09", per_minute=30)
    (job,) = jobs(company)
    assert answer["Location"].endswith(f"/sync-jobs/{job.pk}")  # type: ignore[index]
    assert job.since == datetime(2025, 3, 1, 6, tzinfo=UTC)
    # The clocks went forward on the 9th: its end is an hour earlier in UTC.
    assert job.until == datetime(2025, 3, 10, 5, tzinfo=UTC)
    assert (job.per_minute, job.requested_by) == (30, "owner@northline.example")


def test_what_makes_no_sense_is_said_in_the_form(company: Company) -> None:
    answer = ask(company, "start", mode="targeted")
    assert answer.status_code == 400  # type: ignore[attr-defined]
    assert "Name the records by number or id." in answer.content.decode()  # type: ignore[attr-defined]
    assert jobs(company) == []


def test_single_records_need_no_look(company: Company) -> None:
    answer = ask(company, "look", mode="targeted", numbers="1001")
    assert "Single records need no look" in answer.content.decode()  # type: ignore[attr-defined]


def test_numbers_may_be_typed_with_commas_and_blanks(company: Company) -> None:
    ask(company, "start", mode="targeted", numbers="1001, 1002\n 1003")
    assert jobs(company)[0].numbers == ["1001", "1002", "1003"]


def test_a_running_job_shows_its_progress_and_when_it_is_ready(company: Company) -> None:
    shelve(company.world, 1001, 20)
    job_id = begin(company, per_minute=60)
    take_step(job_id)
    page = company.get(f"sync-jobs/{job_id}")
    assert "up to 60 a minute, ready in about 20 s" in page
    assert '<progress class="bar" value="0" max="20"' in page
    assert 'hx-trigger="every 3s"' in page
    assert "20 to go, behind what happens now." in page


def test_a_finished_job_stands_still_and_names_what_needs_a_person(company: Company) -> None:
    shelve(company.world, 1001, 3)
    company.ledger.faults.append("422")
    job_id = begin(company)
    finish(company.world, job_id)
    page = company.get(f"sync-jobs/{job_id}")
    assert "Through. 1 of its records needs you." in page
    assert "Records that need you" in page
    assert "hx-trigger" not in page.split('id="sync-job"')[1][:200]
    assert "Pause…" not in page
    assert "Finished" in company.get("sync-jobs")


def test_a_matching_job_lists_what_is_missing(company: Company) -> None:
    shelve(company.world, 1001, 2)
    company.ledger.commit("orders", {"reference": "BS-1001"})
    job_id = begin(company, SyncMode.MATCH_ONLY)
    finish(company.world, job_id)
    page = company.get(f"sync-jobs/{job_id}")
    assert "Order 1002 is not in Bench ERP. Nothing was created." in page


def test_the_buttons_pause_resume_and_cancel(company: Company) -> None:
    shelve(company.world, 1001, 2)
    job_id = begin(company, per_minute=1)
    take_step(job_id)
    take_step(job_id)
    company.client.post(company.at(f"sync-jobs/{job_id}/pause"), {"reason": "stock count"})
    assert "Paused: stock count." in company.get(f"sync-jobs/{job_id}")
    company.client.post(company.at(f"sync-jobs/{job_id}/resume"))
    assert jobs(company)[0].status == "running"
    answer = company.client.post(company.at(f"sync-jobs/{job_id}/cancel"), {"reason": "wrong"}, follow=True)
    assert "2 waiting records were taken back." in answer.content.decode()
    again = company.client.post(company.at(f"sync-jobs/{job_id}/pause"), {"reason": "x"}, follow=True)
    assert "The job is cancelled." in again.content.decode()


def test_a_failed_order_is_synced_from_its_own_page(company: Company) -> None:
    run = company.fail_order(1001)
    shelve(company.world, 1001, 1)
    assert "Sync this one now" in company.get(f"runs/{run.pk}")
    answer = company.client.post(company.at(f"runs/{run.pk}/sync"))
    (job,) = jobs(company)
    assert answer["Location"].endswith(f"/sync-jobs/{job.pk}")
    finish(company.world, job.pk)
    assert company.run(1001).status == "succeeded"


def test_a_search_that_finds_nothing_offers_to_ask_the_system_for_it(company: Company) -> None:
    company.deliver_order(1001)
    page = company.get("runs?q=77/8")
    assert "sync-jobs/new?mode=targeted&amp;numbers=77%2F8" in page
    form = company.get("sync-jobs/new?mode=targeted&numbers=77%2F8")
    assert "77/8</textarea>" in form


def test_the_pair_leads_to_older_records_and_shows_the_job_that_runs(company: Company) -> None:
    shelve(company.world, 1001, 10)
    page = company.get(f"pairs/{company.world.pair.pk}")
    assert "Bring in older records" in page
    job_id = begin(company)
    take_step(job_id)
    take_step(job_id)
    make_due()
    page = company.get(f"pairs/{company.world.pair.pk}")
    assert "Initial load of Orders: running." in page
    assert "0 of 10 records are through." in page


def test_the_list_pages_by_twenty(company: Company) -> None:
    with in_tenant(company.world.tenant.pk):
        SyncJob.objects.bulk_create(
            SyncJob(
                tenant_id=company.world.tenant.pk, flow_id=flow_of(company).pk, mode="targeted", status="finished",
                per_minute=1, requested_by="x", created_at=datetime.now(UTC) - timedelta(days=1),
            )
            for _ in range(21)
        )  # fmt: skip
    newest = company.get("sync-jobs")
    assert "Sync now 21<" in newest
    assert "Sync now 1<" not in newest
    assert "Sync now 1<" in company.get("sync-jobs?before=2")


def test_all_records_of_a_job_are_a_list_of_runs(company: Company) -> None:
    company.deliver_order(5001)
    shelve(company.world, 1001, 2)
    job_id = begin(company)
    finish(company.world, job_id)
    assert f"runs?job={job_id}" in company.get(f"sync-jobs/{job_id}")
    page = company.get(f"runs?job={job_id}")
    assert "1001" in page
    assert "1002" in page
    assert "5001" not in page


def test_a_record_of_a_paused_job_promises_no_time(company: Company) -> None:
    shelve(company.world, 1001, 1)
    job_id = begin(company)
    take_step(job_id)
    take_step(job_id)
    with in_tenant(company.world.tenant.pk):
        Run.objects.update(status="retrying")
        sync_jobs.pause(job_id, "stock count", actor=ACTOR)
    page = company.get(f"runs/{company.run(1001).pk}")
    assert "Its sync job is paused." in page
    assert "2200" not in page
    assert "Next try" not in page
