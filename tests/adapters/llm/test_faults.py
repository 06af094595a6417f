"""Refusals by their status and words, and how long to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gdg_runtime.adapters.llm.transport import kind_of, retry_after


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (429, "Resource exhausted: you exceeded your current quota per minute", "rate_limited"),
        (429, '{"code":"insufficient_quota"}', "out_of_credit"),
        (400, "Your credit balance is too low to access the API", "out_of_credit"),
        (403, "insufficient credits", "out_of_credit"),
        (403, "", "unauthorised"),
        (400, '{"code":"context_length_exceeded"}', "context_too_long"),
        (400, "the request exceeds the available context size", "context_too_long"),
        (413, "prompt is too long: 210000 tokens > 200000 maximum", "context_too_long"),
        (413, "Request Entity Too Large", "bad_request"),
        (422, "unknown field", "bad_request"),
        (400, '{"code":"model_not_found"}', "unknown_model"),
        (405, "", "bad_request"),
        (301, "Moved", "bad_request"),
        (204, "", "malformed"),
        (504, "gateway timeout", "server_error"),
        (599, "", "server_error"),
    ],
)
def test_words_say_more_than_the_status(status: int, words: str, kind: str) -> None:
    assert kind_of(status, words) == kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "12"}, 12.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "1"}, 1.0),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("usegmt", [True, False])
def test_a_date_is_as_far_as_it_is_from_now(usegmt: bool) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=usegmt)
    seconds = retry_after({"retry-after": until})
    assert seconds is not None
    assert 90 < seconds <= 100
