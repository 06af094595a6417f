"""The base of all schemas, and the kinds of fields that they have: what they hold, within which
bounds."""

from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from pydantic.config import JsonDict

from ..runtime.canonical import canonical_json

METADATA_BYTES = 16 * 1024
METADATA_DEPTH = 100
"""Lists and objects within each other; readers of JSON stop at about 200."""
FOREVER_MIN = 10**9
"""The furthest horizon, in minutes: some 1,900 years."""
MOST_COUNTED = 2**53 - 1
"""The highest number that every reader of JSON takes as it is."""
FIRST_YEAR, LAST_YEAR = 1970, 7999
"""Limits of the years that are taken over: with the furthest horizon, a deadline is still a date.
"""
NO_NUL = {"pattern": r"^[^\u0000]*$"}
WORDS = {"pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"}
YEARS = {"pattern": "^(19[7-9][0-9]|[2-7][0-9]{3})-"}
ONLY_THESE: JsonDict = {"additionalProperties": False}
"""For JSON schemas: what the validators below ask for."""
_HALVES = "half a surrogate pair, nor bytes that are not UTF-8"
GOAL_ID = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$"
Share = Annotated[float, Field(strict=True, ge=0.0, le=1.0)]
"""0 to 1; no text and no true or false."""
Minutes = Annotated[int, Field(strict=True, ge=0, le=FOREVER_MIN)]


def utc_text(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with microseconds and `Z`; sorts as the moments do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("a text can't hold the character NUL")
    return text


def _whole(text: str) -> str:
    # pydantic looks for this by itself, but not behind a BeforeValidator.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"a text can't hold {_HALVES}")
    return text


def _stripped(text: Any) -> Any:
    return text.strip() if isinstance(text, str) else text


def _distinct(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ids))


def _in_utc(moment: datetime) -> datetime:
    expected = f"expected a year from {FIRST_YEAR} to {LAST_YEAR} in UTC"
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{expected}, got {moment.isoformat()}") from None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{expected}, got {moment.year}")
    return moment


def _small(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not _is_shallow(metadata):
        raise ValueError(f"metadata may nest at most {METADATA_DEPTH} deep")
    try:
        written = canonical_json(metadata).encode()
    except UnicodeEncodeError:
        raise ValueError(f"metadata can't hold {_HALVES}") from None
    except ValueError as error:
        raise ValueError(f"metadata has to be JSON: {error}") from None
    if len(written) > METADATA_BYTES:
        raise ValueError(f"metadata may take 16 KiB as JSON, this takes {len(written)} bytes")
    if b"\\u0000" in written:
        raise ValueError("metadata can't hold the character NUL")
    return metadata


def _is_shallow(metadata: JsonValue) -> bool:
    level: list[Any] = [metadata]
    for _ in range(METADATA_DEPTH):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for many in inner for one in many if isinstance(one, dict | list)]
    return not level


Text = Annotated[
    str, BeforeValidator(_stripped),
    Field(strict=True, min_length=1, max_length=2000, json_schema_extra=WORDS),
    AfterValidator(_no_nul), AfterValidator(_whole),
]  # fmt: skip
Name = Annotated[
    str, Field(min_length=1, max_length=128, json_schema_extra=NO_NUL), AfterValidator(_no_nul)
]
Label = Annotated[str, Field(max_length=255, json_schema_extra=NO_NUL), AfterValidator(_no_nul)]
References = Annotated[tuple[Name, ...], Field(max_length=64), AfterValidator(_distinct)]
Metadata = Annotated[dict[str, JsonValue], AfterValidator(_small)]
Targets = Annotated[
    dict[Name, Annotated[float, Field(strict=True, ge=-1e300, le=1e300)]],
    Field(max_length=64, json_schema_extra=ONLY_THESE),
]
TargetChanges = Annotated[
    dict[Name, Annotated[float, Field(strict=True, ge=-1e300, le=1e300)] | None],
    Field(max_length=64, json_schema_extra=ONLY_THESE),
]
UtcTime = Annotated[
    AwareDatetime, Field(json_schema_extra=YEARS), AfterValidator(_in_utc),
    PlainSerializer(utc_text, return_type=str, when_used="json"),
]  # fmt: skip


class Form(BaseModel):
    """Base of all forms: no unknown fields, no NaN, nothing changed later."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False,
        model_title_generator=attrgetter("__qualname__"),
    )  # fmt: skip

    def changed(self, **changes: Any) -> Self:
        """Return the form with these changes, which are not checked."""
        return self.model_copy(update=changes)


class Patch(Form):
    """Base of the forms in which a field that is not given means another thing than its default;
    written as JSON, they have the given fields alone."""

    @property
    def given(self) -> dict[str, Any]:
        """The fields that were given, by name."""
        return {name: getattr(self, name) for name in type(self).model_fields
                if name in self.model_fields_set}  # fmt: skip

    @model_serializer(mode="wrap")
    def _given_alone(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: shown for name, shown in write(self).items() if name in self.model_fields_set}
