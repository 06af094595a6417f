"""The commands that lead a goal through its life, over real HTTP: the rows A5 and A6."""

import pytest


async def test_A5_an_adopted_goal_is_shown_with_its_new_version(api) -> None:
    goal = await api.goal()
    answer = await api("POST", f"/v1/goals/{goal['id']}/adopt")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (answer.json()["state"], answer.json()["warnings"]) == ("adopted", [])


async def test_A5_adopting_again_changes_nothing(api) -> None:
    goal = await api.adopted()
    again = await api("POST", f"/v1/goals/{goal['id']}/adopt")
    assert (again.status_code, again.json()) == (200, goal)
    assert await api.events() == ["goal_created", "goal_adopted"]
    assert await api.metric("goals_adopted_total") == 1


async def test_A5_what_a_belief_forbids_is_409_and_stays_as_it_is(api) -> None:
    await api.belief(id="no")
    goal = await api.goal(contradicts=["no"])
    answer = await api("POST", f"/v1/goals/{goal['id']}/adopt")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "goal-blocked-by-belief")
    assert (told["belief_ids"], told["reason"]) == (["no"], "active_contradiction")
    assert (await api("GET", f"/v1/goals/{goal['id']}")).json() == goal
    assert await api.metric('goal_blocked_by_belief_total{belief_id="no"}') == 1


async def test_A5_what_the_checker_finds_severe_is_409(api, checker) -> None:
    await api.belief()
    goal = await api.goal(aligns_with=["core.honesty"])
    checker.severity = 0.6
    answer = await api("POST", f"/v1/goals/{goal['id']}/adopt")
    assert (answer.status_code, answer.json()["severity"]) == (409, 0.6)
    checker.severity = 0.5999
    assert (await api("POST", f"/v1/goals/{goal['id']}/adopt")).status_code == 200


async def test_A5_final_states_and_passed_deadlines_are_409(api, clock) -> None:
    given_up, late = await api.goal(), await api.goal(horizon_max_min=5)
    await api("POST", f"/v1/goals/{given_up['id']}/abandon")
    clock.turn(minutes=5)
    first = await api("POST", f"/v1/goals/{given_up['id']}/adopt")
    second = await api("POST", f"/v1/goals/{late['id']}/adopt")
    assert (first.status_code, first.json()["code"]) == (409, "illegal-transition")
    assert (second.status_code, second.json()["code"]) == (409, "goal-deadline-passed")


async def test_A5_a_checker_that_fails_lets_nothing_through(api, checker) -> None:
    await api.belief()
    goal = await api.goal(aligns_with=["core.honesty"])
    checker.error = RuntimeError("secret of the checker")
    answer = await api("POST", f"/v1/goals/{goal['id']}/adopt")
    assert (answer.status_code, answer.json()["code"]) == (503, "belief-checker-unavailable")
    assert "Retry-After" in answer.headers
    assert "secret" not in answer.text
    assert (await api.events())[-1] == "goal_blocked_by_belief"
    assert (await api("GET", f"/v1/goals/{goal['id']}")).json()["state"] == "proposed"


async def test_B4_an_unknown_belief_is_a_warning_in_the_answer_and_in_the_log(api, log) -> None:
    goal = await api.goal(aligns_with=["who.knows"])
    answer = await api("POST", f"/v1/goals/{goal['id']}/adopt")
    assert answer.status_code == 200
    (warned,) = answer.json()["warnings"]
    assert (warned["code"], warned["belief_id"]) == ("unknown_belief", "who.knows")
    (logged,) = [line for line in log if line["level"] == "warning"]
    assert (logged["code"], logged["belief_id"]) == ("unknown_belief", "who.knows")


async def test_A6_abandoning_takes_a_reason_into_the_ledger(api) -> None:
    goal = await api.goal()
    path = f"/v1/goals/{goal['id']}/abandon"
    answer = await api("POST", path, {"reason": "superseded"})
    assert (answer.status_code, answer.json()["state"]) == (200, "abandoned")
    for body in (None, b"null", {}):
        again = await api("POST", path, body)
        assert (again.status_code, again.json()["version"]) == (200, 2)
    events = (await api("GET", f"/v1/goals/{goal['id']}/history")).json()["items"]
    assert [(event["event"], event["reason"]) for event in events] == [
        ("goal_created", None),
        ("goal_abandoned", "superseded"),
    ]
    assert (await api("POST", path, {"reason": "x" * 501})).status_code == 422


async def test_A6_what_is_satisfied_is_not_abandoned(api) -> None:
    task = await api.executing()
    path = f"/v1/goals/{task['goal_id']}"
    done = await api("POST", f"{path}/complete", {"success": True, "attempt": task["attempt"]})
    assert done.json()["state"] == "satisfied"
    answer = await api("POST", f"{path}/abandon")
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal-transition")


