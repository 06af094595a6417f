"""What the application is told."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import structlog

from ....goals.identity import Bits

MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """Settings of the HTTP API."""

    token: str | None = None
    """What a client has to show; None: everybody may do everything."""
    body_limit: int = MIB
    """Most bytes of a request's body."""
    import_limit: int = 32 * MIB
    """The same for an import, which carries up to 1,000 goals."""
    bits: Bits = secrets.randbits
    """Makes the ids of traces and spans."""
    log: Any = field(default_factory=lambda: structlog.get_logger("gdg_runtime.goals_api"))
    """A structlog logger; it is told each request, warning and failure."""
