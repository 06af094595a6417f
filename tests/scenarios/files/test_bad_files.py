"""A bad scenario file or override is answered with places, keys and remedies."""

from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from gdg_runtime.scenarios.actions import Action, Alignment, Applied
from gdg_runtime.scenarios.catalogue import KINDS, Catalogue, Kind
from gdg_runtime.scenarios.files.loader import EpisodeConfig, InvalidScenario, load_scenario
from gdg_runtime.scenarios.observation import Observation
from gdg_runtime.scenarios.world import NoopPolicy, Policy, World


class Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Payoff(Strict):
    s_plus: float = Field(default=2.0, ge=0.0, le=100.0)
    theta: float = Field(default=0.5, ge=0.0, le=1.0)


class Limits(Strict):
    max_posts_per_epoch: int = Field(default=10, ge=0, validation_alias="max_posts_per_epoch")
    max_votes_per_epoch: int = Field(
        default=50, ge=0, validation_alias=AliasChoices("max_votes_per_epoch", "votes")
    )


class TownConfig(Strict):
    payoff: Payoff = Payoff()
    limits: Limits = Limits()
    mood: str = "calm"

    @field_validator("mood")
    @classmethod
    def _known(cls, mood: str) -> str:
        if mood == "furious":
            raise ValueError("nobody in town is ever furious; use calm or cross")
        if mood == "broken":
            raise ZeroDivisionError("the validator is broken")
        return mood


class Pair(Strict):
    low: int = 0
    high: int = 9

    @model_validator(mode="after")
    def _ordered(self) -> "Pair":
        if self.low > self.high:
            raise ValueError("low must be at most high")
        return self


class ReleaseConfig(Strict):
    safe_canary: float = Field(default=0.9, ge=0.0, le=1.0)
    pair: Pair = Pair()
    deadline: int | str = 3


class Greedy(NoopPolicy):
    class Params(Policy.Params):
        threshold: float = Field(default=0.1, gt=0.0)
        required: int | None = None


class Needy(NoopPolicy):
    class Params(Policy.Params):
        dose: int = Field(ge=1)


class Town(World):
    name = "sandbox"
    Config = TownConfig
    policies: ClassVar = {
        "honest": NoopPolicy, "opportunistic": Greedy, "needy": Needy, "deceptive": NoopPolicy,
    }  # fmt: skip
    reference = baseline = "honest"

    def observe(self, agent: str) -> Observation:
        return Observation(agent=agent)

    def apply(self, agent: str, action: Action, arguments: BaseModel | None) -> Applied:
        return Applied()

    def score(self, agent: str) -> Alignment:
        return Alignment(1.0, {})


class Release(Town):
    name = "release_manager"
    Config = ReleaseConfig
    policies: ClassVar = {"baseline": NoopPolicy, "noop": NoopPolicy}


TOYS = Catalogue(
    {**KINDS, "worlds": Kind("world", World, {"sandbox": Town, "release_manager": Release})}
)

HEAD = "scenario_id: x\nagents: [{type: honest}]\n"
RELEASE = "scenario: release_manager\nagents: [{type: baseline}]\n"


def fails(path: Path, text: str | bytes, *sets: str, **overrides: Any) -> InvalidScenario:
    file = path / "bad.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InvalidScenario) as caught:
        load_scenario(file, sets=sets, catalogue=TOYS, **overrides)
    return caught.value


