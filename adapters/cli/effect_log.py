"""`--verbose`: a line on stderr for each effect that ends, for people or for programs."""

import sys
from collections.abc import Callable

from ...runtime.drivers.live import EffectTelemetry


def effect_log() -> Callable[[EffectTelemetry], None]:
    """Logs effects as readable lines on a terminal and as JSON lines elsewhere."""
    import structlog  # only where somebody wants to read along

    people = sys.stderr.isatty()
    log = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(),
        ],
    )

    def told(effect: EffectTelemetry) -> None:
        request, outcome = effect.request, effect.outcome
        write = log.info if outcome.status == "ok" else log.warning
        write(
            f"effect {outcome.status}",
            actor=request.actor,
            number=request.number,
            effect=request.effect,
            seconds=round(effect.seconds, 3),
            late=effect.late,
            reason=f"{outcome.kind} {outcome.text}".strip(),
        )

    return told
