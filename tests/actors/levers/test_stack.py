from collections.abc import Sequence

import pytest

from gdg_runtime.actors.levers import BUILT_IN, Lever, LeverStack, stack_of
from gdg_runtime.runtime.randomness import Draws, Stream
from gdg_runtime.scenarios.actions import NOOP, Action
from gdg_runtime.scenarios.economy.interaction import Interaction
from gdg_runtime.scenarios.interactions import Account, Charges
from gdg_runtime.scenarios.schema.governance import GovernanceConfig
from gdg_runtime.scenarios.world import Moment

START = Moment(0, 0, 0, 0.0)
NEXT = Moment(1, 0, 10, 10.0)
POST = Action(tool="post")
EVERYTHING = GovernanceConfig(
    transaction_tax_rate=0.1,
    reputation_decay_rate=0.9,
    vote_normalization_enabled=True,
    bandwidth_cap=3,
    staking_enabled=True,
    stake_slash_rate=0.5,
    circuit_breaker_enabled=True,
    freeze_threshold_violations=1,
    freeze_duration_epochs=1,
    audit_enabled=True,
    audit_probability=1.0,
)


class Source:
    """Gives streams and remembers who asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, purpose: str) -> Stream:
        self.asked.append(purpose)
        return Draws(3).stream("governance", purpose)


class Curfew(Lever):
    """A user's lever with every hook."""

    name = "curfew"

    def __init__(self, config: GovernanceConfig) -> None:
        super().__init__(config)
        self.asked = 0
        self.drawn: list[float] = []

    def on_epoch_start(self, accounts: Sequence[Account], moment: Moment) -> Charges:
        return Charges(
            reputation_deltas={account.agent: -0.1 for account in accounts}, unfreeze=("z",)
        )

    def on_action(self, account: Account, action: Action, moment: Moment) -> str | None:
        self.asked += 1
        return "it is late" if action.tool == "shout" else None

    def quote(self, tau: float) -> tuple[float, float]:
        return (1.0, 2.0)

    def on_interaction(self, interaction: Interaction, rng: Stream, moment: Moment) -> Charges:
        self.drawn = [rng.random(), rng.random()]
        return Charges(cost_a=1.0, cost_b=2.0, resource_deltas={"a": -1.0}, freeze=("a", "y"))

    def vote_weight(self, agent: str, votes_cast: int) -> float:
        return 0.5


def deal(p: float = 0.1, tau: float = 1.0, accepted: bool = True) -> Interaction:
    return Interaction(p=p, accepted=accepted, tau=tau, initiator="a", counterparty="b")


def test_by_default_every_lever_is_off_and_nothing_happens() -> None:
    stack = stack_of(GovernanceConfig())
    source = Source()
    assert stack.levers == ()
    assert stack.terms() == {}
    assert stack.on_epoch_start([Account("a", reputation=1.0)], NEXT) == Charges()
    assert stack.on_action(Account("a"), POST, START) is None
    assert stack.quote(5.0) == (0.0, 0.0)
    assert stack.on_interaction(deal(), source, START) == Charges()
    assert stack.vote_weight("a", 100) == 1.0
    assert source.asked == []


def test_a_config_with_everything_switches_every_built_in_lever_on_in_order() -> None:
    stack = stack_of(EVERYTHING)
    assert [lever.name for lever in stack.levers] == list(BUILT_IN)
    assert list(stack.terms()) == list(BUILT_IN)
    assert all(stack.terms().values())


def test_every_built_in_lever_has_a_name_and_a_summary() -> None:
    for name, lever in BUILT_IN.items():
        assert lever.name == name
        assert lever.summary.endswith("."), name


def test_terms_are_settings_of_the_scenario_file() -> None:
    for terms in stack_of(EVERYTHING).terms().values():
        assert set(terms) <= set(GovernanceConfig.model_fields)


