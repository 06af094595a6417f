"""Invalid arguments of a tool, in words that an agent, human or model, can act on."""

from typing import Any

from pydantic import ValidationError


def plain_error(error: ValidationError) -> str:
    """What is wrong with each argument, what came and what belongs there."""
    parts = []
    for fault in error.errors(include_url=False, include_context=False):
        where = ".".join(str(part) for part in fault["loc"]) or "arguments"
        parts.append(f"{where}: {fault['msg']}, got {_shown(fault['input'])}")
    return "; ".join(parts)


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool | None) else (
        f"a {type(value).__name__}"
    )  # fmt: skip
    return text if len(text) <= 80 else f"{text[:77]}..."
