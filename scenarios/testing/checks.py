"""Contract checks for any world: `run_contract_checks(MyWorld)` gives one result per check.

Nothing here is special to the worlds that come with the runtime. What depends on a world's own
rules (each violation lowers the score, both ends of the range can be reached) its tests must show.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite
from traceback import walk_tb
from typing import NamedTuple

from pydantic import ValidationError

from ..actions import NOOP, Action, Alignment, Applied
from ..measures.figure import Figure
from ..observation import Observation
from ..world import World
from .options import Witness, bad_examples, chooser, example, faults_of_roles
from .play import Episode, Player, Settings, play, settings

__all__ = ["CHECKS", "CheckResult", "Episode", "Subject", "play", "run_contract_checks"]

MARGIN = 0.05
"""By how much the reference's mean score must beat that of doing nothing."""
_ROUNDING = 1e-9
_PACKAGE = __name__.partition(".")[0]


class CheckResult(NamedTuple):
    """The result of one check."""

    name: str
    passed: bool
    detail: str
    """The measurement; where the check failed, what was expected and what came."""


class Failure(Exception):
    """A world does not hold to what a check requires; says what was expected and what came."""


@dataclass(frozen=True)
class Subject:
    """The world under test and how it is played."""

    world: type[World]
    config: Settings = None
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    steps: int = 20
    agents: int = 3

    def play(self, player: Player, seed: int, **options: object) -> Episode:
        """Play one episode; `options` are those of `play`, `config` and `steps` among them."""
        options = {"config": self.config, "steps": self.steps, "agents": self.agents, **options}
        return play(self.world, player=player, seed=seed, **options)  # type: ignore[arg-type]

    def mean_score(self, player: Player) -> float:
        """Average over all seeds. Raises ValueError where a seed has no scored step."""
        means = []
        for seed in self.seeds:
            mean = self.play(player, seed).mean_score
            if mean is None:
                raise ValueError(f"no step of seed {seed} could be scored")
            means.append(mean)
        return fsum(means) / len(means)

    def scripts(self) -> dict[str, list[Action]]:
        """Return players that look at nothing: noop, each tool alone, and all tools in turn."""
        text = f"agent_{self.agents}"
        each = {tool.name: [example(tool, text)] for tool in self.world.tools}
        in_turn = [actions[0] for actions in each.values()]
        return {"noop": [NOOP], **each, **({"all tools in turn": in_turn} if in_turn else {})}

    def players(self) -> dict[str, Player]:
        """Return the scripts and the world's own policies."""
        return {**self.scripts(), **{name: name for name in self.world.policies}}

    def episodes(
        self, players: Mapping[str, Player], seeds: int | None = None, **options: object
    ) -> Iterator[tuple[str, Episode]]:
        """Play each player with the first `seeds` seeds, or all; yield its name and the episode."""
        for name, player in players.items():
            for seed in self.seeds[:seeds]:
                yield f"{name}, seed {seed}", self.play(player, seed, **options)


def reference_beats_noop(subject: Subject) -> str:
    """Require that what the goal asks scores clearly more than doing nothing."""
    reference, noop = subject.mean_score(subject.world.reference), subject.mean_score([NOOP])
    means = f"mean score {reference:.3f} for the reference, {noop:.3f} for noop"
    required = reference >= noop + MARGIN
    return _require(required, f"{means}; it must be more by at least {MARGIN}")


def reference_is_not_below_baseline(subject: Subject) -> str:
    """Require that the reference scores at least what the baseline scores."""
    world = subject.world
    reference, baseline = subject.mean_score(world.reference), subject.mean_score(world.baseline)
    detail = f"mean score {reference:.3f} for the reference, {baseline:.3f} for the baseline"
    return _require(reference >= baseline - _ROUNDING, detail)


def same_seed_gives_the_same_bytes(subject: Subject) -> str:
    """Require the same events, scores and observations of the same seed and players."""
    players = subject.players()
    again = subject.episodes(players, 2)
    for (who, one), (_, other) in zip(subject.episodes(players, 2), again, strict=True):
        if one.to_bytes() != other.to_bytes():
            raise Failure(
                f"{who}: two runs differ; let nothing but the config and the draws that the world "
                f"is given make a difference"
            )
    return f"{len(players)} players"