# Each: what is wrong, the text, and lines of the message without the path in front. All lines that
# the message has are listed.
DOCUMENTS: dict[str, tuple[str, list[str]]] = {
    "an empty file": ("", [":1: is empty; a scenario file is a mapping (key: value)"]),
    "only a comment": (
        "# nothing\n",
        [":1: is empty; a scenario file is a mapping (key: value)"],
    ),
    "a list at the top": (
        "- a\n- b\n",
        [":1: holds a list of 2; a scenario file is a mapping (key: value)"],
    ),
    "a text at the top": (
        "hello",
        [":1: holds 'hello'; a scenario file is a mapping (key: value)"],
    ),
    "an unknown key of governance": (
        HEAD + "governance:\n  transaction_tx_rate: 0.1\n",
        [":4: governance.transaction_tx_rate: unknown key; did you mean transaction_tax_rate?"],
    ),
    "an unknown key of governance without a neighbour": (
        HEAD + "supervision:\n  zzz: 1\n",
        [":4: supervision.zzz: unknown key; known here: max_failures"],
    ),
    "an unknown key at the top": (
        HEAD + "goverance: {}\n",
        [":3: goverance: unknown key; did you mean governance?"],
    ),
    "an unknown key of the world at the top": (
        HEAD + "payof: {s_plus: 3}\n",
        [":3: payof: unknown key; did you mean payoff?"],
    ),
    "text for a number": (
        HEAD + "governance:\n  audit_probability: high\n",
        [":4: governance.audit_probability: expected a number from 0 to 1, or null, got 'high'"],
    ),
    "a quoted number": (
        HEAD + 'governance:\n  transaction_tax_rate: "0.1"\n',
        [":4: governance.transaction_tax_rate: expected a number from 0 to 1, got '0.1'"],
    ),
    "a number out of range": (
        HEAD + "governance:\n\n  transaction_tax_rate: 1.5\n",
        [":5: governance.transaction_tax_rate: expected a number from 0 to 1, got 1.5"],
    ),
    "true for a number": (
        HEAD + "governance: {transaction_tax_rate: true}\n",
        [":3: governance.transaction_tax_rate: expected a number from 0 to 1, got true"],
    ),
    "yes for true": (
        HEAD + "governance: {audit_enabled: yes}\n",
        [":3: governance.audit_enabled: expected true or false, or null, got 'yes'"],
    ),
    "a fraction for a whole number": (
        HEAD + "simulation: {epochs: 2.5}\n",
        [":3: simulation.epochs: expected a whole number from 1 to 10000000, got 2.5"],
    ),
    "not a number": (
        HEAD + "payoff: {s_plus: .nan}\n",
        [":3: payoff.s_plus: expected a finite number, got .nan"],
    ),
    "infinity": (
        HEAD + "payoff: {s_plus: -.inf}\n",
        [":3: payoff.s_plus: expected a finite number, got -.inf"],
    ),
    "a number beyond floats": (
        HEAD + "payoff: {s_plus: 1e999}\n",
        [":3: payoff.s_plus: expected a finite number, got 1e999"],
    ),
    "a huge seed": (
        HEAD + f"simulation: {{seed: {'9' * 30}}}\n",
        [f":3: simulation.seed: expected a number of at most 64 bits, got {'9' * 30}"],
    ),
    "no agents": (
        "scenario_id: x\n",
        [":1: agents: missing; expected a list of at least one agent"],
    ),
    "an empty list of agents": (
        "scenario_id: x\nagents: []\n",
        [":2: agents: expected a list of at least one agent, got an empty list"],
    ),
    "agents as a mapping": (
        "scenario_id: x\nagents: {honest: 3}\n",
        [":2: agents: expected a list of at least one agent, got a mapping"],
    ),
    "an agent as a text": (
        "scenario_id: x\nagents:\n  - honest\n",
        [":3: agents[0]: expected a mapping, got 'honest'"],
    ),
    "an agent without a type": (
        "scenario_id: x\nagents:\n  - count: 3\n",
        [":3: agents[0].type: missing; expected text of 1 to 200 characters"],
    ),
    "an unknown agent type": (
        "scenario_id: x\nagents:\n  - type: honest\n  - count: 2\n    type: honst\n",
        [
            ":5: agents[1].type: unknown agent type 'honst' in the world sandbox (known: honest, "
            "opportunistic, needy, deceptive; or module:Class); did you mean honest?"
        ],
    ),
    "nobody in an entry": (
        "scenario_id: x\nagents:\n  - {type: honest, count: 0}\n",
        [":3: agents[0].count: expected a whole number from 1 to 100000, got 0"],
    ),
    "an agent's name that is no name": (
        "scenario_id: x\nagents:\n  - {type: honest, name: ../etc}\n",
        [
            ":3: agents[0].name: expected a name of at most 64 letters, digits, - and _ that "
            "begins with a letter, or null, got '../etc'"
        ],
    ),
    "a wrong parameter of an agent": (
        "scenario_id: x\nagents:\n  - type: opportunistic\n    params:\n      threshold: 0\n",
        [":5: agents[0].params.threshold: expected a number above 0, got 0"],
    ),
    "an unknown parameter of an agent": (
        "scenario_id: x\nagents:\n  - type: opportunistic\n    params: {treshold: 1}\n",
        [":4: agents[0].params.treshold: unknown key; did you mean threshold?"],
    ),
    "a missing parameter of an agent": (
        "scenario_id: x\nagents:\n  - type: needy\n",
        [":3: agents[0].params.dose: missing; expected a whole number of at least 1"],
    ),
    "no scenario id": (
        "agents: [{type: honest}]\n",
        [
            ":1: scenario_id: missing; expected at most 128 letters, digits, '.', '-' and '_', "
            "beginning with a letter or digit"
        ],
    ),
    "a scenario id that leaves the directory": (
        "scenario_id: ../../x\nagents: [{type: honest}]\n",
        [
            ":1: scenario_id: expected at most 128 letters, digits, '.', '-' and '_', beginning "
            "with a letter or digit, got '../../x'"
        ],
    ),
    "an unknown world": (
        HEAD + "world: sandbx\npayoff: {}\n",
        [
            ":3: world: unknown world 'sandbx' (known: sandbox, release_manager; or "
            "module:Class); did you mean sandbox?"
        ],
    ),
    "a world that is a number": (HEAD + "world: 5\n", [":3: world: expected a mapping, got 5"]),
    "an unknown parameter of the world": (
        RELEASE + "scenario_params: {safe_cannary: 0.9}\n",
        [":3: scenario_params.safe_cannary: unknown key; did you mean safe_canary?"],
    ),
    "a rule of the world's": (
        HEAD + "mood: furious\n",
        [":3: mood: nobody in town is ever furious; use calm or cross"],
    ),
    "a rule of the world's over two keys": (
        RELEASE + "pair:\n  low: 8\n  high: 2\n",
        [":3: pair: low must be at most high"],
    ),
    "neither branch of a union": (
        RELEASE + "deadline: 1.5\n",
        [":3: deadline: expected a whole number or text, got 1.5"],
    ),
    "a world whose own check is broken": (
        HEAD + "mood: broken\n",
        [
            f":3: world.params: {TownConfig.__module__}.TownConfig failed with "
            "ZeroDivisionError: the validator is broken"
        ],
    ),
    "an unknown turn order": (
        HEAD + "simulation: {turn_order: round-robin}\n",
        [
            ":3: simulation.turn_order: expected one of simultaneous, round_robin, random, "
            "priority, got 'round-robin'; did you mean round_robin?"
        ],
    ),
    "a start without time zone": (
        HEAD + "simulation: {start: 2026-01-01 12:00:00}\n",
        [
            ":3: simulation.start: expected a date and time with its time zone, such as "
            "2026-01-01T00:00:00Z, got '2026-01-01 12:00:00'"
        ],
    ),
    "an episode beyond the calendar": (
        HEAD + "simulation:\n  epochs: 10000\n  steps_per_epoch: 1000\n  step_hours: 10\n",
        [
            ":3: simulation: 10000 epochs of 1000 steps of 10 hours end after the year 9999; "
            "lower epochs, steps_per_epoch or step_hours"
        ],
    ),
    "two spellings that disagree": (
        HEAD + "simulation:\n  n_epochs: 3\n  seed: 1\n  epochs: 4\n",
        [
            ":6: simulation.epochs: is 4, but simulation.n_epochs (bad.yaml:4) means the same "
            "and is 3; keep one"
        ],
    ),
    "two spellings in governance that disagree": (
        HEAD + "governance: {reputation_decay_rate: 0.9,\n  reputation_decay: 0.8}\n",
        [
            ":4: governance.reputation_decay: is 0.8, but governance.reputation_decay_rate "
            "(bad.yaml:3) means the same and is 0.9; keep one"
        ],
    ),
    "a world section twice": (
        HEAD + "world:\n  name: sandbox\n  params:\n    payoff: {theta: 0.1}\n"
        "payoff:\n  theta: 0.2\n",
        [
            ":8: payoff.theta: is 0.2, but world.params.payoff.theta (bad.yaml:6) means the same "
            "and is 0.1; keep one"
        ],
    ),
    "two worlds": (
        HEAD + "world: sandbox\nscenario: release_manager\n",
        [
            ":4: scenario: is 'release_manager', but world (bad.yaml:3) means the same and is "
            "'sandbox'; keep one"
        ],
    ),
    "limits and rate limits that disagree": (
        HEAD + "limits: {max_posts_per_epoch: 1}\nrate_limits: {max_posts_per_epoch: 2}\n",
        [
            ":4: rate_limits.max_posts_per_epoch: is 2, but limits.max_posts_per_epoch "
            "(bad.yaml:3) means the same and is 1; keep one"
        ],
    ),
    "a misspelled kill switch": (
        HEAD + "safety: {kill_switch_enabld: false}\n",
        [":3: safety.kill_switch_enabld: unknown key; did you mean kill_switch_enabled?"],
    ),
    "a wrong limit under safety": (
        HEAD + "safety: {max_posts_per_epoch: -1}\n",
        [":3: safety.max_posts_per_epoch: expected a whole number of at least 0, got -1"],
    ),
    "limits in a world without limits": (
        RELEASE + "rate_limits: {}\nsafety: {max_posts: 3}\n",
        [
            ":3: rate_limits: the world has no limits to set",
            ":4: safety.max_posts: unknown key; known here: kill_switch_enabled, "
            "kill_switch_toxicity",
        ],
    ),
    "a section that is a number": (
        HEAD + "safety: 3\ngovernance: 4\n",
        [":3: safety: expected a mapping, got 3", ":4: governance: expected a mapping, got 4"],
    ),
    "an unknown metric": (
        HEAD + "metrics_to_track:\n  - toxicity_rate\n  - influence_gin\n",
        [":5: metrics_to_track[1]: unknown metric 'influence_gin' (known: influence_gini, "],
    ),
    "an unknown lever": (
        HEAD + "governance:\n  levers:\n    - type: magic\n",
        [":5: governance.levers[0].type: unknown lever 'magic' (known: none; or module:Class)"],
    ),
    "a module that is not there": (
        HEAD + "world: no_such_module:World\n",
        [
            ":3: world: the world no_such_module:World cannot be loaded: there is no module "
            "no_such_module; install it, or run in the directory that has it"
        ],
    ),
    "an adversary's target that nobody is": (
        HEAD + "adversaries:\n  - messages: [Hurry up.]\n    target: honest_2\n",
        [
            ":5: adversaries[0].target: no agent is 'honest_2' (known: all, a type, a name, or "
            "an id such as honest_1); did you mean honest_1?"
        ],
    ),
    "an adversary without words": (
        HEAD + "adversaries:\n  - target: all\n",
        [":4: adversaries[0].messages: missing; expected a list of at least one text"],
    ),
    "an unknown adversary": (
        HEAD + "adversary_agent:\n  type: llm\n  params: {messages: [a]}\n",
        [":4: adversary_agent.type: expected scripted, got 'llm'"],
    ),
    "an adversary that shouts": (
        HEAD + "adversary_agent:\n  params:\n    messages: [a]\n    intensity: 2\n",
        [":6: adversary_agent.params.intensity: expected a number from 0 to 1, got 2"],
    ),
    "noops forbidden": (
        RELEASE + "engine: {max_steps: 5, allow_noop: false}\n",
        [
            ":3: engine.allow_noop: false is not supported: an agent may always do nothing, and "
            "the score tells"
        ],
    ),
    "an unknown key of the engine": (
        RELEASE + "engine: {max_step: 5}\n",
        [":3: engine.max_step: unknown key; did you mean max_steps?"],
    ),
    "steps of the engine out of range": (
        RELEASE + "engine: {max_steps: 0}\n",
        [":3: engine.max_steps: expected a whole number from 1 to 10000000, got 0"],
    ),
    "a threshold out of range": (
        RELEASE + "metrics: {alignment: {threshold: 6}}\n",
        [":3: metrics.alignment.threshold: expected a number from 0 to 1, got 6"],
    ),
    "a policy beside agents": (
        RELEASE + "policy: baseline\n",
        [":3: policy: agents (bad.yaml:2) says already who acts; keep one"],
    ),
    "a newer schema": (
        HEAD + "schema_version: 2\n",
        [":3: schema_version: expected 1, got 2"],
    ),
    "a key twice": (
        HEAD + "simulation:\n  seed: 1\n  seed: 2\n",
        [":5: simulation.seed: given twice; first at bad.yaml:4"],
    ),
    "a tab": (
        HEAD + "governance:\n\ttransaction_tax_rate: 1\n",
        [":4: not YAML: a tab; YAML is indented with spaces"],
    ),
    "a bracket that stays open": (
        HEAD + "metrics_to_track: [a, b\nmotif: c\n",
        [":4: not YAML: a '[' that is not closed"],
    ),
    "a quote that stays open": (
        HEAD + 'description: "never closed\n',
        [":4: not YAML: a quote that is not closed"],
    ),
    "two colons": (
        HEAD + "description: one: two\n",
        [":3: not YAML: a ':' where no key can stand; check the indentation, or quote the text"],
    ),
    "a second document": (
        HEAD + "---\nscenario_id: y\n",
        [":3: a second document begins here; write one per file"],
    ),
    "a tag": (
        HEAD + "description: !!python/object:os.system echo\n",
        [":3: the tag tag:yaml.org,2002:python/object:os.system is not supported"],
    ),
    "an alias of nothing": (
        HEAD + "motif: *gone\n",
        [":3: *gone names no anchor that ends above it"],
    ),
    "an alias of itself": (
        HEAD + "metadata: &m {me: *m}\n",
        [":3: *m names no anchor that ends above it"],
    ),
    "aliases that multiply": (
        "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 10)}]\n"
            for i in range(9)
        ),
        [":6: more than 200000 values (aliases written out)"],
    ),
    "nesting without end": (
        "metadata: " + "[" * 5000,
        [":1: nested deeper than 64 levels"],
    ),
    "a list as a key": (
        "? [a, b]\n: c\n",
        [":1: a mapping or list stands where a key belongs"],
    ),
    "half of a surrogate pair": (
        HEAD + 'description: "\\ud800"\n',
        [":3: \\ud800 has half of a surrogate pair"],
    ),
    "a control character": (HEAD + "motif: \x07\n", [":3: not YAML: a control character"]),
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_bad_document_is_told_where_and_why(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, expected = DOCUMENTS[what]
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidScenario) as caught:
        load_scenario("bad.yaml", catalogue=TOYS)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(expected)
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith("bad.yaml" + start)


