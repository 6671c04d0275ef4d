"""Log lines carry event names and ids: whatever else slips into one is replaced before a handler sees it."""

import logging
import sys
from io import StringIO

import pytest

from portal.logs import Redaction, redact

SECRET = "s3cr3t-V4lue"
VISA = "4111111111111111"


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: {SECRET}",
        f"X-Auth-Token: {SECRET}",
        f'"password": "{SECRET}"',
        f"password={SECRET}&x=1",
        f"site_key={SECRET}",
        f"{{'SiteKey': '{SECRET}'}}",
        f"GET admin.php?target=RESTAPI&_key={SECRET}&_path=order",
        f"webhook_secret: '{SECRET}'",
        f"refresh_token={SECRET}, next",
        f"sent with Bearer {SECRET}",
        f"proxy says Basic {SECRET}",
        f"POST /hooks/{SECRET} 202",
    ],
)
def test_a_secret_is_replaced_wherever_it_stands(line: str) -> None:
    assert SECRET not in redact(line)
    assert "•••" in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {SECRET}",
        f'{{"authorization": "Basic {SECRET}"}}',
        f'{{"password": "two words {SECRET}"}}',
        f"apikey={SECRET}",
        f"https://user:{SECRET}@shop.example/api",
    ],
)
def test_a_secret_behind_another_word_is_replaced_as_well(line: str) -> None:
    assert SECRET not in redact(line)


def test_a_secret_in_a_traceback_is_replaced() -> None:
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(Redaction())
    try:
        raise ValueError(f"refused token={SECRET}")
    except ValueError:
        handler.handle(logging.LogRecord("connect", logging.ERROR, "x", 1, "failed", None, sys.exc_info()))
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize("number", [VISA, "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005"])
def test_a_card_number_is_replaced(number: str) -> None:
    assert number not in redact(f"body {number} end")


@pytest.mark.parametrize(
    "line",
    [
        "run.finished run_id=81234 tenant_id=7 pair_id=12 request_id=req-1043 status=succeeded",
        "poll.page cursor=2026-03-02T15:04:05+00:00 records=100",
        "drain.claimed runs=50 seconds=0.012",
        "sku A50-HALO ean 4006381333931",
    ],
)
def test_ids_times_and_short_numbers_stay(line: str) -> None:
    assert redact(line) == line


def filtered(message: str, *arguments: object) -> logging.LogRecord:
    record = logging.LogRecord("connect", logging.INFO, __file__, 1, message, arguments or None, None)
    assert Redaction().filter(record)
    return record


def test_arguments_are_covered_and_not_formatted_twice() -> None:
    record = filtered("calling %s with %s", "https://shop.example/api", f"token={SECRET}")
    assert SECRET not in record.getMessage()
    assert record.args == ()
    assert filtered("100%% of %s", "runs").getMessage() == "100% of runs"


def test_a_line_that_holds_a_percent_sign_after_redaction_still_prints() -> None:
    assert filtered("%s", "50% off, password=x").getMessage() == "50% off, password=•••"


def test_redacting_twice_changes_nothing_more() -> None:
    once = redact(f"Bearer {SECRET} /hooks/{SECRET} password={SECRET} {VISA}")
    assert redact(once) == once
