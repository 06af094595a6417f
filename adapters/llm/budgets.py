"""The budgets of a run: as its scenario says, or higher ones that its user gave since.

A budget is no part of what a run does, only of when it pauses: the files of a run that paused and
went on are those of one that never paused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from ...scenarios.schema.episode import EpisodeConfig
from ...scenarios.schema.language_model import Budget
from ...scenarios.schema.roster import agent_ids
from ..runs.errors import RunError

_AGENTS = "agents/"


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
        """What the config says, with overrides such as `tokens=20000` laid over it.

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
    """Scope, unit and limit of `role.poster.tokens=50000`."""
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
        raise BadBudget(text, error.errors()[0]["msg"]) from None