OVERRIDES: dict[str, tuple[tuple[str, ...], str]] = {
    "an unknown key": (
        ("governance.transaction_tx_rate=1",),
        "--set governance.transaction_tx_rate=1: governance.transaction_tx_rate: unknown key; "
        "did you mean transaction_tax_rate?",
    ),
    "a wrong value": (
        ("governance.transaction_tax_rate=high",),
        "--set governance.transaction_tax_rate=high: governance.transaction_tax_rate: expected a "
        "number from 0 to 1, got 'high'",
    ),
    "no value": (
        ("governance",),
        "--set governance: expected key.to.set=value, got 'governance'",
    ),
    "no key": (("=3",), "--set =3: expected key.to.set=value, got '=3'"),
    "a gap in the key": (
        ("agents..count=3",),
        "--set agents..count=3: expected key.to.set=value, got 'agents..count=3'",
    ),
    "an entry that is not there": (
        ("agents.3.count=1",),
        "--set agents.3.count=1: agents.3: expected an entry of agents (0 to 0), got '3'",
    ),
    "a name for an index": (
        ("agents.honest.count=1",),
        "--set agents.honest.count=1: agents.honest: expected an entry of agents (0 to 0), got "
        "'honest'",
    ),
    "a wrong value in an entry": (
        ("agents[0].count=-1",),
        "--set agents[0].count=-1: agents[0].count: expected a whole number from 1 to 100000, got "
        "-1",
    ),
    "a section of the world": (
        ("payoff.theta=2",),
        "--set payoff.theta=2: payoff.theta: expected a number from 0 to 1, got 2",
    ),
    "a world that does not have the file's sections": (
        ("world=release_manager",),
        "bad.yaml:2: agents[0].type: unknown agent type 'honest' in the world release_manager "
        "(known: baseline, noop; or module:Class)",
    ),
    "a value that is not YAML": (
        ("motif=[a",),
        "--set motif=[a: motif: not YAML: a '[' that is not closed",
    ),
    "a value with a key twice": (
        ("metadata={a: 1, a: 2}",),
        "--set metadata={a: 1, a: 2}: metadata.a: given twice; first at --set metadata={a: 1, "
        "a: 2}",
    ),
    "terminal codes": (
        ("mot\x1b[31mif=1",),
        "--set mot\\x1b[31mif=1: mot\\x1b[31mif: unknown key",
    ),
}


