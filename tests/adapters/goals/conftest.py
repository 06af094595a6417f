"""The API on a real loopback address, over a store with a clock to turn."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest
import structlog
import trio

from gdg_runtime.adapters.goals.app import create_app
from gdg_runtime.adapters.goals.middleware import ApiSettings
from gdg_runtime.adapters.goals.ports import DatabasePort, GoalPort
from gdg_runtime.adapters.goals.server import serve
from gdg_runtime.goals.checkers.checker import ConsistencyReport, Pattern
from gdg_runtime.goals.policy import GoalFlags
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store_api import GoalStore

START = datetime(2025, 11, 8, 12, 0, tzinfo=UTC)
DRAFT = {"text": "Tidy the test data", "category": "maintenance"}
LIVE = GoalFlags(system=True, shadow=False)


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **how_far: float) -> None:
        self.now += timedelta(**how_far)


class ScriptedChecker:
    """Finds a conflict of the severity that the test says, with the first belief."""

    def __init__(self) -> None:
        self.severity = 0.0
        self.error: Exception | None = None

    def check_consistency(self, *, query: str, beliefs: Any, memories: Any) -> ConsistencyReport:
        if self.error is not None:
            raise self.error
        patterns = [
            Pattern(belief_id=belief.id, pattern_type="scripted", severity=self.severity,
                    rationale="the test says so")
            for belief in beliefs[:1]
        ]  # fmt: skip
        return ConsistencyReport(patterns=patterns, checker_id="scripted", version="1")


class Api:
    """The API as a client has it, and the store behind it."""

    def __init__(self, client: httpx2.AsyncClient, store: GoalStore | None = None) -> None:
        self.client = client
        self.store = store

    async def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send a request; `If_Match` is the header If-Match."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            told.setdefault("Content-Type", "application/json")
        return await self.client.request(method, path, content=content, headers=told)

    async def goal(self, **fields: Any) -> dict[str, Any]:
        """A new goal."""
        answer = await self("POST", "/v1/goals", {**DRAFT, **fields})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def adopted(self, **fields: Any) -> dict[str, Any]:
        """A new goal, adopted."""
        goal = await self.goal(**fields)
        answer = await self("POST", f"/v1/goals/{goal['id']}/adopt")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def executing(self, **fields: Any) -> dict[str, Any]:
        """A new goal's task; the goal is executing."""
        goal = await self.adopted(**fields)
        answer = await self("POST", "/v1/goals/next", {"selection_key": f"for {goal['id']}"})
        assert answer.json()["task"]["goal_id"] == goal["id"]
        return answer.json()["task"]

    async def belief(self, **fields: Any) -> dict[str, Any]:
        """A new belief."""
        body = {"id": "core.honesty", "text": "I never deceive users", **fields}
        answer = await self("POST", "/v1/beliefs", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def events(self) -> list[str]:
        """The names of all events in the ledger, oldest first."""
        items = (await self("GET", "/v1/ledger?limit=200")).json()["items"]
        return [item["event"] for item in items]

    async def metric(self, line: str) -> float | None:
        """The value of a sample of /metrics, named as it stands there."""
        for found in (await self("GET", "/metrics")).text.splitlines():
            if found.rpartition(" ")[0] == line:
                return float(found.rpartition(" ")[2])
        return None


Serving = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def checker() -> ScriptedChecker:
    return ScriptedChecker()


@pytest.fixture
def store(tmp_path: Path, clock: Clock, checker: ScriptedChecker) -> Iterator[GoalStore]:
    with GoalStore(
        Database.open(tmp_path / "goals.db", durable=False),
        clock=clock, bits=Random(1).getrandbits, checker=checker, flags=LIVE,
    ) as opened:  # fmt: skip
        yield opened


@pytest.fixture
def log() -> list[dict[str, Any]]:
    """What is logged, in order."""
    return []


@pytest.fixture
def settings(log: list[dict[str, Any]]) -> Callable[..., ApiSettings]:
    """Settings of an API whose log the test reads."""

    def make(**told: Any) -> ApiSettings:
        def keep(_: Any, level: str, event: dict[str, Any]) -> Any:
            log.append({**event, "level": level})
            raise structlog.DropEvent

        logger = structlog.wrap_logger(
            None, processors=[structlog.contextvars.merge_contextvars, keep]
        )
        return ApiSettings(log=logger, **told)

    return make


@pytest.fixture
def serving(settings: Callable[..., ApiSettings]) -> Serving:
    """Serves a port on a free loopback address."""

    @asynccontextmanager
    async def start(port: GoalPort, *, token: str | None = None, **told: Any) -> AsyncIterator[Api]:
        app, stop = create_app(port, settings(token=token, **told)), trio.Event()
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with trio.open_nursery() as nursery:
            (url,) = await nursery.start(partial(serve, app, "127.0.0.1", 0, stop))
            async with httpx2.AsyncClient(
                base_url=url, headers=headers, timeout=30, verify=False
            ) as client:
                yield Api(client)
            stop.set()

    return start


@pytest.fixture
async def api(serving: Serving, store: GoalStore) -> AsyncIterator[Api]:
    async with serving(DatabasePort(store)) as served:
        served.store = store
        yield served
