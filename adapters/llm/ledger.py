"""Budgets of a run, of its roles and of its agents, and the ledger that books calls against them.

A call is booked at its estimate before it is sent, and charged at its cost after. A limit is never
exceeded by calls that take no more than their estimate. A call that finds no room waits as long as
calls under way may turn out cheaper than they were booked; if that can't help, the run pauses.

A budget does not change what a run does, only when it pauses: a run that paused and was resumed
writes the same files as one that never paused.
"""

from collections.abc import Mapping, Sequence
from operator import add, sub
from typing import Any, Literal, NamedTuple

import anyio
from pydantic import ValidationError

from ...actors.llm.chat import Usage
from ...runtime.errors import EffectWithheld
from ...runtime.wording import first_problem
from ...scenarios.schema.episode import EpisodeConfig, agent_ids
from ...scenarios.schema.language_model import Budget, Price
from ..runs.errors import RunError
from .prices import NO_TOKENS, cost, dollars, pico_of

Unit = Literal["usd", "tokens", "calls"]
_AGENTS = "agents/"


class Scope(NamedTuple):
    """The owner of a budget."""

    kind: Literal["run", "role", "agent"]
    name: str = ""
    """The role, or the agent's path."""

    def __str__(self) -> str:
        return "the run" if self.kind == "run" else f"{self.kind} {self._short_name}"

    @property
    def option(self) -> str:
        """The text before the unit in `--budget`."""
        return "" if self.kind == "run" else f"{self.kind}.{self._short_name}."

    @property
    def _short_name(self) -> str:
        return self.name.removeprefix(_AGENTS) if self.kind == "agent" else self.name


RUN = Scope("run")