async def test_the_next_task_is_the_same_for_the_same_selection(api) -> None:
    goal = await api.adopted(success_metrics={"done": 1.0})
    first = await api("POST", "/v1/goals/next", {"selection_key": "a"})
    again = await api("POST", "/v1/goals/next", {"selection_key": "a"})
    other = await api("POST", "/v1/goals/next", {"selection_key": "b"})
    assert first.status_code == 200
    assert first.json() == again.json()
    task = first.json()["task"]
    assert (task["goal_id"], task["task_id"]) == (goal["id"], f"goal:{goal['id']}:1")
    assert other.json() == {"task": None, "shadow": None}
    assert await api.metric("goal_selected_total") == 1


async def test_a_goal_is_satisfied_if_what_was_measured_reaches_its_targets(api) -> None:
    task = await api.executing(success_metrics={"done": 1.0})
    path = f"/v1/goals/{task['goal_id']}/complete"
    short = await api("POST", path, {"success": True, "measured": {"done": 0.5}})
    assert short.json()["state"] == "adopted"
    late = await api("POST", path, {"success": True, "attempt": 7})
    assert (late.status_code, late.json()["code"]) == (409, "illegal-transition")
    await api("POST", "/v1/goals/next", {"selection_key": "again"})
    enough = await api("POST", path, {"success": True, "measured": {"done": 1.0}})
    assert enough.json()["state"] == "satisfied"


async def test_a_goal_is_given_back_unfinished(api) -> None:
    task = await api.executing()
    path = f"/v1/goals/{task['goal_id']}/release"
    answer = await api("POST", path, {"reason": "the worker stops"})
    assert (answer.status_code, answer.json()["state"]) == (200, "adopted")
    over = await api("POST", f"/v1/goals/{task['goal_id']}/complete",
                     {"success": True, "attempt": 1})  # fmt: skip
    assert (over.status_code, over.json()["code"]) == (409, "attempt-over")


async def test_a_goal_that_needs_approval_is_approved_first(api) -> None:
    path = f"/v1/goals/{(await api.goal(requires_approval=True))['id']}"
    refused = await api("POST", f"{path}/adopt")
    assert (refused.status_code, refused.json()["code"]) == (409, "approval-required")
    approved = await api("POST", f"{path}/approve")
    assert (approved.status_code, approved.json()["approved_by"]) == (200, "http")
    assert (await api("POST", f"{path}/adopt")).status_code == 200


@pytest.mark.parametrize("body", [{}, {"success": 1}, {"success": True, "measured": {"a": "1"}}])
async def test_how_it_ended_is_told_exactly(api, body: dict) -> None:
    task = await api.executing()
    path = f"/v1/goals/{task['goal_id']}/complete"
    assert (await api("POST", path, body)).status_code == 422


@pytest.mark.parametrize("action", ["adopt", "approve"])
@pytest.mark.parametrize("tags", ['"1"', '"1", "7"', 'W/"2"', "nonsense"])
async def test_A4_nobody_adopts_or_approves_what_was_changed_since_it_was_read(
    api, action: str, tags: str
) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    await api("PATCH", path, {"value": 0.9}, If_Match='"1"')
    stale = await api("POST", f"{path}/{action}", If_Match=tags)
    assert (stale.status_code, stale.json()["code"]) == (412, "version-conflict")
    assert (stale.headers["ETag"], stale.json()["current"]) == ('"2"', 2)
    assert (await api.events())[-1] == "goal_updated"


@pytest.mark.parametrize("action", ["adopt", "approve"])
@pytest.mark.parametrize("tags", ['"1"', "1", "*", '"9", "1"'])
async def test_A4_the_version_that_was_read_is_adopted_and_approved(
    api, action: str, tags: str
) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    done = await api("POST", f"{path}/{action}", If_Match=tags)
    assert (done.status_code, done.headers["ETag"]) == (200, '"2"')


async def test_A9_a_repeated_adoption_gets_its_answer_though_the_version_has_risen(api) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}/adopt"
    first = await api("POST", path, If_Match='"1"', Idempotency_Key="k")
    again = await api("POST", path, If_Match='"1"', Idempotency_Key="k")
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()


async def test_A4_adopting_an_unknown_goal_is_404_whatever_version_was_read(api) -> None:
    for tags in ('"1"', '"1", "2"', "*"):
        answer = await api("POST", "/v1/goals/goal_001/adopt", If_Match=tags)
        assert answer.status_code == 404, tags
