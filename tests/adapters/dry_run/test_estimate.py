"""What a run will ask, take and cost: sums that can be done by hand, and the edges."""

import json
import socket
from math import inf

import pytest

from gdg_runtime.actors.llm.agent import LlmAgent
from gdg_runtime.adapters.dry_run.rehearsal import Asked, Rehearsal, rehearse
from gdg_runtime.adapters.dry_run.usage_forecast import Forecast, Range
from gdg_runtime.adapters.llm.prices import PriceTable
from gdg_runtime.scenarios.schema.language_model import ModelConfig

PLAIN = """
agents:
  - {type: "askers:Plain", count: 3, model: toy/own, max_tokens: 50,
     price: {input: 1.0, output: 2.0}, requests_per_minute: 10}
simulation: {epochs: 2, steps_per_epoch: 5}
"""
LLM = """
agents:
  - {type: llm, count: 4, model: openai/toy-1}
  - {type: honest, count: 2}
simulation: {epochs: 4, steps_per_epoch: 10, seed: 3}
"""


def close(found: Range | None, *expected: float) -> bool:
    assert found is not None
    assert tuple(found) == pytest.approx(expected)
    return True


def test_a_sum_that_can_be_done_by_hand(estimated) -> None:
    """3 agents, 10 steps, one question of 100 tokens and a frame of 4: 30 questions. 5 % (or all)
    are asked again with 100 tokens more. Replies have 20, 50 (the limit), 50 tokens."""
    found = estimated(PLAIN)
    (model,) = found.models
    assert (model.agents, found.steps) == (3, 10)
    close(model.usage.calls, 30, 31.5, 60)
    prompts = (0.8 * 30 * 104, 31.5 * 104 + 1.5 * 100, 60 * 104 * 4 / 3 + 30 * 100)
    close(model.usage.prompt_tokens, *prompts)
    close(model.usage.completion_tokens, 30 * 20, 31.5 * 50, 60 * 50)
    close(
        model.usd,
        *[
            round(prompt) * 1e-6 + round(completion) * 2e-6
            for prompt, completion in zip(prompts, model.usage.completion_tokens, strict=True)
        ],
    )
    assert found.usd == model.usd == found.known_usd
    # 10 a minute; without that limit, 10 steps with one answer of 10 s, and again, are quicker.
    close(model.minutes, 3.0, 3.15, 6.0)
    assert model.bound_by == "requests_per_minute"
    assert model.price_source == "the scenario file"
    assert found.warnings == ()


def test_memory_rises_to_its_budget_and_stays_there() -> None:
    """Turns of 20 tokens fill three quarters of 400 after 15 steps: 16 steps with 0 to 300, in the
    mean 150, and 84 with 300. At the least half of 400, which is 10 turns; at the most all of it
    from the second step on."""
    asked = Asked(count=10, tokens=1000, longest=150, remembered=45, memory_tokens=900)
    rehearsal = Rehearsal(10, {"ann": {"turn": asked}})
    load = Forecast(
        "ann", ModelConfig(model="toy", api_base="http://127.0.0.1:1"), rehearsal, rehearsal,
        steps=100, settings=LlmAgent.Params(memory={"max_tokens": 400}), offers=False,
    ).usage()  # fmt: skip
    close(load.calls, 100, 105, 200)
    low = (11 * 100 + 89 * 200) / 100
    expected = (16 * 150 + 84 * 300) / 100
    close(
        load.prompt_tokens,
        0.8 * 100 * (100 + low),
        105 * (100 + expected) + 5 * 100,
        200 * (150 + 99 / 100 * 400) * 4 / 3 + 100 * 100,
    )


def test_summaries_are_counted_whenever_the_memory_is_full() -> None:
    """100 steps of 20 tokens are 2000, 1600 over the budget of 400; each summary makes room for
    400 / 2 - 40: the first and ten more. With replies of 180 tokens each turn fills it."""
    asked = Asked(count=10, tokens=1000, longest=100, remembered=45, memory_tokens=900)
    rehearsal = Rehearsal(10, {"ann": {"turn": asked}})
    memory = {"max_tokens": 400, "policy": "summarise", "summary_tokens": 40}
    model = ModelConfig(model="toy", max_tokens=180)
    calls = [
        Forecast(
            "ann", model, rehearsal, rehearsal, steps=100, offers=False,
            settings=LlmAgent.Params(memory=settings),
        ).usage().calls
        for settings in (memory, {**memory, "policy": "truncate"})
    ]  # fmt: skip
    # 100 * 200 tokens are 19600 over, with room for one turn of 200: 99 times.
    close(calls[0], 100 + 11, 105 + 11, 200 + 99)
    close(calls[1], 100, 105, 200)


