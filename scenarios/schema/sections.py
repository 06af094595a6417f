"""The base of all sections of a resolved config, and the `simulation:` section."""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, Literal, Self

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import to_json
from pydantic_core.core_schema import CoreSchema, no_info_plain_validator_function


class Section(BaseModel):
    """A section of a scenario file: frozen, without unknown keys, without NaN or infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )


class Deferred:
    """A model of `goals` in a field's type that is imported when a file has such a section.

    A start without goals then pays neither for their model nor for all that this imports.
    """

    @classmethod
    @cache
    def model(cls) -> type[BaseModel]:
        """Import the model, which has the name of this class."""
        found: type[BaseModel] = getattr(import_module(".goals", __package__), cls.__name__)
        return found

    @classmethod
    def _validated(cls, given: Any) -> BaseModel:
        model = cls.model()
        if isinstance(given, model):
            return given
        # A validator is not told how its caller takes types; files are read strictly, as JSON.
        return model.model_validate_json(to_json(given), strict=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return no_info_plain_validator_function(cls._validated)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(cls.model().__pydantic_core_schema__)


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that a field's type is, deferred or not; None for any other type."""
    if not isinstance(annotation, type):
        return None
    if issubclass(annotation, Deferred):
        return annotation.model()
    return annotation if issubclass(annotation, BaseModel) else None


LIMIT_64_BITS = 2**63 - 1


class SimulationConfig(Section):
    """Length, order, seed and logical clock of an episode."""

    epochs: int = Field(
        default=10, ge=1, le=10_000_000, validation_alias=AliasChoices("epochs", "n_epochs")
    )
    steps_per_epoch: int = Field(default=10, ge=1, le=10_000_000)

    seed: int = Field(
        default=0,
        ge=-LIMIT_64_BITS,
        le=LIMIT_64_BITS,
        json_schema_extra={"expected": "a whole number of at most 64 bits"},
    )
    """All randomness of the run follows from it."""

    turn_order: Literal["simultaneous", "round_robin", "random", "priority"] = "simultaneous"
    """Simultaneous: all agents see the same state, then act. Otherwise one after the other, and
    each sees what the one before it did."""

    start: AwareDatetime = datetime(2026, 1, 1, tzinfo=UTC)
    """Logical time of the first step."""
    step_hours: float = Field(default=1.0, gt=0.0, le=8784.0)
    """Logical time from one step to the next, in hours; at most a leap year."""

    @model_validator(mode="after")
    def _ends_within_the_calendar(self) -> Self:
        hours = self.epochs * self.steps_per_epoch * self.step_hours
        try:
            self.start.astimezone(UTC) + timedelta(hours=hours)
        except OverflowError:
            raise ValueError(
                f"{self.epochs} epochs of {self.steps_per_epoch} steps of {self.step_hours:g} "
                f"hours end after the year 9999; lower epochs, steps_per_epoch or step_hours"
            ) from None
        return self

    @property
    def steps(self) -> int:
        """Return the steps of the whole episode."""
        return self.epochs * self.steps_per_epoch
