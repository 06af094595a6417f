"""The port to a database: one command at a time, and checkers that take their time."""

import sqlite3

import pytest
import trio
import trio.testing

from gdg_runtime.adapters.goals.ports import DatabasePort, StoreUnavailable
from gdg_runtime.goals.checkers.checker import ConsistencyReport, DeferredChecker, Pattern, Unvetted
from gdg_runtime.goals.commands import AddBelief, AdoptGoal, CreateGoal, ListGoals
from gdg_runtime.goals.model import GoalDraft
from gdg_runtime.goals.schemas import BeliefDraft
from gdg_runtime.goals.store.database import Database
from gdg_runtime.goals.store_api import GoalStore


class SlowChecker:
    """Asks somebody else, and says what the test says."""

    def __init__(self, severity: float = 0.0) -> None:
        self.severity = severity
        self.error: Exception | None = None
        self.asked: list[str] = []
        self.may_answer = trio.Event()
        self.may_answer.set()

    async def check_consistency(self, *, query, beliefs, memories) -> ConsistencyReport:
        self.asked.append(query)
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        found = [
            Pattern(belief_id=belief.id, pattern_type="judged", severity=self.severity,
                    rationale="because")
            for belief in beliefs
        ]  # fmt: skip
        return ConsistencyReport(patterns=found, checker_id="slow", version="1")


@pytest.fixture
def deferred() -> DeferredChecker:
    return DeferredChecker()


@pytest.fixture
def asking_store(tmp_path, clock, deferred):
    bits = iter(range(1, 10_000))
    with GoalStore(
        Database.open(tmp_path / "asking.db"),
        clock=clock, bits=lambda _: next(bits), checker=deferred,
    ) as opened:  # fmt: skip
        yield opened


async def goal_to_vet(port: DatabasePort, text: str = "Deceive users") -> AdoptGoal:
    draft = GoalDraft(text=text, category="maintenance", aligns_with=("core.honesty",))
    answer = await port.ask(CreateGoal(draft=draft))
    return AdoptGoal(goal_id=answer.goal.id)


async def believing(port: DatabasePort) -> None:
    await port.ask(AddBelief(draft=BeliefDraft(id="core.honesty", text="I never deceive users")))


async def test_an_asynchronous_checker_is_awaited_and_its_answer_counts(
    asking_store, deferred
) -> None:
    checker = SlowChecker(severity=0.9)
    port = DatabasePort(asking_store, checker=checker, deferred=deferred)
    await believing(port)
    adopt = await goal_to_vet(port)
    refused = await port.ask(adopt)
    assert (refused.code, refused.facts["severity"]) == ("goal-blocked-by-belief", 0.9)
    checker.severity = 0.1
    assert (await port.ask(adopt)).goal.state == "adopted", "what was learned is forgotten"
    assert checker.asked == ["Deceive users"] * 2


async def test_a_checker_that_fails_lets_nothing_through(asking_store, deferred) -> None:
    checker = SlowChecker()
    port = DatabasePort(asking_store, checker=checker, deferred=deferred)
    await believing(port)
    checker.error = RuntimeError("no connection")
    refused = await port.ask(await goal_to_vet(port))
    assert refused.code == "belief-checker-unavailable"


async def test_a_checker_that_is_back_is_asked_again_though_others_still_wait(
    asking_store, deferred
) -> None:
    checker = SlowChecker()
    port = DatabasePort(asking_store, checker=checker, deferred=deferred)
    await believing(port)
    adopt, other = await goal_to_vet(port), await goal_to_vet(port, "Another goal")
    checker.error = RuntimeError("no connection")
    assert (await port.ask(adopt)).code == "belief-checker-unavailable"
    checker.error, checker.may_answer = None, trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(port.ask, other)
        await trio.testing.wait_all_tasks_blocked(0.2)
        checker.may_answer.set()
        assert (await port.ask(adopt)).goal.state == "adopted"


async def test_a_checker_that_takes_too_long_lets_nothing_through(
    asking_store, deferred, autojump_clock
) -> None:
    checker = SlowChecker()
    port = DatabasePort(asking_store, checker=checker, deferred=deferred, patience_s=5)
    await believing(port)
    adopt = await goal_to_vet(port)
    checker.may_answer = trio.Event()
    autojump_clock.autojump_threshold = 0.05
    assert (await port.ask(adopt)).code == "belief-checker-unavailable"


async def test_others_are_answered_while_a_checker_thinks(asking_store, deferred) -> None:
    checker = SlowChecker()
    port = DatabasePort(asking_store, checker=checker, deferred=deferred)
    await believing(port)
    first, second = await goal_to_vet(port), await goal_to_vet(port, "Deceive nobody")
    checker.may_answer = trio.Event()
    answers = []

    async def adopt(command: AdoptGoal) -> None:
        answers.append(await port.ask(command))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(adopt, first)
        nursery.start_soon(adopt, second)
        while len(checker.asked) < 2:
            await trio.sleep(0.001)
        assert len((await port.ask(ListGoals())).items) == 2
        checker.may_answer.set()
    assert [answer.goal.state for answer in answers] == ["adopted", "adopted"]


async def test_a_deferred_checker_that_nobody_answers_is_a_defect(asking_store) -> None:
    port = DatabasePort(asking_store)
    await believing(port)
    with pytest.raises(Unvetted):
        await port.ask(await goal_to_vet(port))


def test_an_asynchronous_checker_needs_its_deferred_one(asking_store, deferred) -> None:
    for given in ({"checker": SlowChecker()}, {"deferred": deferred}):
        with pytest.raises(TypeError, match="DeferredChecker"):
            DatabasePort(asking_store, **given)


async def test_a_database_that_can_not_be_used_is_unavailable(store) -> None:
    port = DatabasePort(store)
    with store.database.transaction() as tx:
        tx.execute("DROP TABLE goals")
    with pytest.raises(StoreUnavailable) as raised:
        await port.ask(ListGoals())
    assert isinstance(raised.value.__cause__, sqlite3.Error)
