"""A store with a clock to turn, a checker that says what it is told to, and short ways to both."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from direct_store import DirectStore

from gdg_runtime.goals.checkers.checker import ConsistencyReport, Pattern
from gdg_runtime.goals.commands import Command
from gdg_runtime.goals.model import Belief, Goal, GoalDraft, GoalPatch
from gdg_runtime.goals.schemas import Answer, BeliefDraft, BeliefPatch, LedgerView

START = datetime(2025, 11, 8, 12, 0, tzinfo=UTC)


class Clock:
    """Stands still until it is turned."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **how_far: float) -> None:
        self.now += timedelta(**how_far)


class ScriptedChecker:
    """Finds what the test says; by default nothing. Keeps how it was called."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.patterns: tuple[Pattern, ...] = ()
        self.by_word: dict[str, float] = {}
        """Word in the text to the severity of what is found then."""
        self.error: Exception | None = None

    def check_consistency(self, **asked: Any) -> ConsistencyReport:
        self.calls.append(asked)
        if self.error is not None:
            raise self.error
        found = [
            self.pattern("core.word", severity)
            for word, severity in self.by_word.items()
            if word in asked["query"]
        ]
        return ConsistencyReport(
            patterns=(*self.patterns, *found), checker_id="scripted", version="1"
        )

    def find(self, **severities: float) -> None:
        """Belief id to severity; `__` stands for a dot."""
        self.patterns = tuple(
            self.pattern(name.replace("__", "."), severity) for name, severity in severities.items()
        )

    @staticmethod
    def pattern(belief_id: str, severity: float) -> Pattern:
        return Pattern(
            belief_id=belief_id, pattern_type="scripted", severity=severity, rationale="told to"
        )


class Bench:
    """A store on the test bench."""

    def __init__(self, path: Path | str = ":memory:", **options: Any) -> None:
        self.clock, self.checker = Clock(), ScriptedChecker()
        options = {"checker": self.checker, "bits": Random(7).getrandbits, **options}
        self.store = DirectStore.open(path, clock=self.clock, durable=False, **options)

    # --- short ways in

    def propose(self, text: str = "look around", **fields: Any) -> Goal:
        return self.store.create(GoalDraft(**{"text": text, "category": "exploration", **fields}))

    def adopt(self, text: str = "look around", **fields: Any) -> Goal:
        return self.store.adopt(self.propose(text, **fields).id).goal

    def execute(self, text: str = "look around", *, key: str = "k1", **fields: Any) -> Goal:
        goal = self.adopt(text, **fields)
        selected = self.store.select_goal(key)
        assert selected is not None and selected.goal.id == goal.id
        return selected.goal

    def hold(self, belief_id: str, text: str = "so it is", **fields: Any) -> Belief:
        return self.store.add_belief(BeliefDraft(id=belief_id, text=text, **fields))

    def switch(self, belief_id: str, active: bool) -> Belief:
        return self.store.edit_belief(belief_id, BeliefPatch(active=active))

    def patch(self, goal: Goal, **fields: Any) -> Goal:
        return self.store.update(goal.id, GoalPatch(**fields))

    def ask(self, command: Command) -> Answer:
        return self.store.ask(command)

    # --- what it came to

    def state(self, goal: Goal) -> str:
        return str(self.store.get(goal.id).state)

    def events(self, goal: Goal | None = None) -> list[LedgerView]:
        return self.store.history(None if goal is None else goal.id, limit=200)[0]

    def told(self, goal: Goal | None = None) -> list[str]:
        """The names of the events."""
        return [event.event for event in self.events(goal)]

    def counts(self, name: str) -> dict[tuple[str, ...], int]:
        """Label values to count."""
        return {
            tuple(value for _, value in counter.labels): counter.value
            for counter in self.store.statistics().counters
            if counter.name == name
        }

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.store.database.reading() as tx:
            return [tuple(row) for row in tx.execute(query, parameters)]

    def write_behind_its_back(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        with self.store.database.transaction() as tx:
            tx.execute(statement, parameters)

    def check_books(self) -> None:
        """What must agree in any store, whatever has happened to it."""
        assert self.store.verify_ledger() is None
        events = [event.event for event in self._all_events()]
        told = Counter(events)
        assert self.counts("goals_adopted_total").get((), 0) == told["goal_adopted"]
        assert self.counts("goal_selected_total").get((), 0) == told["goal_selected_for_execution"]
        executing = self.rows(
            "SELECT id, attempts FROM goals WHERE state = 'executing' ORDER BY id"
        )
        tasks = self.rows(
            "SELECT goal_id, attempt FROM tasks WHERE closed_at IS NULL ORDER BY goal_id"
        )
        assert executing == tasks
        assert not self.rows(
            "SELECT record_id FROM decision_records JOIN tasks USING (task_id) "
            "WHERE (outcome IS NULL) <> (closed_at IS NULL)"
        )
        assert self.rows("SELECT count(*) FROM decision_records") == [
            (told["goal_selected_for_execution"],)
        ]

    def _all_events(self) -> Iterator[LedgerView]:
        after: int | None = 0
        while after is not None:
            events, after = self.store.history(after=after, limit=200)
            yield from events


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench() -> Iterator[MakeBench]:
    """Opens stores, in memory unless a path is given, and closes them in the end."""
    opened: list[Bench] = []

    def make(path: Path | str = ":memory:", **options: Any) -> Bench:
        opened.append(Bench(path, **options))
        return opened[-1]

    yield make
    for bench in opened:
        bench.store.close()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    """A store in memory with the specification's settings."""
    return make_bench()
