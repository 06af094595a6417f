"""Budgets are kept, and what was spent adds up."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import anyio
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from gdg_runtime.actors.llm.chat import Chat, ChatMessage, ToolSpec, Usage
from gdg_runtime.adapters.llm.ledger import RUN, BudgetNeedsPrice, Ledger, Scope
from gdg_runtime.adapters.llm.prices import cost, dollars, estimate_tokens, pico_of
from gdg_runtime.adapters.llm.transport import Answer, TransportFault
from gdg_runtime.runtime.errors import EffectWithheld
from gdg_runtime.scenarios.schema.language_model import Budget, Price

ROLES = {"agents/ann": "worker", "agents/bob": "worker", "agents/eve": "attacker"}
PRICE = Price(input=0.15, output=0.6)


def _ledger(
    run: Budget | None = None,
    by_role: dict[str, Budget] | None = None,
    by_agent: dict[str, Budget] | None = None,
) -> Ledger:
    budgets = {RUN: run or Budget()}
    budgets |= {Scope("role", role): budget for role, budget in (by_role or {}).items()}
    budgets |= {Scope("agent", agent): budget for agent, budget in (by_agent or {}).items()}
    return Ledger(budgets, ROLES)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (
            Budget(tokens=100),
            "the budget of the run is used up: 90 of 100 tokens, and the next call may take 30; "
            "resume with a higher one: gdg-runtime resume RUN --budget tokens=200",
        ),
        (
            Budget(calls=3),
            "the budget of the run is used up: 3 of 3 calls; "
            "resume with a higher one: gdg-runtime resume RUN --budget calls=6",
        ),
        (
            Budget(usd=0.00003),
            "the budget of the run is used up: $0.000027 of $0.00003, and the next call may take "
            "$0.000009; resume with a higher one: gdg-runtime resume RUN --budget usd=0.00006",
        ),
    ],
)
async def test_a_used_up_budget_withholds_and_says_how_to_go_on(budget: Budget, told: str) -> None:
    ledger = _ledger(budget)
    for _ in range(3):
        reservation = await ledger.reserve("agents/ann", Usage(20, 10), PRICE)
        reservation.settle(Usage(20, 10), billed=True)
    assert ledger.exhausted is None
    with pytest.raises(EffectWithheld) as withheld:
        await ledger.reserve("agents/bob", Usage(20, 10), PRICE)
    assert str(withheld.value) == ledger.exhausted == told


@pytest.mark.parametrize(
    ("ledger", "whose"),
    [
        (_ledger(by_role={"worker": Budget(calls=1)}), ("role worker", "role.worker.calls=2")),
        (
            _ledger(by_agent={"agents/ann": Budget(calls=1)}),
            ("agent ann", "agent.ann.calls=2"),
        ),
    ],
)
async def test_roles_and_agents_have_budgets_of_their_own(
    ledger: Ledger, whose: tuple[str, str]
) -> None:
    (await ledger.reserve("agents/ann", Usage(1, 1), None)).settle(None, billed=False)
    with pytest.raises(EffectWithheld) as withheld:
        await ledger.reserve("agents/ann", Usage(1, 1), None)
    assert f"the budget of {whose[0]} is used up" in str(withheld.value)
    assert str(withheld.value).endswith(f"--budget {whose[1]}")
    await ledger.reserve("agents/eve", Usage(1, 1), None)


async def test_not_even_the_first_call_may_exceed_its_budget() -> None:
    ledger = _ledger(Budget(tokens=10))
    with pytest.raises(EffectWithheld, match=r"0 of 10 tokens, and the next call may take 11"):
        await ledger.reserve("agents/ann", Usage(10, 1), None)


async def test_a_call_waits_while_others_may_turn_out_cheaper(autojump_clock: Any) -> None:
    ledger = _ledger(Budget(tokens=100))
    first = await ledger.reserve("agents/ann", Usage(50, 30), None)
    got: list[float] = []

    async def second() -> None:
        await ledger.reserve("agents/bob", Usage(50, 0), None)
        got.append(anyio.current_time())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second)
        await anyio.sleep(5)
        assert not got
        first.settle(Usage(40, 10), billed=True)
        settled_at = anyio.current_time()
    assert got == [settled_at]


async def test_a_call_that_waited_in_vain_is_withheld(autojump_clock: Any) -> None:
    ledger = _ledger(Budget(tokens=100))
    first = await ledger.reserve("agents/ann", Usage(50, 30), None)

    async def second() -> None:
        with pytest.raises(EffectWithheld):
            await ledger.reserve("agents/bob", Usage(50, 0), None)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second)
        await anyio.sleep(5)
        first.settle(Usage(50, 30), billed=True)


async def test_a_call_that_stops_waiting_takes_no_room(autojump_clock: Any) -> None:
    ledger = _ledger(Budget(calls=1))
    first = await ledger.reserve("agents/ann", Usage(1, 1), None)
    with anyio.move_on_after(1):
        await ledger.reserve("agents/bob", Usage(1, 1), None)
    first.release()
    await ledger.reserve("agents/eve", Usage(1, 1), None)
    assert ledger.spent() == (0, 0, 0, 0, 0, 0)


def test_on_asyncio_a_call_cancelled_while_it_is_served_takes_no_room() -> None:
    async def race() -> None:
        ledger = _ledger(Budget(calls=1))
        first = await ledger.reserve("agents/ann", Usage(1, 1), None)
        bob = asyncio.create_task(ledger.reserve("agents/bob", Usage(1, 1), None))
        await anyio.wait_all_tasks_blocked()
        first.release()
        bob.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bob
        await ledger.reserve("agents/eve", Usage(1, 1), None)

    asyncio.run(race())


async def test_unknown_usage_is_charged_at_its_estimate_if_it_may_be_billed() -> None:
    ledger = _ledger()
    for billed in (True, False):
        reservation = await ledger.reserve("agents/ann", Usage(100, 50), PRICE)
        reservation.settle(None, billed=billed)
    assert ledger.spent().to_json() == {
        "calls": 2, "prompt_tokens": 100, "completion_tokens": 50, "usd": 45e-6,
        "calls_without_price": 0, "unknown_usage_calls": 1,
    }  # fmt: skip


async def test_what_is_settled_once_can_not_be_settled_again() -> None:
    reservation = await _ledger().reserve("agents/ann", Usage(1, 1), None)
    reservation.release()
    with pytest.raises(RuntimeError, match="settled or released already"):
        reservation.settle(None, billed=False)


def test_money_needs_prices() -> None:
    ledger = _ledger(by_agent={"agents/ann": Budget(usd=1)})
    ledger.check_price("openai/a", PRICE)
    with pytest.raises(BudgetNeedsPrice, match="the price of openai/b is unknown"):
        ledger.check_price("openai/b", None)
    _ledger(Budget(tokens=5)).check_price("openai/b", None)


async def test_unknown_prices_are_told_and_counted() -> None:
    ledger = _ledger()
    (await ledger.reserve("agents/ann", Usage(1, 1), None)).settle(Usage(1, 1), billed=True)
    assert ledger.to_json()["run"]["usd"] is None
    (await ledger.reserve("agents/ann", Usage(1, 1), PRICE)).settle(Usage(1, 1), billed=True)
    spent = ledger.to_json()["run"]
    assert (spent["usd"], spent["calls_without_price"]) == (75e-8, 1)


async def test_a_resumed_run_goes_on_with_its_account() -> None:
    ledger = _ledger(Budget(tokens=1000))
    ledger.charge("agents/ann", 3, Usage(300, 100), PRICE, unknown=2, bound=Usage(100, 50))
    spent = ledger.spent(Scope("agent", "agents/ann"))
    assert (spent.calls, spent.prompt_tokens, spent.completion_tokens) == (3, 500, 200)
    assert spent.unknown_usage_calls == 2
    with pytest.raises(EffectWithheld, match="700 of 1,000 tokens"):
        await ledger.reserve("agents/bob", Usage(200, 101), None)


async def test_a_child_spends_its_agents_money() -> None:
    ledger = _ledger(by_agent={"agents/ann": Budget(calls=1)})
    (await ledger.reserve("agents/ann/scout", Usage(1, 1), None)).settle(None, billed=True)
    assert ledger.spent(Scope("role", "worker")).calls == 1
    with pytest.raises(EffectWithheld):
        await ledger.reserve("agents/ann", Usage(1, 1), None)


async def test_the_account_names_everybody_in_order() -> None:
    ledger = _ledger()
    for agent in ("agents/eve", "agents/ann", "director"):
        (await ledger.reserve(agent, Usage(1, 1), None)).settle(None, billed=False)
    document = ledger.to_json()
    assert list(document["agents"]) == ["agents/ann", "agents/eve", "director"]
    assert list(document["roles"]) == ["attacker", "worker"]
    assert document["run"]["calls"] == 3


def test_money_is_exact() -> None:
    assert dollars(10 * pico_of(0.1)) == 1
    assert dollars(cost(Usage(1, 3), Price(input=0.075, output=0.3))) == Decimal("0.000000975")


USAGES = st.builds(Usage, st.integers(0, 60), st.integers(0, 40))


class _Plan:
    """One call of the property below: when it begins, how long it takes, how it ends."""

    def __init__(self, draw: Callable[..., Any]) -> None:
        self.agent = draw(st.sampled_from(sorted(ROLES)))
        self.begins = draw(st.integers(0, 5))
        self.lasts = draw(st.integers(0, 5))
        self.bound: Usage = draw(USAGES)
        self.price = draw(st.sampled_from([PRICE, Price(input=3, output=15)]))
        share = draw(st.integers(0, 4))
        self.usage = draw(st.booleans()) and Usage(*[part * share // 4 for part in self.bound])
        self.end = draw(st.sampled_from(["settle", "fail", "release", "cancel"]))

    async def run(self, ledger: Ledger, settled: list[tuple[str, Usage, Price]]) -> None:
        await trio.sleep(self.begins)
        with trio.move_on_after(3 if self.end == "cancel" else 1000):
            try:
                reservation = await ledger.reserve(self.agent, self.bound, self.price)
            except EffectWithheld:
                return
            charged = Usage(0, 0)
            try:
                await trio.sleep(self.lasts)
            finally:
                if self.end == "release":
                    reservation.release()
                else:
                    usage = self.usage or None
                    reservation.settle(usage, billed=self.end != "fail")
                    charged = usage or (Usage(0, 0) if self.end == "fail" else self.bound)
                    settled.append((self.agent, charged, self.price))


def _limits() -> st.SearchStrategy[Budget]:
    some = st.none() | st.integers(0, 400)
    return st.builds(
        Budget,
        usd=st.none() | st.floats(0, 0.002),
        tokens=some,
        calls=st.none() | st.integers(0, 8),
    )


@settings(max_examples=60, deadline=None)
@given(st.data(), _limits(), _limits(), _limits())
def test_no_limit_is_ever_exceeded_and_sums_are_exact(
    data: st.DataObject, run: Budget, role: Budget, agent: Budget
) -> None:
    ledger = _ledger(run, {"worker": role}, {"agents/eve": agent})
    plans = [_Plan(data.draw) for _ in range(data.draw(st.integers(1, 12)))]
    settled: list[tuple[str, Usage, Price]] = []

    async def all_at_once() -> None:
        async with trio.open_nursery() as nursery:
            for plan in plans:
                nursery.start_soon(plan.run, ledger, settled)

    trio.run(all_at_once, clock=trio.testing.MockClock(autojump_threshold=0))
    scopes = {RUN: run, Scope("role", "worker"): role, Scope("agent", "agents/eve"): agent}
    for scope, budget in scopes.items():
        spent = ledger.spent(scope)
        mine = [
            (usage, price)
            for path, usage, price in settled
            if scope in (RUN, Scope("role", ROLES[path]), Scope("agent", path))
        ]
        assert spent.calls == len(mine)
        assert spent.prompt_tokens == sum(usage.prompt_tokens for usage, _ in mine)
        assert spent.completion_tokens == sum(usage.completion_tokens for usage, _ in mine)
        assert spent.usd == sum(cost(usage, price) for usage, price in mine)
        assert spent.calls <= (spent.calls if budget.calls is None else budget.calls)
        assert budget.tokens is None or spent.tokens <= budget.tokens
        assert budget.usd is None or spent.usd <= pico_of(budget.usd)
    assert _room_left(ledger, run)


def _room_left(ledger: Ledger, run: Budget) -> bool:
    """Whether nothing is booked any more: all that is not spent can be had at once."""
    if run.usd is not None or run.tokens is None or ledger.spent().calls == run.calls:
        return True

    async def reserve_the_rest() -> None:
        with trio.fail_after(1):
            assert run.tokens is not None
            await ledger.reserve("", Usage(run.tokens - ledger.spent().tokens, 0), None)

    trio.run(reserve_the_rest)
    return True


async def test_a_call_books_its_estimate_and_pays_what_it_took(
    bench: Any, takes: Any, answer: Answer, autojump_clock: Any
) -> None:
    ledger = _ledger(Budget(tokens=1100))
    b = bench(takes(10), ledger=ledger, max_tokens=500)
    ends = await b.ask_all(70)
    withheld = [end for end in ends if isinstance(end, EffectWithheld)]
    assert ledger.spent().tokens == 15 * (70 - len(withheld)) <= 1100
    assert len(withheld) == 70 - 40
    assert ledger.exhausted is not None
    # Two estimates fit at a time at first.
    assert b.transport.sent_at[1] - b.transport.sent_at[0] < 1
    assert b.transport.sent_at[2] - b.transport.sent_at[0] >= 10


async def test_each_attempt_is_a_call(bench: Any, answer: Answer, autojump_clock: Any) -> None:
    ledger = _ledger(Budget(calls=3))
    b = bench(TransportFault("rate_limited", 429), ledger=ledger)
    with pytest.raises(EffectWithheld, match="3 of 3 calls"):
        await b.ask()
    assert len(b.transport.sent_at) == 3
    assert b.records[0].outcome == "withheld"


def _chat(text: str, **more: Any) -> Chat:
    sampling = more.pop("sampling", {"max_tokens": 50})
    message = ChatMessage(role="user", content=text)
    return Chat(model="toy", messages=(message,), sampling=sampling, **more)


def test_an_estimate_is_bytes_by_three_and_the_longest_reply() -> None:
    assert estimate_tokens(_chat("x" * 300)) == Usage(108, 50)
    assert estimate_tokens(_chat("é" * 300)).prompt_tokens == 208
    assert estimate_tokens(_chat("", sampling={"max_tokens": 50, "n": 3})).completion_tokens == 150
    assert estimate_tokens(_chat("", sampling={})).completion_tokens == 4096


def test_schemas_and_tools_count() -> None:
    plain = estimate_tokens(_chat("x")).prompt_tokens
    schema = {"type": "object", "properties": {"x": {"type": "string"}}}
    tool = ToolSpec(name="deploy", parameters=schema)  # type: ignore[arg-type]
    assert estimate_tokens(_chat("x", json_schema=schema)).prompt_tokens > plain + 80
    assert estimate_tokens(_chat("x", tools=(tool,))).prompt_tokens > plain + 80
