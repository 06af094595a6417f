"""What all sections of a resolved config have in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a scenario file: frozen, without unknown keys, without NaN or infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True
    )
