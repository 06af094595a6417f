"""The kinds of fields that forms have: what they hold, and within which bounds."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    JsonValue,
    PlainSerializer,
)
from pydantic.config import JsonDict
from pydantic_core import to_json

METADATA_BYTES = 16 * 1024
FOREVER_MIN = 10**9
"""The furthest horizon, in minutes: some 1,900 years."""
MOST_CHANGES = 10**12
"""What an imported goal may have been through; leaves room for more in 64 bits."""
FIRST_YEAR, LAST_YEAR = 1970, 7999
"""Of dates that are taken over: with the furthest horizon, a deadline is still a date."""
NO_NUL = {"pattern": r"^[^\u0000]*$"}
WORDS = {"pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}
YEARS = {"pattern": "^(19[7-9][0-9]|[2-7][0-9]{3})-"}
ONLY_THESE: JsonDict = {"additionalProperties": False}
"""For JSON schemas: what the validators below ask for."""
GOAL_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$"


def utc_text(moment: datetime) -> str:
    """RFC 3339 in UTC with microseconds and `Z`; sorts as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text can't hold the character NUL")
    return text


def _stripped(text: Any) -> Any:
    return text.strip() if isinstance(text, str) else text


def _distinct(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _in_utc(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, got {moment.year}")
    return moment.astimezone(UTC)


def _small(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    size = len(to_json(metadata))
    if size > METADATA_BYTES:
        raise ValueError(f"metadata may take 16 KiB as JSON, this takes {size} bytes")
    if b"\\u0000" in to_json(metadata):
        raise ValueError("metadata can't hold the character NUL")
    return metadata


Text = Annotated[
    str, BeforeValidator(_stripped),
    Field(strict=True, min_length=1, max_length=2000, json_schema_extra=WORDS),
    AfterValidator(_no_nul),
]  # fmt: skip
Share = Annotated[float, Field(strict=True, ge=0.0, le=1.0)]
"""0 to 1; no text and no true or false."""
Minutes = Annotated[int, Field(strict=True, ge=0, le=FOREVER_MIN)]
Name = Annotated[
    str, Field(min_length=1, max_length=128, json_schema_extra=NO_NUL), AfterValidator(_no_nul)
]
Reference = Name
Label = Annotated[str, Field(max_length=255, json_schema_extra=NO_NUL), AfterValidator(_no_nul)]
References = Annotated[tuple[Reference, ...], Field(max_length=64), AfterValidator(_distinct)]
Metadata = Annotated[dict[str, JsonValue], AfterValidator(_small)]
Targets = Annotated[
    dict[Name, Annotated[float, Field(strict=True, ge=-1e300, le=1e300)]],
    Field(max_length=64, json_schema_extra=ONLY_THESE),
]
UtcTime = Annotated[
    AwareDatetime, Field(json_schema_extra=YEARS), AfterValidator(_in_utc),
    PlainSerializer(utc_text, return_type=str, when_used="json"),
]  # fmt: skip
