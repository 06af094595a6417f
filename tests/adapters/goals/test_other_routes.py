"""Beliefs, decisions and the ledger, over real HTTP."""

import pytest


async def test_a_belief_is_added_read_and_listed(api) -> None:
    answer = await api("POST", "/v1/beliefs", {"id": "core.é", "text": "Be kind"})
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    read = await api("GET", answer.headers["Location"])
    assert (read.status_code, read.json()) == (200, answer.json())
    known = await api("GET", answer.headers["Location"], If_None_Match='"1"')
    assert known.status_code == 304
    await api.belief(active=False)
    listed = await api("GET", "/v1/beliefs?limit=1")
    assert [belief["id"] for belief in listed.json()["items"]] == ["core.honesty"]
    rest = await api("GET", f"/v1/beliefs?cursor={listed.json()['next_cursor']}")
    assert [belief["id"] for belief in rest.json()["items"]] == ["core.é"]
    active = await api("GET", "/v1/beliefs?active=true")
    assert [belief["id"] for belief in active.json()["items"]] == ["core.é"]


async def test_a_belief_is_changed_at_the_version_that_was_read(api) -> None:
    await api.belief()
    path = "/v1/beliefs/core.honesty"
    assert (await api("PATCH", path, {"active": False})).status_code == 428
    done = await api("PATCH", path, {"active": False}, If_Match='"1"')
    assert (done.status_code, done.json()["active"], done.headers["ETag"]) == (200, False, '"2"')
    stale = await api("PATCH", path, {"active": True}, If_Match='"1", "8"')
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')


async def test_what_beliefs_refuse(api) -> None:
    await api.belief(immutable=True)
    twice = await api("POST", "/v1/beliefs", {"id": "core.honesty", "text": "Other"})
    fixed = await api("PATCH", "/v1/beliefs/core.honesty", {"active": False}, If_Match="*")
    missing = await api("GET", "/v1/beliefs/none")
    blank = await api("POST", "/v1/beliefs", {"id": "a b", "text": "x"})
    nul = await api("GET", "/v1/beliefs/%00")
    assert (twice.status_code, twice.json()["code"]) == (409, "belief-exists")
    assert (fixed.status_code, fixed.json()["code"]) == (409, "belief-immutable")
    assert (missing.status_code, missing.json()["code"]) == (404, "belief-not-found")
    assert (blank.status_code, nul.status_code) == (422, 422)


async def test_a_belief_that_turns_active_takes_an_executing_goal_back(api) -> None:
    await api.belief(id="no", active=False)
    task = await api.executing(contradicts=["no"])
    await api("PATCH", "/v1/beliefs/no", {"active": True}, If_Match='"1"')
    assert (await api("GET", f"/v1/goals/{task['goal_id']}")).json()["state"] == "adopted"


async def test_decisions_show_their_parameters_and_what_was_decided(api) -> None:
    task = await api.executing()
    told = (await api("GET", f"/v1/decisions?goal_id={task['goal_id']}")).json()
    (decision,) = told["decisions"]
    assert decision["decision_id"] == "goal_selected"
    assert len(decision["parameters"]) == 5
    (record,) = told["records"]
    assert (record["task_id"], record["outcome"]) == (task["task_id"], None)


async def test_a_weight_is_set_within_its_bounds_and_used_at_once(api) -> None:
    path = "/v1/decisions/goal_selected/parameters"
    done = await api("PUT", f"{path}/value_weight", {"value": 0.7})
    beyond = await api("PUT", f"{path}/urgency_weight", {"value": 5})
    assert (done.json()["current"], done.json()["clamped"]) == (0.7, False)
    assert (beyond.json()["current"], beyond.json()["clamped"]) == (0.3, True)
    used = (await api("GET", "/v1/goals/prioritized")).json()["weights_used"]
    assert (used["value"], used["urgency"]) == (0.7, 0.3)


@pytest.mark.parametrize("where", ["none/parameters/value_weight", "goal_selected/parameters/none"])
async def test_an_unknown_parameter_is_404(api, where: str) -> None:
    answer = await api("PUT", f"/v1/decisions/{where}", {"value": 0.5})
    assert (answer.status_code, answer.json()["code"]) == (404, "decision-not-found")


@pytest.mark.parametrize("value", [b'{"value": NaN}', b'{"value": "1"}', b'{"value": true}'])
async def test_a_weight_is_a_number(api, value: bytes) -> None:
    path = "/v1/decisions/goal_selected/parameters/value_weight"
    assert (await api("PUT", path, value)).status_code == 422


async def test_the_rollout_tells_its_verdict(api) -> None:
    told = (await api("GET", "/v1/rollout")).json()
    assert (told["verdict"], told["success_rate"]) == ("insufficient", None)
    later = await api("GET", "/v1/rollout?since=2999-01-01T00:00:00Z")
    assert later.json()["safety_blocks"] == 0
    for since in ("yesterday", "0.5", "1700000000", "2025-11-08"):
        assert (await api("GET", f"/v1/rollout?since={since}")).status_code == 422, since


@pytest.mark.parametrize(
    "since",
    ["7999-12-31T23:59:59-12:00", "1970-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00",
     "0001-01-01T00:00:00%2B14:00", "1969-12-31T23:59:59Z"],
)  # fmt: skip
async def test_a_time_that_is_out_of_range_in_utc_is_422(api, since: str) -> None:
    answer = await api("GET", f"/v1/rollout?since={since}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")


async def test_the_ledger_is_read_page_by_page(api) -> None:
    for _ in range(3):
        await api.adopted()
    seen, after = [], 0
    while after is not None:
        page = (await api("GET", f"/v1/ledger?limit=4&after={after}")).json()
        seen += [event["seq"] for event in page["items"]]
        after = page["next_after"]
    assert seen == [1, 2, 3, 4, 5, 6]