def test_charges_of_all_levers_are_merged() -> None:
    stack = stack_of(EVERYTHING, [Curfew(EVERYTHING)])
    assert stack.on_action(Account("a", 40.0), POST, START) is None
    charges = stack.on_interaction(deal(), Source(), START)
    tax, penalty, curfew = 0.05, 0.8, (1.0, 2.0)
    assert charges.cost_a == pytest.approx(tax + penalty + curfew[0])
    assert charges.cost_b == pytest.approx(tax + curfew[1])
    assert charges.resource_deltas == {"a": -21.0}
    assert charges.freeze == ("a", "y")
    starts = stack.on_epoch_start([Account("a", reputation=0.5)], NEXT)
    assert starts.reputation_deltas["a"] == pytest.approx(-0.05 - 0.1)
    assert starts.unfreeze == ("a", "z")


def test_quotes_add_up_and_vote_weights_multiply() -> None:
    stack = stack_of(EVERYTHING, [Curfew(EVERYTHING)])
    assert stack.quote(1.0) == (1.05, 2.05)
    assert stack.vote_weight("a", 10) == 0.25


def test_the_quote_is_what_the_tax_then_costs() -> None:
    stack = stack_of(GovernanceConfig(transaction_tax_rate=0.2, transaction_tax_split=0.3))
    charges = stack.on_interaction(deal(tau=-2.0), Source(), START)
    assert stack.quote(-2.0) == (charges.cost_a, charges.cost_b)


def test_the_first_denial_stands_and_names_its_lever() -> None:
    curfew = Curfew(EVERYTHING)
    stack = stack_of(EVERYTHING, [curfew])
    denial = stack.on_action(Account("a", 0.0), Action(tool="shout"), START)
    assert denial is not None
    assert denial[0] == "staking"
    assert curfew.asked == 0
    assert stack.on_action(Account("a", 40.0), Action(tool="shout"), START) == (
        "curfew",
        "it is late",
    )


def test_a_denied_action_does_not_use_up_bandwidth() -> None:
    stack = stack_of(GovernanceConfig(bandwidth_cap=1), [Curfew(EVERYTHING)])
    for _ in range(3):
        assert stack.on_action(Account("a"), Action(tool="shout"), START) is not None
    assert stack.on_action(Account("a"), POST, START) is None
    denial = stack.on_action(Account("a"), POST, START)
    assert denial is not None and denial[0] == "bandwidth_cap"


def test_a_noop_is_never_denied() -> None:
    stack = stack_of(GovernanceConfig(bandwidth_cap=0, staking_enabled=True))
    assert stack.on_action(Account("a"), NOOP, START) is None
    assert stack.on_action(Account("a"), POST, START) is not None


def test_only_a_lever_that_draws_asks_for_its_stream() -> None:
    source = Source()
    taxed = GovernanceConfig(
        transaction_tax_rate=0.1, circuit_breaker_enabled=True, stake_slash_rate=0.5
    )
    stack_of(taxed).on_interaction(deal(), source, START)
    assert source.asked == []
    stack_of(EVERYTHING).on_interaction(deal(), source, START)
    assert source.asked == ["random_audit"]


def test_a_lever_draws_from_the_stream_of_its_name() -> None:
    source, curfew = Source(), Curfew(EVERYTHING)
    LeverStack([curfew]).on_interaction(deal(), source, START)
    expected = Draws(3).stream("governance", "curfew")
    assert source.asked == ["curfew"]
    assert curfew.drawn == [expected.random(), expected.random()]


def test_what_a_lever_draws_does_not_depend_on_the_others() -> None:
    alone, among = Curfew(EVERYTHING), Curfew(EVERYTHING)
    LeverStack([alone]).on_interaction(deal(), Source(), START)
    stack_of(EVERYTHING, [among]).on_interaction(deal(), Source(), START)
    assert alone.drawn == among.drawn


def test_two_levers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two levers are called 'curfew'"):
        LeverStack([Curfew(EVERYTHING), Curfew(EVERYTHING)])