class BadBudget(RunError):
    """A `--budget` that can't be read."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"--budget {text}: {why}; expected usd=, tokens= or calls= with a number, or the same "
            f"for a role or an agent: role.poster.tokens=50000, agent.llm_1.calls=100; a limit of "
            f"none lifts it"
        )


class BudgetNeedsPrice(RunError):
    """Money is limited, and the price of a model is unknown."""

    def __init__(self, model: str) -> None:
        super().__init__(
            f"there is a budget in US dollars, but the price of {model} is unknown: give it in "
            f"`price: {{input: …, output: …}}` (US dollars per million tokens), or limit tokens "
            f"or calls instead"
        )


def read_budgets(config: EpisodeConfig, overrides: Sequence[str] = ()) -> dict[Scope, Budget]:
    """Return the config's budgets, with overrides such as `tokens=20000` laid over them.

    Raises BadBudget.
    """
    budgets = {RUN: Budget()}
    if config.llm is not None:
        roles = config.llm.role_budgets
        budgets = {RUN: config.llm.budget} | {Scope("role", role): roles[role] for role in roles}
    # By the text that stands before the unit in an override.
    scopes = {"": RUN}
    scopes |= {f"role.{one.role}": Scope("role", one.role) for one in config.agents if one.role}
    for agent, spec in agent_ids(config):
        path = f"{_AGENTS}{agent}"
        scopes[f"agent.{agent}"] = scopes[f"agent.{path}"] = scope = Scope("agent", path)
        if spec.budget:
            budgets[scope] = spec.budget
    for text in overrides:
        key, equals, limit = text.partition("=")
        owner, _, unit = key.rpartition(".")
        if not equals or unit not in Budget.model_fields or key.startswith("."):
            raise BadBudget(text, "that is no limit")
        if owner not in scopes:
            raise BadBudget(text, f"the run has no {owner}")
        budget = budgets.get(scopes[owner], Budget())
        budgets[scopes[owner]] = _changed(budget, unit, limit, text)
    return budgets


def _changed(budget: Budget, unit: str, limit: str, text: str) -> Budget:
    value: float | int | None = None
    if limit.lower() != "none":
        try:
            value = float(limit) if unit == "usd" else int(limit)
        except ValueError:
            raise BadBudget(text, f"{limit!r} is no number") from None
    try:
        return Budget.model_validate({**budget.model_dump(), unit: value})
    except ValidationError as error:
        raise BadBudget(text, first_problem(error).message) from None


class Spending(NamedTuple):
    """The cost of calls: of one, or the sum of many."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: int = 0
    """Pico-dollars, of the calls whose price is known."""
    calls_without_price: int = 0
    unknown_usage_calls: int = 0
    """Calls whose usage was not reported: they are charged at their estimate."""

    @classmethod
    def of(cls, calls: int, usage: Usage, price: Price | None, unknown: int = 0) -> "Spending":
        """Price calls that took so many tokens together. Without tokens, no price is missing."""
        priceless = calls if price is None and usage.total else 0
        return cls(calls, *usage, cost(usage, price) if price else 0, priceless, unknown)

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def plus(self, other: "Spending") -> "Spending":
        return Spending(*map(add, self, other))

    def minus(self, other: "Spending") -> "Spending":
        return Spending(*map(sub, self, other))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; money in US dollars, null if no call has a price."""
        priceless = self.calls_without_price and not self.usd
        return {**self._asdict(), "usd": None if priceless else float(dollars(self.usd))}


class BudgetAccount:
    """The budget of one scope: what is spent, what is booked for calls under way."""

    def __init__(self, scope: Scope, budget: Budget) -> None:
        self.scope = scope
        usd = None if budget.usd is None else pico_of(budget.usd)
        limits: dict[Unit, int | None] = {
            "usd": usd, "tokens": budget.tokens, "calls": budget.calls
        }  # fmt: skip
        self.limits = {unit: limit for unit, limit in limits.items() if limit is not None}
        self.spent = Spending()
        self.booked = Spending()

    def lacking(self, total: Spending) -> Unit | None:
        """Return the first unit of which `total` is more than the limit."""
        over = (unit for unit, limit in self.limits.items() if getattr(total, unit) > limit)
        return next(over, None)

    def used_up(self, unit: Unit, need: Spending) -> str:
        """Say that the budget does not suffice for `need`, and how to go on."""
        limit, spent, wanted = self.limits[unit], getattr(self.spent, unit), getattr(need, unit)
        noun = "" if unit == "usd" else f" {unit}"
        more = "" if spent >= limit else f", and the next call may take {_shown(unit, wanted)}"
        higher = _plain(unit, max(2 * limit, spent + wanted))
        return (
            f"the budget of {self.scope} is used up: {_shown(unit, spent)} of "
            f"{_shown(unit, limit)}{noun}{more}; resume with a higher one: "
            f"gdg-runtime resume RUN --budget {self.scope.option}{unit}={higher}"
        )


def _shown(unit: Unit, amount: int) -> str:
    return f"${_plain(unit, amount)}" if unit == "usd" else f"{amount:,}"


def _plain(unit: Unit, amount: int) -> str:
    """Show an amount as it is typed; money to a millionth of a dollar, rounded up."""
    if unit != "usd":
        return str(amount)
    micro = -(-amount // 10**6)
    return f"{micro // 10**6}.{micro % 10**6:06}".rstrip("0").rstrip(".")


class Reservation:
    """Room for one attempt: to be settled once it was sent, or released."""

    def __init__(
        self, ledger: "Ledger", accounts: Sequence[BudgetAccount], bound: Usage, price: Price | None
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._bound = bound
        self._price = price
        self._need = Spending.of(1, bound, price)
        self._open = False
        self.served = anyio.Event()
        """Set when a reservation that waited has got its room, or its refusal."""
        self.refusal: EffectWithheld | None = None

    def settle(self, usage: Usage | None, *, billed: bool) -> None:
        """Charge what an attempt took that was sent.

        `usage` counts if it is known. If not, an attempt that may have been billed is charged at
        its estimate, any other at no tokens.
        """
        unknown = usage is None and billed
        charged = usage or (self._bound if unknown else NO_TOKENS)
        self._close(Spending.of(1, charged, self._price, int(unknown)))

    def release(self) -> None:
        """Give the room back: the attempt was never sent and costs nothing."""
        self._close(Spending())

    def book(self) -> bool:
        """Take room if there is any, and tell whether there was.

        Raises EffectWithheld if there never will be: not even if all that is booked costs nothing.
        """
        for account in self._accounts:
            unit = account.lacking(account.spent.plus(self._need))
            if unit is not None:
                raise self._ledger.withheld(account.used_up(unit, self._need))
        for account in self._accounts:
            if account.lacking(account.spent.plus(account.booked).plus(self._need)):
                return False
        for account in self._accounts:
            account.booked = account.booked.plus(self._need)
        self._open = True
        return True

    def _close(self, spent: Spending) -> None:
        if not self._open:
            raise RuntimeError("this reservation was settled or released already")
        self._open = False
        for account in self._accounts:
            account.booked = account.booked.minus(self._need)
            account.spent = account.spent.plus(spent)
        self._ledger.serve()


class Ledger:
    """The accounts of the run, of its roles and of its agents."""

    def __init__(
        self, budgets: Mapping[Scope, Budget] = {}, role_of: Mapping[str, str] = {}
    ) -> None:
        """Open the accounts; `role_of` has the roles by the agents' paths."""
        self.exhausted: str | None = None
        """The message of the first budget that was used up."""
        self._role_of = role_of
        self._accounts = {
            scope: BudgetAccount(scope, budget)
            for scope, budget in {RUN: Budget(), **budgets}.items()
        }
        limited = {scope.name for scope in self._accounts if scope.kind == "agent"}
        self._agents = frozenset({*self._role_of, *limited})
        self._waiting: list[Reservation] = []

    def check_price(self, model: str, price: Price | None) -> None:
        """Check that a model has a price if money is limited. Raises BudgetNeedsPrice."""
        if price is None and any("usd" in account.limits for account in self._accounts.values()):
            raise BudgetNeedsPrice(model)

    async def reserve(self, agent: str, bound: Usage, price: Price | None) -> Reservation:
        """Book room for one attempt of an agent (its path; empty outside of a run), of at most
        `bound` tokens. Raises EffectWithheld if a budget does not suffice."""
        accounts = self._accounts_of(agent)
        if price is None and any("usd" in account.limits for account in accounts):
            raise RuntimeError("check_price lets no model without a price into such a run")
        reservation = Reservation(self, accounts, bound, price)
        if reservation.book():
            return reservation
        self._waiting.append(reservation)
        try:
            await reservation.served.wait()
        except BaseException:
            if not reservation.served.is_set():
                self._waiting.remove(reservation)
            elif reservation.refusal is None:
                # asyncio can cancel a task that was served in the same moment.
                reservation.release()
            raise
        if reservation.refusal is not None:
            raise reservation.refusal
        return reservation

    def serve(self) -> None:
        """Let waiting calls in that fit now, in the order in which they came."""
        waiting, self._waiting = self._waiting, []
        for reservation in waiting:
            try:
                if not reservation.book():
                    self._waiting.append(reservation)
                    continue
            except EffectWithheld as refusal:
                reservation.refusal = refusal
            reservation.served.set()

    def withheld(self, text: str) -> EffectWithheld:
        """Make the error of a used-up budget, and remember the first."""
        self.exhausted = self.exhausted or text
        return EffectWithheld(text)

    def charge(
        self, agent: str, calls: int, usage: Usage, price: Price | None, unknown: int, bound: Usage
    ) -> None:
        """Book what an earlier execution of the run has spent.

        `usage` is what is known of it; `unknown` of the calls may have been billed without
        a report of their usage, and each of them is charged at `bound`.
        """
        tokens = (known + unknown * most for known, most in zip(usage, bound, strict=True))
        spent = Spending.of(calls, Usage(*tokens), price, unknown)
        for account in self._accounts_of(agent):
            account.spent = account.spent.plus(spent)

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
            if scope != RUN:
                document[f"{scope.kind}s"][scope.name] = self._accounts[scope].spent.to_json()
        return document

    def _accounts_of(self, path: str) -> list[BudgetAccount]:
        """Return the accounts of an actor's calls: an agent's children spend its money."""
        agent = path
        while agent and agent not in self._agents:
            agent = agent.rpartition("/")[0]
        agent = agent or path
        scopes = [RUN]
        if agent in self._role_of:
            scopes.append(Scope("role", self._role_of[agent]))
        if agent:
            scopes.append(Scope("agent", agent))
        for scope in scopes:
            if scope not in self._accounts:
                self._accounts[scope] = BudgetAccount(scope, Budget())
        return [self._accounts[scope] for scope in scopes]
