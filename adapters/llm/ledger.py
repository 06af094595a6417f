"""Book the cost of calls against budgets: an estimate before a call is sent, its cost after.

A limit is never exceeded by calls that take no more than their estimate. A call that finds no
room waits as long as calls under way may turn out cheaper than they were booked; if that can't
help, the run pauses.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import anyio

from ...actors.llm.chat import Chat, ChatMessage, Usage
from ...runtime.errors import EffectWithheld
from ...scenarios.schema.language_model import Budget, Price
from ..runs.errors import RunError
from .budgets import RUN, BudgetAccount, Cost, Entry, Scope, Spending
from .prices import cost

_NO_TOKENS = Usage(0, 0)
_BYTES_PER_TOKEN = 3
_PER_MESSAGE = 8
"""Tokens of a message's frame: its role and the marks around it."""
_PER_FORM = 64
"""Tokens of the words in which a schema or a list of tools is put."""
_UNLIMITED = 4096
"""Taken for the longest reply of a question that sets no limit."""


class BudgetNeedsPrice(RunError):
    """Money is limited, and the price of a model is unknown."""

    def __init__(self, model: str) -> None:
        self.model = model
        super().__init__(
            f"there is a budget in US dollars, but the price of {model} is unknown: give it in "
            f"`price: {{input: …, output: …}}` (US dollars per million tokens), or limit tokens "
            f"or calls instead"
        )


