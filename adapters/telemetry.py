"""`telemetry.jsonl`: physical facts of the effects, outside of the files under the promise."""

from pathlib import Path

from ..runtime.drivers.live import EffectTelemetry
from ..runtime.sealed import SealedWriter, read_sealed


class Telemetry:
    """Appends one sealed line per effect; a resumed run goes on in the same file."""

    def __init__(self, path: Path) -> None:
        recovered = read_sealed(path) if path.exists() else None
        self._writer = SealedWriter(path, recovered)
        self.effects = 0
        self.by_status: dict[str, int] = {}

    def record(self, effect: EffectTelemetry) -> None:
        """Keep how long an effect took and how it ended."""
        status = effect.outcome.status
        self.effects += 1
        self.by_status[status] = self.by_status.get(status, 0) + 1
        self._writer.append(
            {
                "actor": effect.request.actor,
                "number": effect.request.number,
                "effect": effect.request.effect,
                "status": status,
                "seconds": round(effect.seconds, 6),
                "late": effect.late,
            }
        )

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()