def test_what_is_expected_is_near_what_busy_agents_would_ask(estimated, load) -> None:
    found = estimated(LLM)
    whole = rehearse(load(LLM), 40, busy=True)
    asked = [one for kinds in whole.asked.values() for one in kinds.values()]
    calls = 1.05 * sum(one.count for one in asked)
    tokens = 1.05 * sum(one.tokens + one.memory_tokens + one.schema_tokens for one in asked)
    assert whole.steps == 40
    assert found.usage.calls.expected == pytest.approx(calls, rel=0.15)
    assert found.usage.prompt_tokens.expected == pytest.approx(tokens, rel=0.15)
    for spread in (found.usage.calls, found.usage.tokens, found.usd, found.minutes):
        assert 0 < spread.low < spread.expected < spread.high


def test_the_most_is_a_turn_and_an_offer_in_each_step_and_both_again(estimated) -> None:
    found = estimated(LLM)
    assert found.usage.calls.low == 4 * 40
    assert found.usage.calls.high >= 4 * 40 * 4


@pytest.mark.parametrize(
    "document",
    [
        LLM.replace("model:", "offers: reject, model:"),
        "world: release_manager\nagents: [{type: llm, count: 4, model: openai/toy-1}]\n"
        "simulation: {epochs: 4, steps_per_epoch: 10}\n",
    ],
    ids=["a setting says so", "the world has none"],
)
def test_where_a_model_gets_no_offers_none_are_counted(estimated, document: str) -> None:
    close(estimated(document).usage.calls, 160, 168, 320)


def test_estimates_are_the_same_every_time(estimated) -> None:
    assert estimated(LLM) == estimated(LLM)


def test_a_model_without_a_price_makes_the_sum_unknown_never_zero(estimated) -> None:
    document = LLM.replace("{type: honest, count: 2}", "{type: llm, name: b, model: nobody/knows}")
    found = estimated(document)
    priced, unpriced = found.models
    assert found.unpriced == ("nobody/knows",)
    assert unpriced.usd is None
    assert unpriced.price_source is None
    assert unpriced.usage.calls.low > 0
    assert found.usd is None
    assert found.known_usd == priced.usd
    assert priced.price_source == "litellm 1.99"
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert told["usd"] is None
    assert told["models"][1]["usd"] is None
    assert told["models"][0]["usd"]["low"] > 0
    assert told["unpriced"] == ["nobody/knows"]
    assert told["price_table"] == "1.99"


def test_agents_with_equal_settings_share_a_row_and_others_have_their_own(estimated) -> None:
    document = LLM.replace(
        "{type: honest, count: 2}", "{type: llm, name: b, model: openai/toy-1, temperature: 0.1}"
    )
    assert [model.agents for model in estimated(document).models] == [4, 1]


def test_scripted_agents_have_no_use_for_the_default_model(estimated) -> None:
    document = "llm: {model: openai/toy-1}\n" + LLM.replace(
        "model: openai/toy-1", "reasoning: true"
    )
    found = estimated(document)
    assert [model.agents for model in found.models] == [4]
    assert found.warnings == ()
    nobody = estimated("llm: {model: openai/toy-1}\nagents: [{type: honest}]\n")
    assert (nobody.models, nobody.usd, nobody.usage.calls.high) == ((), Range(), 0)
    assert nobody.assumptions == ()


def test_nobody_is_reached(estimated, load) -> None:
    """A server stands where the model is said to be; it never sees a connection."""
    import askers

    askers.performed.clear()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        base = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        found = estimated(
            f'agents: [{{type: "askers:Payer", model: toy, api_base: "{base}"}}, '
            f'{{type: llm, model: toy, api_base: "{base}"}}]\n'
        )
        with pytest.raises(BlockingIOError):
            server.accept()
    assert found.usage.calls.low == 2 * 100
    assert askers.performed == []
    (warning,) = found.warnings
    assert "pay" in warning


def test_an_agent_that_waits_for_somebody_else_before_it_asks_is_told_of(estimated) -> None:
    found = estimated('llm: {model: openai/toy-1}\nagents: [{type: "askers:Client"}]\n')
    assert any("Client_1 asked nothing" in warning for warning in found.warnings)


def test_an_agent_that_never_stops_asking_is_told_of(estimated) -> None:
    found = estimated('agents: [{type: "askers:Endless", model: openai/toy-1}]\n')
    assert any("would not stop" in warning for warning in found.warnings)


def test_an_agent_that_asks_nothing_is_told_of(estimated) -> None:
    document = 'agents: [{type: "askers:Silent", count: 5, model: openai/toy-1}]\n'
    found = estimated(document)
    assert found.usage.calls.high == 0
    (warning,) = found.warnings
    assert "Silent_1, Silent_2, Silent_3 and 2 more asked nothing" in warning
    shared = document.replace(", model: openai/toy-1", "") + "llm: {model: openai/toy-1}\n"
    assert estimated(shared).models == ()
    assert estimated(shared).warnings == ()