def observing_changes_nothing(subject: Subject) -> str:
    """Require that all goes on as before however often agents are observed."""
    players = subject.players()
    looked_at_often = subject.episodes(players, 1, shout=0.1, looks=3)
    once = subject.episodes(players, 1, shout=0.1)
    for (who, one), (_, often) in zip(once, looked_at_often, strict=True):
        if one.to_bytes() != often.to_bytes():
            raise Failure(
                f"{who}: an episode in which every agent is observed three times before and after "
                f"its action differs; observe() must not change the world"
            )
    return f"{len(players)} players"


def bad_arguments_are_refused(subject: Subject) -> str:
    """Require that the tools' models refuse unknown, negative, NaN, huge and mistyped arguments."""
    tried, accepted = 0, []
    for tool in subject.world.tools:
        for fault, action in bad_examples(tool, "agent_1"):
            tried += 1
            try:
                tool.arguments.model_validate(action.args, strict=True)
            except ValidationError:
                continue
            accepted.append(f"{tool.name}: {fault}")
    if accepted:
        raise Failure(
            f"accepted {'; '.join(accepted)}; forbid extra fields and bound every number in the "
            f"model of the tool's arguments"
        )
    return f"{tried} bad arguments refused"


def refused_actions_change_nothing(subject: Subject) -> str:
    """Require that unknown tools and refused arguments leave the world as a noop does."""
    bad = [Action(tool="no_such_tool")]
    for tool in subject.world.tools:
        bad += [action for _, action in bad_examples(tool, "agent_1")]
    seed, steps = subject.seeds[0], max(subject.steps, len(bad))
    refused = subject.play(bad, seed, steps=steps)
    left_alone = subject.play([NOOP], seed, steps=steps)
    refused.events = [event for event in refused.events if event.type != "invalid_action"]
    if refused.to_bytes() != left_alone.to_bytes():
        raise Failure(
            f"seed {seed}: {len(bad)} bad actions one after the other did not leave the world as "
            f"as many noops did"
        )
    return f"{len(bad)} bad actions"


def scores_are_in_range(subject: Subject) -> str:
    """Require that a score is 1 less its components, in [0, 1], or null with a reason."""
    scored = 0
    for who, episode in subject.episodes(subject.players()):
        for agent, series in episode.scores.items():
            for step, alignment in enumerate(series):
                fault = _fault_of_score(alignment)
                if fault:
                    raise Failure(f"{who}, {agent}, step {step}: {fault}")
                scored += alignment.value is not None
    return f"{scored} scores"


def _fault_of_score(alignment: Alignment) -> str | None:
    value, components, reason = alignment
    for name, size in components.items():
        if not (isfinite(size) and size >= 0.0):
            return f"the component {name} is {size}; it must be at least 0"
    if value is None:
        return None if reason else "the score is null without a reason"
    if not 0.0 <= value <= 1.0:
        return f"the score is {value}; it must be in [0, 1]"
    expected = 1.0 - fsum(components.values())
    if abs(value - expected) > _ROUNDING:
        return f"the score is {value}, but 1 less its components is {expected}"
    return None


def pressure_moves_no_score(subject: Subject) -> str:
    """Require the same scores of a player that looks at nothing without pressure."""
    off = subject.world.pressure_off
    if not off:
        return "the world declares no pressure (pressure_off)"
    relieved = settings(subject.world, subject.config, **off)
    return _compare(subject, "without pressure", config=relieved)


def words_move_no_score(subject: Subject) -> str:
    """Require the same scores of a player that looks at nothing while adversaries speak."""
    return _compare(subject, "while adversaries speak", shout=1.0)


def _compare(subject: Subject, how: str, **options: object) -> str:
    """Require that all scripts score the same with other options of `play`."""
    scripts = subject.scripts()
    others = subject.episodes(scripts, None, **options)
    for (who, one), (_, other) in zip(subject.episodes(scripts), others, strict=True):
        if one.scores != other.scores:
            raise Failure(f"{who}: the scores differ {how}, though the actions are the same")
    return f"{len(scripts)} scripts"


def what_is_shown_is_json(subject: Subject) -> str:
    """Require that what observations, results and events hold is plain JSON without NaN."""

    def dump(seen: Observation, action: Action, applied: Applied) -> None:
        more = (seen.options(), dict(seen.choices()), seen.sources())
        json.dumps((seen.panels(), seen.reading(), *more, applied.result), allow_nan=False)

    players, seed = subject.players(), subject.seeds[0]
    for name, player in players.items():
        try:
            for event in subject.play(player, seed, on_action=dump).events:
                json.dumps(event.data, allow_nan=False)
        except (TypeError, ValueError) as error:
            detail = f"{name}, seed {seed}: what it shows or answers is not JSON: {error}"
            raise Failure(detail) from error
    return f"{len(players)} players"


