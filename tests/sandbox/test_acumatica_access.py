"""Signing in at the simulated Acumatica: refusals, licence, tokens, tenants and signing out, by plain HTTP."""

import http.client
import time
from urllib.parse import urlencode

import pytest

from integrations.sandbox.acumatica.throttle import LONGEST_QUEUE, Throttle
from tests.sandbox import acumatica_site
from tests.sandbox.acumatica_site import ENDPOINT, Answer, Site

process, site = acumatica_site.process, acumatica_site.site


@pytest.mark.parametrize("status", [500, 401])
def test_a_bad_password_is_a_500_or_by_setting_a_401(site: Site, status: int) -> None:
    site.setting(bad_login_status=status)
    answer = Site(site.process).sign_in(password="wrong")
    assert answer.status == status
    assert "Invalid credentials" in answer.body.decode()


@pytest.mark.parametrize(("mode", "status"), [("429", 429), ("302", 302), ("html", 200)])
def test_a_sign_in_over_the_limit_is_refused_in_three_ways(site: Site, mode: str, status: int) -> None:
    site.setting(login_limit_mode=mode, max_users=1)
    answer = Site(site.process).sign_in()
    assert answer.status == status
    words = answer.body.decode() + (answer.headers.get("Location") or "")
    assert "API Login Limit" in words or "concurrent%20API%20logins" in words


def test_the_licence_delays_by_its_formula_and_declines_the_twenty_first_in_line() -> None:
    throttle = Throttle()
    throttle.quota = 50
    now = time.monotonic()
    for _ in range(25):
        throttle.record(now - 40)
    assert throttle.delay(now) == pytest.approx(0.8)
    throttle._waiting = LONGEST_QUEUE
    assert throttle.admit() is False


def token(site: Site, **changes: str) -> Answer:
    form = {
        "grant_type": "password", "username": "connect", "password": "sandbox-password", "scope": "api",
        "client_id": "4B6A1F0E-0000-4000-8000-5A7D00C0FFEE@MyStore", "client_secret": "sandbox-client-secret",
    } | changes  # fmt: skip
    kind = "application/x-www-form-urlencoded"
    return site.call(
        "POST", "/AcumaticaERP/identity/connect/token", urlencode(form).encode(), Content_Type=kind
    )


def test_client_credentials_and_a_client_without_tenant_are_refused(site: Site) -> None:
    assert token(site, grant_type="client_credentials").json == {"error": "unsupported_grant_type"}
    assert token(site, client_id="4B6A1F0E").json == {"error": "invalid_client"}
    granted = token(site).json
    bearer = {"Authorization": f"Bearer {granted['access_token']}"}
    assert site.call("GET", f"{ENDPOINT}/SalesOrder", **bearer).status == 200
    site.call("POST", "/AcumaticaERP/identity/connect/revocation", b"token=x", **bearer)
    assert site.process.control("GET", "state")["sessions"]["open"] == 2, "a revocation frees no place"
    assert (
        site.call("POST", "/AcumaticaERP/entity/auth/logout", b"", Content_Length="0", **bearer).status == 204
    )
    assert site.process.control("GET", "state")["sessions"]["open"] == 1


def test_tenants_are_checked_only_where_there_are_several(site: Site) -> None:
    assert Site(site.process).sign_in(tenant="Nonsense").status == 204
    site.setting(is_multi_tenant=True)
    refused = Site(site.process).sign_in(tenant="Nonsense")
    assert refused.status == 500
    assert refused.json["exceptionType"] == "PX.Data.PXUndefinedCompanyException"
    assert Site(site.process).sign_in(tenant="", company="mystore").status == 204


def test_a_sign_out_without_a_length_is_refused(site: Site) -> None:
    connection = http.client.HTTPConnection(site.process.host, timeout=10)
    connection.putrequest("POST", "/AcumaticaERP/entity/auth/logout")
    connection.putheader("Cookie", site.cookie)
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()