class Reservation:
    """Room for one attempt: to be settled once it was sent, or released."""

    def __init__(
        self,
        ledger: "Ledger",
        accounts: tuple[BudgetAccount, ...],
        bound: Usage,
        price: Price | None,
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._bound = bound
        self._price = price
        self.need = Cost(cost(bound, price) if price else 0, bound.total, 1)
        self._open = False

    def settle(self, usage: Usage | None, *, billed: bool) -> None:
        """Charge what an attempt took that was sent.

        `usage` counts if it is known. If not, an attempt that may have been billed is charged at
        its estimate, any other at no tokens.
        """
        unknown = usage is None and billed
        charged = usage or (self._bound if unknown else _NO_TOKENS)
        usd = cost(charged, self._price) if self._price else None
        self._close(Entry(1, charged, usd, unknown=int(unknown)))

    def release(self) -> None:
        """Give the room back: the attempt was never sent and costs nothing."""
        self._close(None)

    def book(self) -> bool:
        """Take room if there is any, and tell whether there was.

        Raises EffectWithheld if there never will be.
        """
        for account in self._accounts:
            unit = account.hopeless(self.need)
            if unit is not None:
                raise self._ledger.withheld(account.used_up(unit, self.need))
        if not all(account.has_room(self.need) for account in self._accounts):
            return False
        for account in self._accounts:
            account.booked = account.booked.plus(self.need)
        self._open = True
        return True

    def _close(self, entry: Entry | None) -> None:
        if not self._open:
            raise RuntimeError("this reservation was settled or released already")
        self._open = False
        for account in self._accounts:
            account.booked = account.booked.minus(self.need)
            if entry is not None:
                account.spent = account.spent.plus(entry)
        self._ledger.serve()


class _Waiter:
    """A call that waits for room."""

    def __init__(self, reservation: Reservation) -> None:
        self.reservation = reservation
        self.served = anyio.Event()
        self.refusal: EffectWithheld | None = None


class Ledger:
    """The accounts of the run, of its roles and of its agents."""

    def __init__(
        self,
        budget: Budget,
        by_role: Mapping[str, Budget],
        by_agent: Mapping[str, Budget],
        role_of: Mapping[str, str],
    ) -> None:
        """Open the accounts; `by_agent` and `role_of` are keyed by the agents' paths."""
        self.exhausted: str | None = None
        """The message of the first budget that was used up."""
        self._role_of = dict(role_of)
        self._agents = frozenset((*role_of, *by_agent))
        self._accounts: dict[Scope, BudgetAccount] = {RUN: BudgetAccount(RUN, budget)}
        for role, limited in by_role.items():
            self._account(Scope("role", role), limited)
        for agent, limited in by_agent.items():
            self._account(Scope("agent", agent), limited)
        self._waiting: list[_Waiter] = []

    def check_prices(self, prices: Mapping[str, Price | None]) -> None:
        """Check that every model has a price if money is limited. Raises BudgetNeedsPrice."""
        if any("usd" in account.limits for account in self._accounts.values()):
            for model, price in prices.items():
                if price is None:
                    raise BudgetNeedsPrice(model)

    async def reserve(self, agent: str, bound: Usage, price: Price | None) -> Reservation:
        """Book room for one attempt of an agent (its path; empty outside of a run), of at most
        `bound` tokens. Raises EffectWithheld if a budget does not suffice."""
        accounts = self._accounts_of(agent)
        if price is None and any("usd" in account.limits for account in accounts):
            raise RuntimeError("check_prices lets no model without a price into such a run")
        reservation = Reservation(self, accounts, bound, price)
        if not reservation.book():
            await self._wait(_Waiter(reservation))
        return reservation

    async def _wait(self, waiter: _Waiter) -> None:
        self._waiting.append(waiter)
        try:
            await waiter.served.wait()
        except BaseException:
            if not waiter.served.is_set():
                self._waiting.remove(waiter)
            elif waiter.refusal is None:
                # asyncio can cancel a task that was served in the same moment.
                waiter.reservation.release()
            raise
        if waiter.refusal is not None:
            raise waiter.refusal

    def serve(self) -> None:
        """Let waiting calls in that fit now, in the order in which they came."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            try:
                if not waiter.reservation.book():
                    self._waiting.append(waiter)
                    continue
            except EffectWithheld as refusal:
                waiter.refusal = refusal
            waiter.served.set()

    def withheld(self, text: str) -> EffectWithheld:
        """Make the error of a used-up budget, and remember the first."""
        self.exhausted = self.exhausted or text
        return EffectWithheld(text)

    def charge(
        self,
        agent: str,
        calls: int,
        usage: Usage | None,
        price: Price | None = None,
        *,
        unknown: int = 0,
        bound: Usage = _NO_TOKENS,
    ) -> None:
        """Book what an earlier execution of the run has spent.

        `usage` is what is known of it; `unknown` of the calls may have been billed without
        a report of their usage, and each of them is charged at `bound`.
        """
        known = usage or _NO_TOKENS
        charged = Usage(
            known.prompt_tokens + unknown * bound.prompt_tokens,
            known.completion_tokens + unknown * bound.completion_tokens,
        )
        entry = Entry(calls, charged, cost(charged, price) if price else None, unknown)
        for account in self._accounts_of(agent):
            account.spent = account.spent.plus(entry)

    def spent(self, scope: Scope = RUN) -> Spending:
        """Return what was spent in a scope; what is under way does not count yet."""
        account = self._accounts.get(scope)
        return Spending() if account is None else account.spent

    def to_json(self) -> dict[str, Any]:
        """Return what the run, each role and each agent have spent, for `meta.json`."""
        document: dict[str, Any] = {
            "run": self.spent().to_json(), "roles": {}, "agents": {}, "exhausted": self.exhausted
        }  # fmt: skip
        for scope in sorted(self._accounts):
            if scope.kind != "run":
                document[f"{scope.kind}s"][scope.name] = self._accounts[scope].spent.to_json()
        return document

    def _accounts_of(self, path: str) -> tuple[BudgetAccount, ...]:
        """Return the accounts of an actor's calls: an agent's children spend its money."""
        if not path:
            return (self._accounts[RUN],)
        agent = path
        while agent and agent not in self._agents:
            agent = agent.rpartition("/")[0]
        agent = agent or path
        scopes = [RUN, Scope("agent", agent)]
        if agent in self._role_of:
            scopes.insert(1, Scope("role", self._role_of[agent]))
        return tuple(self._account(scope) for scope in scopes)

    def _account(self, scope: Scope, budget: Budget | None = None) -> BudgetAccount:
        if scope not in self._accounts:
            self._accounts[scope] = BudgetAccount(scope, budget or Budget())
        return self._accounts[scope]


def estimate_tokens(question: Chat) -> Usage:
    """Estimate the most tokens that one attempt should take.

    The completion is bounded by `max_tokens` (times `n`). The prompt is its bytes in UTF-8
    divided by 3, and something for each message's frame: English and JSON have about 4 bytes per
    token, so this is above the truth; long rows of rare signs or emoji can be beyond it.
    """
    prompt = sum(_of_message(message) for message in question.messages)
    if question.json_schema is not None:
        prompt += _PER_FORM + _of_text(question.schema_text or "")
    if question.tools:
        tools = "".join(
            json.dumps(tool.model_dump(mode="json"), ensure_ascii=False) for tool in question.tools
        )
        prompt += _PER_FORM + _of_text(tools)
    return Usage(prompt, _longest_reply(question))


def _longest_reply(question: Chat) -> int:
    sampling = question.sampling
    limits = [sampling.get("max_tokens"), sampling.get("max_completion_tokens")]
    longest = max((limit for limit in limits if isinstance(limit, int)), default=_UNLIMITED)
    choices = sampling.get("n")
    return longest * (max(1, choices) if isinstance(choices, int) else 1)


def _of_message(message: ChatMessage) -> int:
    calls = "".join(f"{call.id}{call.name}{call.arguments}" for call in message.tool_calls)
    return _PER_MESSAGE + _of_text(f"{message.content}{calls}{message.tool_call_id or ''}")


def _of_text(text: str) -> int:
    return math.ceil(len(text.encode(errors="surrogatepass")) / _BYTES_PER_TOKEN)