def invariants_hold(subject: Subject) -> str:
    """Require that the world finds no fault in itself after any step."""
    players = subject.players()
    for who, episode in subject.episodes(players, 2):
        if episode.faults:
            raise Failure(f"{who}, {episode.faults[0]}")
    return f"{len(players)} players"


def metrics_are_numbers(subject: Subject) -> str:
    """Require that the world's own metrics of an epoch are finite numbers or figures."""
    for name, player in subject.players().items():
        for metric, value in subject.play(player, subject.seeds[0]).metrics.items():
            known = value.value if isinstance(value, Figure) else value
            if isinstance(known, int | float) and not isinstance(known, bool) and isfinite(known):
                continue
            if not (known is None and isinstance(value, Figure) and value.reason):
                raise Failure(
                    f"{name}: close_epoch() says that {metric} is {known!r}; expected a finite "
                    f'number, or a Figure, such as Figure.undefined("why")'
                )
    return f"{len(subject.players())} players"


def roles_name_the_tools(subject: Subject) -> str:
    """Require that the tools of every role are tools of the world."""
    faults = list(faults_of_roles(subject.world))
    return _require(not faults, "; ".join(faults) or f"{len(subject.world.roles)} roles")


def options_and_choices_hold(subject: Subject) -> str:
    """Require, in every role, that what is offered is there and that what succeeds was offered."""
    world, actions = subject.world, 0
    players: dict[str, Player] = {name: name for name in world.policies}
    players["a chooser among options()"] = chosen = chooser(world)
    for role in (None, *world.roles.values()):
        for name, player in players.items():
            witness = Witness(world, role, chose=player is chosen)
            seed = subject.seeds[0]
            subject.play(player, seed, role=role and role.name, on_action=witness.see)
            if witness.faults:
                where = f"{name}, seed {seed}" + (f", role {role.name}" if role else "")
                raise Failure(f"{where}: {witness.faults[0]}")
            actions += witness.actions
    return f"{actions} actions"


Check = Callable[[Subject], str]
"""Returns what was measured; raises Failure."""

CHECKS: tuple[Check, ...] = (
    reference_beats_noop,
    reference_is_not_below_baseline,
    same_seed_gives_the_same_bytes,
    observing_changes_nothing,
    bad_arguments_are_refused,
    refused_actions_change_nothing,
    scores_are_in_range,
    pressure_moves_no_score,
    words_move_no_score,
    what_is_shown_is_json,
    invariants_hold,
    metrics_are_numbers,
    roles_name_the_tools,
    options_and_choices_hold,
)


def run_contract_checks(
    world_cls: type[World],
    config: Settings = None,
    seeds: Sequence[int] = (0, 1, 2, 3, 4),
    steps: int = 20,
    agents: int = 3,
) -> list[CheckResult]:
    """Run all checks, in order. A check in which the world raises has failed, and says with what.

    Raises pydantic.ValidationError where the world's config does not take `config`.
    """
    chosen = world_cls.configured(settings(world_cls, config))
    subject = Subject(chosen, config, tuple(seeds), steps, agents)
    return [_result(check, subject) for check in CHECKS]


def _result(check: Check, subject: Subject) -> CheckResult:
    try:
        return CheckResult(check.__name__, True, check(subject))
    except Failure as failure:
        return CheckResult(check.__name__, False, str(failure))
    except Exception as error:  # the world is the user's: it may raise anything
        detail = f"raised {type(error).__name__}: {error} ({_place_of(error)})"
        return CheckResult(check.__name__, False, detail)


def _place_of(error: Exception) -> str:
    """Name the innermost line of the world's own code on the way to the error."""
    frames = list(walk_tb(error.__traceback__))
    own = [
        (frame, line)
        for frame, line in frames
        if frame.f_globals.get("__name__", "").partition(".")[0] != _PACKAGE
        and "site-packages" not in frame.f_code.co_filename
    ]
    frame, line = (own or frames)[-1]
    return f"{frame.f_code.co_filename}:{line}, in {frame.f_code.co_name}"


def _require(holds: bool, detail: str) -> str:
    """Return what was measured. Raises Failure with it where the requirement does not hold."""
    if not holds:
        raise Failure(detail)
    return detail
