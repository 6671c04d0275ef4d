"""Tokens, scopes and call limits of Clarity eCommerce (systems/clarity-ecommerce.md, 1, 2, 12)."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from integrations.connectors.base import WriteRequest
from integrations.connectors.errors import AuthFailed, Misconfigured, RateLimited
from integrations.connectors.systems.clarity_ecommerce.tokens import TokenSource
from integrations.connectors.transports.http import HttpAnswer
from integrations.connectors.transports.retry_after import seconds_until
from integrations.kinds import Kind
from tests.contract.clarity_site import calls
from tests.contract.suite import Stand
from tests.contract.test_clarity_ecommerce import ClarityStand


class TestTokens:
    stand_class = ClarityStand

    def test_many_threads_fetch_one_token(self, stand: Stand) -> None:
        connector, ids = stand.connector(), stand.appear(8)
        with ThreadPoolExecutor(8) as pool:
            read = list(pool.map(lambda one: connector.fetch(Kind.ORDER, one).external_id, ids))
        assert read == ids
        assert calls(stand, "/oauth/token") == 1

    def test_a_revoked_token_is_renewed_once_by_all_threads_and_no_call_fails(self, stand: Stand) -> None:
        connector, ids = stand.connector(), stand.appear(6)
        connector.fetch(Kind.ORDER, ids[0])
        stand.simulator.control("DELETE", "tokens")
        with ThreadPoolExecutor(6) as pool:
            read = list(pool.map(lambda one: connector.fetch(Kind.ORDER, one).external_id, ids))
        assert read == ids
        assert calls(stand, "/oauth/token") == 2

    def test_a_write_with_an_ended_token_is_sent_again_and_has_one_effect(self, stand: Stand) -> None:
        connector, request = stand.connector(), stand.write_request()
        connector.identity(), connector.fetch(Kind.ORDER, request.fields["orderId"])
        stand.simulator.control("DELETE", "tokens")
        connector.write(request)
        assert stand.effects(request) == 1

    def test_a_token_is_renewed_sixty_seconds_before_its_end(self) -> None:
        clock, asked = [0.0], []

        def ask(form: bytes) -> HttpAnswer:
            asked.append(form)
            body = json.dumps({"access_token": f"t{len(asked)}", "expires_in": 3600}).encode()
            return HttpAnswer(200, {"content-type": "application/json"}, body)

        source = TokenSource(ask, client_id="c", client_secret="s & s", scopes="", clock=lambda: clock[0])
        assert source.get()[0].value == "t1"
        clock[0] = 3539.0
        assert source.get()[0].value == "t1"
        clock[0] = 3540.0
        assert source.get()[0].value == "t2"
        assert asked[0] == b"grant_type=client_credentials&client_id=c&client_secret=s+%26+s"

    def test_a_refused_secret_names_its_field(self, stand: Stand) -> None:
        with pytest.raises(AuthFailed) as raised:
            stand.connector(stand.bad_values()).fetch(Kind.ORDER, "1")
        assert raised.value.field == "client_secret"

    def test_2_a_missing_scope_is_named_and_stops_the_flow_alone(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"client_scopes": "orders:read products:read"})
        connector = stand.connector()
        with pytest.raises(Misconfigured) as raised:
            connector.write(WriteRequest(Kind.ORDER, {"orderId": stand.appear()[0], "status": "Void"}))
        assert raised.value.missing == "orders:write"
        failed = {result.name: result.evidence for result in connector.check() if not result.ok}
        assert "orders:write" in failed["Scopes granted"]

    def test_an_unknown_scope_names_the_setting(self, stand: Stand) -> None:
        with pytest.raises(Misconfigured) as raised:
            stand.connector({**stand.values(), "scopes": "moon:read"}).fetch(Kind.ORDER, "1")
        assert raised.value.missing == "scopes"

    def test_tokens_never_show_in_exchanges(self, stand: Stand) -> None:
        stand.connector().fetch(Kind.ORDER, stand.appear()[0])
        assert [each for each in stand.exchanges if each.address.endswith("/oauth/token")]
        assert "ce-" not in str(stand.exchanges)

    def test_12_too_many_calls_tell_the_wait(self, stand: Stand) -> None:
        stand.simulator.control("POST", "settings", {"rate_per_minute": 2})
        connector, order_id = stand.connector(), stand.appear()[0]
        for _ in range(2):
            connector.fetch(Kind.ORDER, order_id)
        with pytest.raises(RateLimited) as raised:
            connector.fetch(Kind.ORDER, order_id)
        assert 0 < (raised.value.retry_after_seconds or 0) <= 61

    def test_12_without_retry_after_the_reset_header_tells(self) -> None:
        now = datetime(2026, 3, 2, tzinfo=UTC)
        assert seconds_until(str(int(now.timestamp()) + 40), now) == 40.0
        assert seconds_until("25", now) == 25.0
        assert seconds_until("soon", now) is None

    def test_an_address_without_the_api_is_named(self, stand: Stand) -> None:
        values = {**stand.values(), "token_url": f"{stand.simulator.url}/oauth/token"}
        connector = stand.connector({**values, "base_url": f"{stand.simulator.url}/blog"})
        with pytest.raises(Misconfigured) as raised:
            connector.fetch(Kind.ORDER, "1")
        assert raised.value.missing == "base_url"
        assert [(one.name, one.ok) for one in connector.check()][-1] == ("API v1 answers", False)
