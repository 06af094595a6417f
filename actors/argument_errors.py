"""Invalid arguments of a tool, in words that an agent, human or model, can act on."""

from typing import Any

from pydantic import ValidationError

_MOST = 5
"""Faults that are told."""
_LONGEST = 80
"""Characters of a name or a value that are shown."""


def plain_error(error: ValidationError) -> str:
    """What is wrong with each argument, what came and what belongs there."""
    parts = []
    faults = error.errors(include_url=False, include_context=False)
    for fault in faults[:_MOST]:
        where = ".".join(str(part)[:_LONGEST] for part in fault["loc"]) or "arguments"
        parts.append(f"{where}: {fault['msg']}, got {_shown(fault['input'])}")
    if len(faults) > _MOST:
        parts.append(f"and {len(faults) - _MOST} more faults")
    return "; ".join(parts)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool | None) else (
        f"a {type(value).__name__}"
    )  # fmt: skip
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
