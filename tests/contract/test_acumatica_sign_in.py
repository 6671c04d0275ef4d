"""Signing in at Acumatica: places of the licence, what ends a sign-in, and the field to mend; over real HTTP."""

import threading

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import (
    AuthFailed,
    Misconfigured,
    OutcomeUnknown,
    RateLimited,
    UnexpectedResponse,
)
from integrations.kinds import Kind
from tests.contract import acumatica_stand
from tests.contract.acumatica_stand import setting, until
from tests.contract.test_acumatica import ENDPOINT, AcumaticaStand, CookieStand

process, stand = acumatica_stand.process, acumatica_stand.stand


def sessions(stand: AcumaticaStand) -> dict[str, int]:
    found: dict[str, int] = stand.simulator.control("GET", "state")["sessions"]
    return found


@pytest.mark.parametrize("stand_class", [AcumaticaStand, CookieStand])
def test_a_closed_connector_has_signed_out(stand: AcumaticaStand, stand_class: type[AcumaticaStand]) -> None:
    other = stand_class(stand.simulator)
    connector = other.connector()
    connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    assert sessions(stand)["open"] == 1
    connector.close()
    assert sessions(stand) == {"open": 0, "logins": 1, "logouts": 1}


def test_an_idle_sign_in_is_given_back_and_taken_again_when_needed(stand: AcumaticaStand) -> None:
    connector = stand.connector({**stand.values(), "session_idle_s": 0})
    connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    until(lambda: sessions(stand)["open"] == 0)
    assert connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={}) is not None


def test_connectors_of_one_user_share_one_place_of_the_licence(stand: AcumaticaStand) -> None:
    setting(stand, max_users=1)
    first, second = stand.connector(), stand.connector()
    threads = [
        threading.Thread(
            target=one.find, args=(Kind.PRODUCT,), kwargs={"natural_key": "A50-HALO", "hint": {}}
        )
        for one in (first, second) * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sessions(stand)["logins"] == 1
    first.close()
    assert sessions(stand)["open"] == 1, "the second one still uses it"
    second.close()
    assert sessions(stand)["open"] == 0


@pytest.mark.parametrize("mode", ["429", "302", "html"])
def test_a_full_licence_means_wait_whatever_way_it_is_said(stand: AcumaticaStand, mode: str) -> None:
    cookie = CookieStand(stand.simulator)
    taken = stand.connector()
    taken.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    setting(stand, max_users=1, login_limit_mode=mode)
    with pytest.raises(RateLimited):
        cookie.connector().find(Kind.PRODUCT, natural_key="A50-HALO", hint={})


def test_a_sign_in_that_ended_is_renewed_once(stand: AcumaticaStand) -> None:
    connector = stand.connector()
    connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={})
    stand.simulator.control("POST", "sessions/expire")
    assert connector.find(Kind.PRODUCT, natural_key="A50-HALO", hint={}) is not None
    assert sessions(stand)["logins"] == 2


def test_the_field_to_mend_is_named(stand: AcumaticaStand) -> None:
    for changes, field in (
        ({"password": "x" * 9}, "password"),
        ({"client_secret": "x" * 9}, "client_secret"),
    ):
        with pytest.raises(AuthFailed) as raised:
            stand.connector({**stand.values(), **changes}).identity()
        assert raised.value.field == field
    setting(stand, is_multi_tenant=True)
    with pytest.raises(Misconfigured) as wrong:
        cookie = CookieStand(stand.simulator)
        cookie.connector({**cookie.values(), "tenant": "Nonsense"}).identity()
    assert wrong.value.missing == "tenant"


def test_a_refresh_token_signs_in_and_its_successor_is_used(stand: AcumaticaStand) -> None:
    token = stand.simulator.control("POST", "refresh-token")["refresh_token"]
    connector = stand.connector({**stand.values(), "auth_mode": "oauth_code", "refresh_token": token})
    assert connector.identity().label.startswith("Tenant MyStore")
    stand.simulator.control("POST", "sessions/expire")
    connector.identity()
    assert token not in str(stand.exchanges)


def test_a_redirect_is_never_followed(stand: AcumaticaStand) -> None:
    external_id = stand.appear()[0]
    connector = stand.connector()
    stand.simulator.fault("login_page", times=1, match="/SalesOrder/")
    with pytest.raises(UnexpectedResponse):
        connector.fetch(Kind.ORDER, external_id)
    stand.simulator.fault("login_page", times=1, skip=1, match=f"{ENDPOINT}/SalesOrder")
    with pytest.raises(OutcomeUnknown):
        connector.write(WriteRequest(Kind.ORDER, {"Description": "New"}, external_id=external_id))