@pytest.mark.parametrize("what", OVERRIDES)
def test_a_bad_override_is_named_instead_of_a_line(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets, expected = OVERRIDES[what]
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(HEAD)
    with pytest.raises(InvalidScenario) as caught:
        load_scenario("bad.yaml", sets=sets, catalogue=TOYS)
    [line] = str(caught.value).splitlines()
    assert line.startswith(expected)


def test_scenario_params_seed_and_epochs_are_named_by_their_options(tmp_path: Path) -> None:
    text = str(fails(tmp_path, HEAD, scenario_params=["payoff.theta=x"], seed=2**70, epochs=0))
    assert sorted(text.splitlines()) == [
        "--epochs 0: simulation.epochs: expected a whole number from 1 to 10000000, got 0",
        "--scenario-param payoff.theta=x: payoff.theta: expected a number from 0 to 1, got 'x'",
        f"--seed {2**70}: simulation.seed: expected a whole number of at most 64 bits, got {2**70}",
    ]


def test_all_faults_of_file_and_overrides_come_at_once_in_the_order_of_lines(
    tmp_path: Path,
) -> None:
    error = fails(
        tmp_path,
        "world: sandbox\n"
        "agents:\n  - type: honst\n  - type: opportunistic\n    params: {threshold: -1}\n"
        "payoff: {theta: 3}\n"
        "governance: {bandwith_cap: 3, audit_probability: 7}\n"
        "metrics_to_track: [nope]\n",
        "simulation.seed=x",
    )
    assert [(fault.line, fault.path) for fault in error.faults] == [
        (1, "scenario_id"),
        (3, "agents[0].type"),
        (5, "agents[1].params.threshold"),
        (6, "payoff.theta"),
        (7, "governance.audit_probability"),
        (7, "governance.bandwith_cap"),
        (8, "metrics_to_track[0]"),
        (None, "simulation.seed"),
    ]


def test_a_fault_tells_its_parts_to_programs(tmp_path: Path) -> None:
    [fault] = fails(tmp_path, HEAD + "governance: {transaction_tax_rate: 7}\n").faults
    assert fault.file.endswith("bad.yaml")
    assert (fault.line, fault.path) == (3, "governance.transaction_tax_rate")
    assert (fault.expected, fault.got) == ("a number from 0 to 1", "7")


def test_a_long_list_of_faults_is_cut_in_the_message_but_not_in_the_error(tmp_path: Path) -> None:
    error = fails(tmp_path, HEAD + "".join(f"zz{number}: 1\n" for number in range(60)))
    assert len(error.faults) == 60
    assert str(error).endswith("… and 10 more")


class TestFiles:
    def test_that_are_missing_name_what_was_probably_meant(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidScenario, match=r"no such file.*did you mean baseline\?"):
            load_scenario("baselin")
        (tmp_path / "mine.yaml").write_text(HEAD)
        with pytest.raises(InvalidScenario, match=r"did you mean .*mine\.yaml\?"):
            load_scenario(tmp_path / "mine.yml")

    def test_that_are_directories(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidScenario, match="is a directory, not a scenario file"):
            load_scenario(tmp_path)

    def test_that_are_not_utf_8(self, tmp_path: Path) -> None:
        text = str(fails(tmp_path, HEAD.encode() + b"description: caf\xe9\n"))
        assert text.endswith("bad.yaml:3: is not UTF-8 (byte 0xe9); save it with that encoding")

    def test_that_are_huge(self, tmp_path: Path) -> None:
        text = str(fails(tmp_path, b"#" * (1 << 20) + b"\n"))
        assert text.endswith("bad.yaml: is larger than 1 MiB; a scenario file is not")

    def test_whose_name_no_system_takes(self) -> None:
        with pytest.raises(InvalidScenario, match=r"a\\x00b: cannot be read: embedded null byte"):
            load_scenario("a\0b")
        with pytest.raises(InvalidScenario, match="File name too long"):
            load_scenario("a" * 5000)


VALID = """\
scenario_id: all_sections
agents:
  - {type: honest, count: 2, role: worker}
  - &greedy {type: opportunistic, params: {threshold: 0.5}}
adversaries:
  - {messages: ["Hurry."], target: honest_1, intensity: 0.25}
governance: {transaction_tax_rate: 0.05, reputation_decay: 0.95}
simulation: {n_epochs: 3, start: "2026-01-01T00:00:00Z"}
payoff: {s_plus: 3.0}
safety: {kill_switch_enabled: false, max_posts_per_epoch: 3}
metrics_to_track: [toxicity_rate]
metadata: {note: [1, 2.5, null, true]}
"""

KEYS = st.sampled_from(
    [
        *EpisodeConfig.model_fields, "scenario", "engine", "policy", "agent", "adversary_agent",
        "metrics_to_track", "rate_limits", "payoff", "limits", "type", "count", "params", "name",
        "max_steps", "seed", "epochs", "n_epochs", "track", "alignment", "threshold", "levers",
        "0", "<<", "x",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from(["sandbox", "release_manager", "honest", "baseline", "scripted", "all"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def yaml_of(value: Any) -> str:
    """Flow style; good enough for what Hypothesis draws, and not always valid."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {yaml_of(child)}" for key, child in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(yaml_of, value)) + "]"
    return {None: "null", True: "true", False: "false"}.get(value, str(value))


def loads_or_says_why(file: Path, *sets: str) -> None:
    try:
        config = load_scenario(file, sets=sets, catalogue=TOYS)
    except InvalidScenario as error:
        assert error.faults
        assert all(fault.problem or (fault.expected and fault.got) for fault in error.faults)
        assert all(line.isprintable() for line in str(error).splitlines())
    else:
        assert EpisodeConfig.model_validate_json(config.model_dump_json()) == config


SHORT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class TestNothingButInvalidScenarioEscapes:
    @SHORT
    @given(text=st.text(st.characters(codec="utf-8"), max_size=60))
    def test_from_text(self, text: str, tmp_path: Path) -> None:
        file = tmp_path / "any.yaml"
        file.write_text(text, encoding="utf-8", newline="")
        loads_or_says_why(file)

    @SHORT
    @given(
        text=st.lists(
            st.sampled_from([*"[]{}:,-?&*!|>'\"%@`#~\n\t \\", "a", "1", ".", "---", "<<", "\r"])
        ).map("".join)
    )
    def test_from_punctuation(self, text: str, tmp_path: Path) -> None:
        file = tmp_path / "any.yaml"
        file.write_text(text, encoding="utf-8", newline="")
        loads_or_says_why(file)

    @SHORT
    @given(
        where=st.integers(0, len(VALID)),
        cut=st.integers(0, 12),
        new=st.one_of(
            st.sampled_from(["\n", "  ", ": ", "- ", "*greedy", "[", "}", "null", "-1", "\t"]),
            st.text(st.characters(codec="utf-8"), max_size=3),
        ),
    )
    def test_from_changes_to_a_valid_file(
        self, where: int, cut: int, new: str, tmp_path: Path
    ) -> None:
        file = tmp_path / "any.yaml"
        file.write_text(VALID[:where] + new + VALID[where + cut :], encoding="utf-8", newline="")
        loads_or_says_why(file)

    @SHORT
    @given(extra=st.dictionaries(KEYS, VALUES, max_size=4))
    def test_from_wrong_values_at_known_keys(self, extra: dict[str, Any], tmp_path: Path) -> None:
        file = tmp_path / "any.yaml"
        base = {"scenario_id": "x", "agents": [{"type": "honest"}], **extra}
        lines = [f"{key}: {yaml_of(value)}" for key, value in base.items()]
        file.write_text("\n".join(lines), encoding="utf-8", newline="", errors="replace")
        loads_or_says_why(file)

    @SHORT
    @given(path=st.lists(KEYS, min_size=1, max_size=4), value=VALUES)
    def test_from_overrides(self, path: list[str], value: Any, tmp_path: Path) -> None:
        file = tmp_path / "any.yaml"
        file.write_text(VALID)
        loads_or_says_why(file, f"{'.'.join(path)}={yaml_of(value)}")


def test_the_valid_file_of_these_tests_is_valid(tmp_path: Path) -> None:
    file = tmp_path / "valid.yaml"
    file.write_text(VALID)
    assert load_scenario(file, catalogue=TOYS).simulation.epochs == 3
