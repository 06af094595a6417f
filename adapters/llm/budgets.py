"""Budgets of a run, its roles and its agents: their limits, and what was spent of each.

A budget does not change what a run does, only when it pauses: a run that paused and was resumed
writes the same files as one that never paused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from ...actors.llm.chat import Usage
from ...runtime.wording import first_problem
from ...scenarios.schema.episode import EpisodeConfig, agent_ids
from ...scenarios.schema.language_model import Budget
from ..runs.errors import RunError
from .prices import dollars, pico_of

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
        return self.name.removeprefix("agents/") if self.kind == "agent" else self.name


RUN = Scope("run")


class Cost(NamedTuple):
    """An amount in all units that a budget can limit."""

    usd: int
    """Pico-dollars."""
    tokens: int
    calls: int

    def plus(self, other: "Cost") -> "Cost":
        return Cost(self.usd + other.usd, self.tokens + other.tokens, self.calls + other.calls)

    def minus(self, other: "Cost") -> "Cost":
        return Cost(self.usd - other.usd, self.tokens - other.tokens, self.calls - other.calls)


NOTHING = Cost(0, 0, 0)


class Entry(NamedTuple):
    """One thing that was paid for."""

    calls: int
    usage: Usage
    usd: int | None
    """Pico-dollars; None where the price is unknown."""
    unknown: int = 0
    """Calls whose usage was not reported: they are charged at their estimate."""


class Spending(NamedTuple):
    """The sum of entries."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: int = 0
    """Pico-dollars, of the calls whose price is known."""
    calls_without_price: int = 0
    unknown_usage_calls: int = 0

    def plus(self, entry: Entry) -> "Spending":
        free = not entry.usage.total
        priceless = 0 if free or entry.usd is not None else entry.calls
        return Spending(
            self.calls + entry.calls,
            self.prompt_tokens + entry.usage.prompt_tokens,
            self.completion_tokens + entry.usage.completion_tokens,
            self.usd + (entry.usd or 0),
            self.calls_without_price + priceless,
            self.unknown_usage_calls + entry.unknown,
        )

    @property
    def cost(self) -> Cost:
        return Cost(self.usd, self.prompt_tokens + self.completion_tokens, self.calls)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON data; money in US dollars, null if no call has a price."""
        priceless = self.calls_without_price and not self.usd
        return {**self._asdict(), "usd": None if priceless else float(dollars(self.usd))}


class BudgetAccount:
    """The budget of one scope: what is spent, what is booked for calls under way."""

    def __init__(self, scope: Scope, budget: Budget) -> None:
        self.scope = scope
        self.limits: dict[Unit, int] = {}
        if budget.usd is not None:
            self.limits["usd"] = pico_of(budget.usd)
        if budget.tokens is not None:
            self.limits["tokens"] = budget.tokens
        if budget.calls is not None:
            self.limits["calls"] = budget.calls
        self.spent = Spending()
        self.booked = NOTHING

    def hopeless(self, need: Cost) -> Unit | None:
        """Return the unit that lacks room for `need` even if all that is booked turned out free."""
        return self._lacking(self.spent.cost.plus(need))

    def has_room(self, need: Cost) -> bool:
        return self._lacking(self.spent.cost.plus(self.booked).plus(need)) is None

    def _lacking(self, total: Cost) -> Unit | None:
        for unit, limit in self.limits.items():
            if getattr(total, unit) > limit:
                return unit
        return None

    def used_up(self, unit: Unit, need: Cost) -> str:
        """Say that the budget does not suffice for `need`, and how to go on."""
        limit, spent = self.limits[unit], getattr(self.spent.cost, unit)
        wanted = getattr(need, unit)
        more = "" if spent >= limit else f", and the next call may take {_shown(unit, wanted)}"
        higher = max(2 * limit, spent + wanted)
        return (
            f"the budget of {self.scope} is used up: {_shown(unit, spent)} of "
            f"{_shown(unit, limit)}{_noun(unit)}{more}; resume with a higher one: "
            f"gdg-runtime resume RUN --budget {self.scope.option}{unit}={_plain(unit, higher)}"
        )


def _noun(unit: Unit) -> str:
    return "" if unit == "usd" else f" {unit}"


def _shown(unit: Unit, amount: int) -> str:
    return f"${_plain(unit, amount)}" if unit == "usd" else f"{amount:,}"


def _plain(unit: Unit, amount: int) -> str:
    """Show an amount as it is typed; money to a millionth of a dollar, rounded up."""
    if unit != "usd":
        return str(amount)
    micro = -(-amount // 10**6)
    return f"{micro // 10**6}.{micro % 10**6:06}".rstrip("0").rstrip(".")


class BadBudget(RunError):
    """A `--budget` that can't be read."""

    def __init__(self, text: str, why: str) -> None:
        super().__init__(
            f"--budget {text}: {why}; expected usd=, tokens= or calls= with a number, or the same "
            f"for a role or an agent: role.poster.tokens=50000, agent.llm_1.calls=100; a limit of "
            f"none lifts it"
        )


@dataclass(frozen=True)
class Budgets:
    """Limits of the run, of roles and of agents."""

    run: Budget = field(default_factory=Budget)
    by_role: Mapping[str, Budget] = field(default_factory=dict)
    by_agent: Mapping[str, Budget] = field(default_factory=dict)
    """By actor path."""

    @classmethod
    def of(cls, config: EpisodeConfig, overrides: Sequence[str] = ()) -> "Budgets":
        """Read the config's limits, with overrides such as `tokens=20000` laid over them.

        Raises BadBudget.
        """
        run = Budget() if config.llm is None else config.llm.budget
        by_role = {} if config.llm is None else dict(config.llm.role_budgets)
        by_agent = {
            f"{_AGENTS}{agent}": spec.budget for agent, spec in agent_ids(config) if spec.budget
        }
        paths = {f"{_AGENTS}{agent}" for agent, _ in agent_ids(config)}
        roles = {spec.role for spec in config.agents}
        for text in overrides:
            scope, unit, limit = _read(text)
            kind, _, name = scope.partition(".")
            if kind == "":
                run = _changed(run, unit, limit, text)
            elif kind == "role" and name in roles:
                by_role[name] = _changed(by_role.get(name, Budget()), unit, limit, text)
            elif kind == "agent" and (path := f"{_AGENTS}{name.removeprefix(_AGENTS)}") in paths:
                by_agent[path] = _changed(by_agent.get(path, Budget()), unit, limit, text)
            else:
                raise BadBudget(text, f"the run has no {scope}")
        return cls(run, by_role, by_agent)


def _read(text: str) -> tuple[str, str, str]:
    """Return scope, unit and limit of `role.poster.tokens=50000`."""
    key, equals, limit = text.partition("=")
    scope, _, unit = key.rpartition(".")
    if not equals or unit not in Budget.model_fields or key.startswith("."):
        raise BadBudget(text, "that is no limit")
    return scope, unit, limit


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
