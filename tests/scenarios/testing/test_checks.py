"""The contract checks find what is wrong in a world, and nothing in a sound one."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from gdg_runtime.scenarios.actions import (
    NOOP,
    Action,
    Alignment,
    Applied,
    Event,
    NoArguments,
    Role,
    Tool,
)
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Charges, Decision, InteractionResult, Offer
from gdg_runtime.scenarios.measures.figure import Figure
from gdg_runtime.scenarios.observation import Observation
from gdg_runtime.scenarios.testing.checks import CHECKS, CheckResult, play, run_contract_checks
from gdg_runtime.scenarios.testing.options import bad_examples, example
from gdg_runtime.scenarios.world import NoopPolicy, Policy, World


class GiveArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    amount: float = Field(default=1.0, ge=0.0, le=10.0)
    whom: str = Field(default="agent_1", max_length=100)


class Dutiful(Policy):
    def act(self, observation: Any, rng: Any) -> Action:
        rng("habit").random()
        return Action(tool="give")

    def decide(self, offer: Offer, rng: Any) -> Decision:
        return Decision(accept=offer.tau >= 1.0, effort=rng("effort").random())

    def update(self, outcome: InteractionResult) -> None:
        assert outcome.accepted


class View(Observation):
    given: Any = 0.0

    def panels(self) -> dict[str, JsonValue]:
        return {"given": self.given}


class ToyConfig(BaseModel):
    shouting: float = 0.5
    weight: float = 0.5


class Toy(World):
    """A sound world: an agent ought to give something in each step."""

    name: ClassVar[str] = "toy"
    Config: ClassVar[type[BaseModel]] = ToyConfig
    tools: ClassVar[tuple[Tool, ...]] = (Tool("give", "Give.", GiveArguments),)
    policies: ClassVar[Mapping[str, type[Policy]]] = {"dutiful": Dutiful, "lazy": NoopPolicy}
    reference: ClassVar[str] = "dutiful"
    baseline: ClassVar[str] = "lazy"
    pressure_off: ClassVar[Mapping[str, Any]] = {"shouting": 0.0}

    def __init__(self, config: Any, seats: Any, draws: Any) -> None:
        super().__init__(config, seats, draws)
        self.given = {seat.agent: 0.0 for seat in self.seats}
        self.now: dict[str, float] = {}
        self.peers = 0.0

    def observe(self, agent: str) -> Observation:
        return View(agent=agent, given=self.given[agent])

    def hear(self, agent: str, text: str, intensity: float) -> None:
        self.peers += intensity

    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        self.now[agent] = arguments.amount if arguments is not None else 0.0
        self.given[agent] += self.now[agent]
        return Applied(events=[Event("given", {"amount": self.now[agent]}, agent)])

    def score(self, agent: str) -> Alignment:
        return Alignment.from_violations({} if self.now[agent] else {"stingy": self.config.weight})


class DoesNothingBest(Toy):
    def score(self, agent: str) -> Alignment:
        return Alignment.from_violations({"busy": 0.5} if self.now[agent] else {})


class BaselineBest(Toy):
    policies: ClassVar[Mapping[str, type[Policy]]] = {"dutiful": NoopPolicy, "lazy": Dutiful}


class Unrepeatable(Toy):
    runs: ClassVar[int] = 0

    def reset(self) -> list[Event]:
        type(self).runs += 1
        return [Event("reset", {"run": self.runs})]


class ChangedByLooking(Toy):
    def observe(self, agent: str) -> Observation:
        self.given[agent] += 1.0
        return super().observe(agent)


class LaxArguments(BaseModel):
    amount: float = 1.0


class TakesAnything(Toy):
    tools: ClassVar[tuple[Tool, ...]] = (Tool("give", "Give.", LaxArguments),)


class CountsRefusals(TakesAnything):
    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        if arguments is not None:
            self.given[agent] = 0.0
        return super().apply(agent, action, arguments)


class OutOfRange(Toy):
    def score(self, agent: str) -> Alignment:
        return Alignment(1.5, {})


class BelowZero(Toy):
    def score(self, agent: str) -> Alignment:
        return Alignment(1.0, {"virtue": -0.5, "vice": 0.5})


class DoesNotAddUp(Toy):
    def score(self, agent: str) -> Alignment:
        return Alignment(0.9, {"vice": 0.5})


class SilentNull(Toy):
    def score(self, agent: str) -> Alignment:
        alignment = super().score(agent)
        return alignment if alignment.value == 1.0 else Alignment(None, {})


class MovedByPressure(Toy):
    def score(self, agent: str) -> Alignment:
        return Alignment.from_violations(
            {**super().score(agent).components, "pressed": 0.1 * self.config.shouting}
        )


class MovedByWords(Toy):
    def score(self, agent: str) -> Alignment:
        worse = {"shouted_at": 0.1} if self.peers else {}
        return Alignment.from_violations({**super().score(agent).components, **worse})


class ShowsASet(Toy):
    def observe(self, agent: str) -> Observation:
        return View(agent=agent, given={"a"})


class ShowsNaN(Toy):
    def reset(self) -> list[Event]:
        return [Event("reset", {"value": float("nan")})]


class AnswersWithASet(Toy):
    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        applied = super().apply(agent, action, arguments)
        applied.result = {"given": {"a"}}
        return applied


class BreaksAnInvariant(Toy):
    def faults(self) -> Iterator[str]:
        if max(self.given.values()) > 3.0:
            yield "an agent has given more than it had"


class MeasuresWords(Toy):
    def close_epoch(self) -> dict[str, Any]:
        return {"given": 1.0, "mood": "good"}


class MeasuresNaN(Toy):
    def close_epoch(self) -> dict[str, Any]:
        return {"given": float("nan")}


class MeasuresFigures(Toy):
    def close_epoch(self) -> dict[str, Any]:
        return {"given": Figure.of(1.0, 3), "mood": Figure.undefined("nobody was asked"), "n": 3}


class Guide(View):
    """Tells that agents may give 1.0, and nothing else."""

    def options(self) -> tuple[str, ...] | None:
        return ("give",)

    def choices(self) -> Mapping[str, tuple[JsonValue, ...]]:
        return {"give.amount": (1.0,)}


def told(**answers: Any) -> type[Guide]:
    """A guide whose methods answer so."""
    methods = {name: lambda self, answer=answer: answer for name, answer in answers.items()}
    return type("Told", (Guide,), methods)


class Guided(Toy):
    """A sound world that tells what may be done, and has roles."""

    roles: ClassVar[Mapping[str, Role]] = {
        "giver": Role("giver", "Gives.", "You give what you can.", ("give",)),
    }
    guide: ClassVar[type[Guide]] = Guide

    def observe(self, agent: str) -> Observation:
        return self.guide(agent=agent, given=self.given[agent])

    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        applied = super().apply(agent, action, arguments)
        applied.result = {"given": self.given[agent]}
        return applied


class RoleWithAStrangeTool(Guided):
    roles: ClassVar[Mapping[str, Role]] = {"thief": Role("thief", "Takes.", "Take it.", ("take",))}


class RoleWithoutWords(Guided):
    roles: ClassVar[Mapping[str, Role]] = {"giver": Role("giver", "Gives.", " ", ("give",))}


class RoleOfAnotherName(Guided):
    roles: ClassVar[Mapping[str, Role]] = {"donor": Role("giver", "Gives.", "Give.", ("give",))}


class ForbidsWhatSucceeds(Guided):
    guide = told(options=())


class OffersAStrangeTool(Guided):
    guide = told(options=("give", "take"))


class OffersWhatTheRoleForbids(Guided):
    roles: ClassVar[Mapping[str, Role]] = {"idler": Role("idler", "Rests.", "You rest.", ())}


class ChoosesAStrangeArgument(Guided):
    guide = told(choices={"give.colour": ("red",)})


class ChoosesWhatIsRefused(Guided):
    guide = told(choices={"amount": (-1.0,)})


class NeededArguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    whom: str = Field(max_length=100)
    amount: float = Field(default=1.0, ge=0.0, le=10.0)


class KnowsNobody(Guided):
    """Offers a tool without a value for the argument that it needs."""

    tools: ClassVar[tuple[Tool, ...]] = (Tool("give", "Give.", NeededArguments),)

    guide = told(choices={"whom": ()})


class LeavesOutWhatSucceeds(KnowsNobody):
    class Picky(Dutiful):
        def act(self, observation: Any, rng: Any) -> Action:
            return Action(tool="give", args={"whom": "agent_9"})

    policies: ClassVar[Mapping[str, type[Policy]]] = {"dutiful": Picky, "lazy": NoopPolicy}

    guide = told(choices={"whom": ("agent_1",)})


class DoesNotKnowWhatItShows(LeavesOutWhatSucceeds):
    policies: ClassVar[Mapping[str, type[Policy]]] = {"dutiful": NoopPolicy, "lazy": NoopPolicy}

    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        applied = super().apply(agent, action, None)
        if arguments is not None:
            applied.ok, applied.error, applied.unknown = False, "there is no agent_1", True
        return applied


class Raises(Toy):
    def score(self, agent: str) -> Alignment:
        raise RuntimeError("the world broke")


def failures(world: type[World], **options: Any) -> dict[str, str]:
    return {
        check.name: check.detail
        for check in run_contract_checks(world, **options)
        if not check.passed
    }


@pytest.mark.parametrize("world", [Toy, Guided, MeasuresFigures])
def test_a_sound_world_passes_every_check(world):
    results = run_contract_checks(world)
    assert [result.name for result in results] == [check.__name__ for check in CHECKS]
    assert all(result.passed and result.detail for result in results), results


@pytest.mark.parametrize(
    ("world", "check", "detail"),
    [
        (DoesNothingBest, "reference_beats_noop", "0.500 for the reference, 1.000 for noop"),
        (BaselineBest, "reference_is_not_below_baseline", "0.500 for the reference, 1.000 for the"),
        (Unrepeatable, "same_seed_gives_the_same_bytes", "two runs differ"),
        (ChangedByLooking, "observing_changes_nothing", "observe() must not change the world"),
        (TakesAnything, "bad_arguments_are_refused", "give: amount = nan"),
        (CountsRefusals, "refused_actions_change_nothing", "did not leave the world"),
        (OutOfRange, "scores_are_in_range", "the score is 1.5; it must be in [0, 1]"),
        (BelowZero, "scores_are_in_range", "the component virtue is -0.5"),
        (DoesNotAddUp, "scores_are_in_range", "but 1 less its components is 0.5"),
        (SilentNull, "scores_are_in_range", "null without a reason"),
        (MovedByPressure, "pressure_moves_no_score", "the scores differ without pressure"),
        (MovedByWords, "words_move_no_score", "the scores differ while adversaries speak"),
        (ShowsASet, "what_is_shown_is_json", "not JSON serializable"),
        (ShowsNaN, "what_is_shown_is_json", "not JSON compliant"),
        (AnswersWithASet, "what_is_shown_is_json", "not JSON serializable"),
        (BreaksAnInvariant, "invariants_hold", "step 3: an agent has given more than it had"),
        (MeasuresWords, "metrics_are_numbers", "mood is 'good'; expected a finite number, or a"),
        (MeasuresNaN, "metrics_are_numbers", "given is nan; expected a finite number, or a"),
        (RoleWithAStrangeTool, "roles_name_the_tools", "thief may take, but the world's tools are"),
        (RoleWithoutWords, "roles_name_the_tools", "giver needs a summary and a prompt"),
        (RoleOfAnotherName, "roles_name_the_tools", "the role donor calls itself giver"),
        (ForbidsWhatSucceeds, "options_and_choices_hold", "give succeeded, but options() had"),
        (OffersAStrangeTool, "options_and_choices_hold", "has 'take', which is no tool"),
        (OffersWhatTheRoleForbids, "options_and_choices_hold", "the role idler may not use"),
        (ChoosesAStrangeArgument, "options_and_choices_hold", "'give.colour', which is no arg"),
        (ChoosesWhatIsRefused, "options_and_choices_hold", "give does not take: {'amount': -1.0}"),
        (KnowsNobody, "options_and_choices_hold", "choices() has no whom for it"),
        (LeavesOutWhatSucceeds, "options_and_choices_hold", "succeeded with whom = 'agent_9'"),
        (DoesNotKnowWhatItShows, "options_and_choices_hold", "as unknown: there is no agent_1"),
    ],
)
def test_a_world_with_a_fault_fails_the_check_for_it(world, check, detail):
    assert detail in failures(world)[check]


def test_every_check_is_failed_by_some_world():
    faulty = [DoesNothingBest, BaselineBest, Unrepeatable, ChangedByLooking, TakesAnything,
              CountsRefusals, OutOfRange, MovedByPressure, MovedByWords, ShowsASet,
              RoleWithoutWords, ForbidsWhatSucceeds, BreaksAnInvariant, MeasuresNaN]  # fmt: skip
    failed = {name for world in faulty for name in failures(world, seeds=(0,), steps=5)}
    assert failed == {check.__name__ for check in CHECKS}


def test_a_fault_fails_only_the_checks_it_concerns():
    assert set(failures(MovedByPressure)) == {"pressure_moves_no_score"}
    assert set(failures(MovedByWords)) == {"words_move_no_score"}
    assert set(failures(ChangedByLooking)) == {"observing_changes_nothing"}


def test_a_world_that_raises_fails_with_what_it_raised_and_where():
    line = Raises.score.__code__.co_firstlineno + 1
    assert failures(Raises)["scores_are_in_range"] == (
        f"raised RuntimeError: the world broke ({__file__}:{line}, in score)"
    )


class RaisesFarBelow(Toy):
    def score(self, agent: str) -> Alignment:
        return Alignment.from_violations({"vice": 2.0})


def test_the_place_named_is_in_the_code_of_the_world_itself():
    line = RaisesFarBelow.score.__code__.co_firstlineno + 1
    assert failures(RaisesFarBelow)["scores_are_in_range"].endswith(
        f"({__file__}:{line}, in score)"
    )


def test_a_world_without_pressure_passes_and_says_so():
    class Calm(Toy):
        pressure_off: ClassVar[Mapping[str, Any]] = {}

    results = {check.name: check for check in run_contract_checks(Calm)}
    assert results["pressure_moves_no_score"] == CheckResult(
        "pressure_moves_no_score", True, "the world declares no pressure (pressure_off)"
    )


def test_the_checks_use_the_given_settings():
    assert "reference_beats_noop" in failures(Toy, config={"weight": 0.01})
    assert "reference_beats_noop" in failures(Toy, config=ToyConfig(weight=0.01))
    assert "reference_beats_noop" not in failures(Toy, config={"weight": 0.2})


def test_in_a_role_no_other_tool_reaches_the_world():
    roles = {"idler": Role("idler", "Rests.", "You rest.", ())}
    world = type("Resting", (Toy,), {"roles": roles})
    told = []
    episode = play(world, None, "dutiful", 0, 2, role="idler", on_action=lambda *a: told.append(a))
    assert [event.type for event in episode.events] == ["invalid_action", "given"] * 2
    assert [(action.tool, applied.ok) for _, action, applied in told] == [("give", False)] * 2
    assert play(world, None, "dutiful", 0, 2, role="unheard of").mean_score == 1.0


# --- play ---------------------------------------------------------------------------------------


def test_a_script_is_played_over_and_over_again():
    episode = play(Toy, None, [Action(tool="give"), NOOP], 0, 5)
    assert [score.value for score in episode.scores["agent_1"]] == [1.0, 0.5, 1.0, 0.5, 1.0]
    assert episode.mean_score == pytest.approx(0.8)


def test_what_a_tool_refuses_reaches_the_world_as_a_noop():
    bad = [Action(tool="take"), Action(tool="give", args={"amount": -1.0}),
           Action(tool="give", args={"amount": "1"})]  # fmt: skip
    episode = play(Toy, None, bad, 0, 3)
    assert [event.type for event in episode.events] == ["invalid_action", "given"] * 3
    assert episode.mean_score == 0.5


def test_an_unknown_policy_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="no policy 'dutyful'; it has dutiful, lazy"):
        play(Toy, None, "dutyful")


def test_an_empty_script_is_refused():
    with pytest.raises(ValueError, match="at least one action"):
        play(Toy, None, [])


def test_settings_that_the_world_refuses_are_refused():
    with pytest.raises(ValidationError):
        play(Toy, {"weight": "heavy"})


def test_play_ends_when_the_world_does():
    class Short(Toy):
        @property
        def done(self) -> bool:
            return sum(self.given.values()) >= 3.0

    assert len(play(Short, None, "dutiful", 0, 20).scores["agent_1"]) == 3


class Trading(Toy):
    """Giving is offered to the next agent, which decides."""

    def __init__(self, config: Any, seats: Any, draws: Any) -> None:
        super().__init__(config, seats, draws)
        self.log: list[tuple[str, Any]] = []

    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        super().apply(agent, action, arguments)
        if arguments is None:
            return Applied()
        other = next(seat.agent for seat in self.seats if seat.agent != agent)
        offer = Offer(offer_id=agent, initiator=agent, counterparty=other, tau=arguments.amount)
        return Applied(offer=offer)

    def close_offer(self, offer: Offer, decision: Decision) -> Interaction:
        return Interaction(
            p=decision.effort, accepted=decision.accept, initiator=offer.initiator,
            counterparty=offer.counterparty, interaction_id=offer.offer_id,
        )  # fmt: skip

    def settle(
        self, interaction: Interaction, charges: Charges
    ) -> tuple[list[InteractionResult], list[Event]]:
        assert charges == Charges()
        sides = (interaction.initiator, interaction.counterparty)
        outcomes = [
            InteractionResult(
                interaction_id=interaction.interaction_id, other=sides[1 - side],
                initiated=not side, accepted=interaction.accepted, p=interaction.p, payoff=0.0,
                tau=0.0, cost=0.0,
            )
            for side in (0, 1)
        ]  # fmt: skip
        data = {"accepted": interaction.accepted, "p": interaction.p}
        return outcomes, [Event("settled", data, interaction.initiator)]


def test_offers_are_decided_by_the_counterpartys_policy_and_settled():
    episode = play(Trading, None, "dutiful", 0, 2, agents=2)
    settled = [event for event in episode.events if event.type == "settled"]
    assert [event.agent for event in settled] == ["agent_1", "agent_2"] * 2
    assert all(event.data["accepted"] for event in settled)
    assert len({event.data["p"] for event in settled}) == 4, "each decision has its own luck"
    scripted = play(Trading, None, [Action(tool="give")], 0, 2, agents=2)
    assert not any(e.data["accepted"] for e in scripted.events if e.type == "settled")


# --- arguments ----------------------------------------------------------------------------------


class Every(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    count: int = Field(ge=0, le=10)
    share: float | None = Field(ge=0.0, le=1.0)
    debt: float = Field(ge=-5.0, le=5.0)
    flag: bool
    text: str = Field(min_length=1)
    items: list[int]
    inner: NoArguments
    optional: int = Field(default=3, gt=2, lt=9)


def test_examples_are_valid_and_bad_examples_are_not():
    tool = Tool("every", "", Every)
    good = example(tool, "word")
    Every.model_validate(good.args, strict=True)
    assert "optional" not in good.args
    faults = []
    for fault, action in bad_examples(tool, "word"):
        faults.append(fault)
        with pytest.raises(ValidationError):
            Every.model_validate(action.args, strict=True)
    assert "an argument it does not have" in faults
    for field in Every.model_fields:
        assert any(fault.startswith(f"{field} =") for fault in faults), field
    assert "count = -1" in faults
    assert "debt = -1" not in faults


def test_a_number_without_bounds_is_found():
    class Unbounded(BaseModel):
        model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

        count: int = 0

    accepted = []
    for fault, action in bad_examples(Tool("unbounded", "", Unbounded), "word"):
        try:
            Unbounded.model_validate(action.args, strict=True)
            accepted.append(fault)
        except ValidationError:
            pass
    assert "count = -1" in accepted
    assert len(accepted) == 3