def test_agents_that_fail_are_told_of_and_still_counted(estimated) -> None:
    found = estimated('agents: [{type: "askers:Broken", model: openai/toy-1}]\n')
    assert found.usage.calls.low == 100
    assert any("failed 20 times" in warning for warning in found.warnings)


def test_calls_of_tools_are_played_through(estimated) -> None:
    """An idle model calls none: 1 question a turn; a busy one does: 2."""
    found = estimated('agents: [{type: "askers:ToolUser", model: openai/toy-1}]\n')
    close(found.usage.calls, 100, 210, 400)


# --- time -----------------------------------------------------------------------------------


def timed(settings: str, order: str = "simultaneous") -> str:
    document = PLAIN.replace("requests_per_minute: 10", settings or "max_concurrency: 32")
    return document.replace("{epochs: 2", f"{{turn_order: {order}, epochs: 2")


def test_without_limits_the_answers_of_an_agent_wait_for_one_another(estimated) -> None:
    found = estimated(timed(""))
    close(found.minutes, 10 * 1 / 60, 10.5 * 3 / 60, 20 * 10 / 60)
    assert found.models[0].bound_by == "latency"


def test_agents_that_act_in_turn_wait_for_all_the_others(estimated) -> None:
    close(estimated(timed("", "round_robin")).minutes, 30 * 1 / 60, 31.5 * 3 / 60, 60 * 10 / 60)


def test_concurrency_limits_of_the_model_and_of_the_run_count(estimated) -> None:
    expected = (30 * 1 / 60, 31.5 * 3 / 60, 60 * 10 / 60)
    found = estimated(timed("max_concurrency: 1"))
    close(found.minutes, *expected)
    assert found.models[0].bound_by == "max_concurrency"
    close(estimated(timed(""), max_concurrency=1).minutes, *expected)


def test_tokens_per_minute_count_prompts_and_replies(estimated) -> None:
    found = estimated(timed("tokens_per_minute: 100"))
    close(found.minutes, *[tokens / 100 for tokens in found.usage.tokens])
    assert found.models[0].bound_by == "tokens_per_minute"


def test_the_small_local_model_takes_the_machines_time_and_no_money(estimated) -> None:
    found = estimated("agents: [{type: llm, model: local/smollm2}]\n")
    (model,) = found.models
    assert model.usd == found.usd == Range()
    assert (model.bound_by, model.price_source) == ("local model", "local")
    seconds = model.usage.prompt_tokens.expected / 70 + model.usage.completion_tokens.expected / 20
    assert found.minutes.expected == pytest.approx(seconds / 60)


# --- budgets --------------------------------------------------------------------------------


def test_budgets_are_held_against_what_is_needed(estimated) -> None:
    found = estimated(
        PLAIN.replace("max_tokens", "budget: {calls: 10, tokens: 100000}, max_tokens")
        + "llm: {budget: {usd: 0.003, calls: 29, tokens: 4000}}\n"
    )
    verdicts = {
        (str(check.scope), check.unit): (check.limit, check.verdict) for check in found.budgets
    }
    assert verdicts == {
        ("the run", "usd"): (0.003, "will be used up"),
        ("the run", "tokens"): (4000, "is likely used up"),
        ("the run", "calls"): (29, "will be used up"),
        ("agent Plain_1", "tokens"): (100000, "enough"),
        ("agent Plain_1", "calls"): (10, "may not suffice"),
    }


def test_budgets_of_roles_are_for_the_agents_in_them(estimated) -> None:
    found = estimated(
        "llm: {model: openai/toy-1, role_budgets: {poster: {calls: 150}}}\n"
        "agents: [{type: llm, role: poster, offers: reject}, {type: llm, offers: reject}]\n"
    )
    (check,) = found.budgets
    assert (check.scope.kind, check.scope.name, check.verdict) == (
        "role", "poster", "may not suffice"
    )  # fmt: skip
    close(check.needed, 100, 105, 200)


def test_budgets_given_for_this_run_go_over_the_scenarios(estimated) -> None:
    found = estimated(PLAIN, budgets=("calls=1000", "agent.Plain_2.calls=5"))
    assert [(str(check.scope), check.limit, check.verdict) for check in found.budgets] == [
        ("the run", 1000, "enough"),
        ("agent Plain_2", 5, "will be used up"),
    ]


def test_a_budget_in_money_needs_every_price(estimated) -> None:
    found = estimated(LLM + "llm: {budget: {usd: 1.0}}\n", prices=PriceTable())
    (check,) = found.budgets
    assert (check.needed, check.verdict, check.likely) == (None, "unknown price", inf)
    assert any("would not start" in warning for warning in found.warnings)
