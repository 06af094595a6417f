"""`gdg-runtime goals` over a file and over a server: the same command lines, the same answers."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

SEED = """\
{
  "id": "goal_001",
  "text": "Conduct weekly self-reflection on identity coherence",
  "category": "introspection",
  "value": 0.8,
  "effort": 0.3,
  "risk": 0.1,
  "horizon_min_min": 0,
  "horizon_max_min": 10080,
  "aligns_with": ["core.ontological.consciousness"],
  "contradicts": [],
  "success_metrics": {"coherence_delta": 0.05},
  "state": "proposed",
  "created_at": "2025-11-08T12:00:00Z",
  "updated_at": "2025-11-08T12:00:00Z",
  "metadata": {}
}
"""
_SILENT = structlog.wrap_logger(structlog.PrintLogger(io.StringIO()))


@contextmanager
def serving(file: Path, token: str | None = None, **flags: Any) -> Iterator[str]:
    """The real API over a real socket, in a thread; gives its URL."""
    from gdg_runtime.adapters.goals.app import create_app
    from gdg_runtime.adapters.goals.file import open_goals
    from gdg_runtime.adapters.goals.middleware import ApiSettings
    from gdg_runtime.adapters.goals.ports import DatabasePort
    from gdg_runtime.adapters.goals.server import serve
    from gdg_runtime.goals.policy import GoalFlags

    urls: list[str] = []
    ready, stop = threading.Event(), trio.Event()
    tokens: list[trio.lowlevel.TrioToken] = []

    async def run() -> None:
        tokens.append(trio.lowlevel.current_trio_token())
        with open_goals(file, flags=GoalFlags(**flags), durable=False) as store:
            app = create_app(DatabasePort(store), ApiSettings(token=token, log=_SILENT))
            async with trio.open_nursery() as nursery:
                urls.extend(await nursery.start(serve, app, "127.0.0.1", 0, stop))
                ready.set()

    thread = threading.Thread(target=trio.run, args=(run,))
    thread.start()
    try:
        assert ready.wait(timeout=60)
        yield urls[0]
    finally:
        tokens[0].run_sync_soon(stop.set)
        thread.join(timeout=60)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GDG_GOALS_DB", "GDG_GOALS_URL", "GDG_TOKEN", "GOAL_SYSTEM", "GOAL_SHADOW",
                 "GOAL_CANARY_PERCENT"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goals decide."""
    monkeypatch.setenv("GOAL_SYSTEM", "on")
    monkeypatch.setenv("GOAL_SHADOW", "off")


@pytest.fixture(params=["file", "server"])
def goals(
    request: pytest.FixtureRequest, gdg: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., Any]]:
    """Runs `gdg-runtime goals …` with live goals; over a file, then over a server."""
    monkeypatch.setenv("GOAL_SYSTEM", "on")
    monkeypatch.setenv("GOAL_SHADOW", "off")

    def run(*arguments: object) -> Any:
        return gdg("goals", *arguments)

    if request.param == "file":
        gdg("goals", "import", _empty(tmp_path))
        yield run
        return
    with serving(tmp_path / "served.db", system=True, shadow=False) as url:
        monkeypatch.setenv("GDG_GOALS_URL", url)
        yield run


def _empty(folder: Path) -> Path:
    path = folder / "empty.jsonl"
    path.touch()
    return path


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    """The example of the GoalStore specification, as it stands there."""
    path = tmp_path / "seed.json"
    path.write_text(SEED)
    return path
