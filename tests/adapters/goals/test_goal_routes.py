"""Goals over real HTTP: the rows A1 to A4 and A7, and what another implementation got wrong."""

import pytest

SEED = {
    "text": "Conduct weekly self-reflection on identity coherence",
    "category": "introspection",
    "value": 0.8,
    "effort": 0.3,
    "risk": 0.1,
    "horizon_min_min": 0,
    "horizon_max_min": 10080,
    "aligns_with": ["core.ontological.consciousness"],
    "contradicts": [],
    "success_metrics": {"coherence_delta": 0.05},
    "metadata": {},
}


async def test_A1_a_proposed_goal_is_created_with_its_address_and_its_tag(api) -> None:
    answer = await api("POST", "/v1/goals", SEED)
    goal = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/v1/goals/{goal['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert {name: goal[name] for name in SEED} == SEED
    assert goal["state"] == "proposed"
    assert goal["created_at"] == goal["updated_at"] == "2025-11-08T12:00:00.000000Z"
    assert await api.events() == ["goal_created"]
    assert await api.metric('goals_total{category="introspection",state="proposed"}') == 1


async def test_A2_goals_are_listed_page_by_page_newest_first(api, clock) -> None:
    made = []
    for number in range(5):
        made.append((await api.goal(text=f"goal {number}"))["id"])
        clock.turn(seconds=1)
    seen, path = [], "/v1/goals?limit=2&category=maintenance"
    while path:
        answer = await api("GET", path)
        seen += [goal["id"] for goal in answer.json()["items"]]
        link = answer.headers.get("Link")
        assert (link is None) is (answer.json()["next_cursor"] is None)
        path = link and link.partition(">")[0].removeprefix("<")
        assert link is None or link.endswith('; rel="next"')
    assert seen == made[::-1]


async def test_A2_states_are_asked_for_one_by_one(api) -> None:
    proposed, adopted = await api.goal(), await api.adopted()
    both = await api("GET", "/v1/goals?state=proposed&state=adopted")
    one = await api("GET", "/v1/goals?state=adopted")
    assert {goal["id"] for goal in both.json()["items"]} == {proposed["id"], adopted["id"]}
    assert [goal["id"] for goal in one.json()["items"]] == [adopted["id"]]


async def test_A2_a_cursor_of_somewhere_else_is_400(api) -> None:
    answer = await api("GET", "/v1/goals?cursor=nonsense")
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad-cursor"


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "state=new", "limt=5", "owner=%00"])
async def test_A2_a_query_that_makes_no_sense_is_422(api, query: str) -> None:
    answer = await api("GET", f"/v1/goals?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].startswith("query.")


async def test_A3_a_goal_is_read_with_its_tag(api) -> None:
    goal = await api.goal()
    answer = await api("GET", f"/v1/goals/{goal['id']}")
    assert answer.status_code == 200
    assert answer.json() == goal
    assert answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize("known", ['"1"', 'W/"1"', '"7", "1"', "*", "1"])
async def test_A3_who_has_it_already_gets_304(api, known: str) -> None:
    goal = await api.goal()
    answer = await api("GET", f"/v1/goals/{goal['id']}", If_None_Match=known)
    assert answer.status_code == 304
    assert answer.content == b""
    assert answer.headers["ETag"] == '"1"'


async def test_A3_who_has_another_version_gets_this_one(api) -> None:
    goal = await api.goal()
    answer = await api("GET", f"/v1/goals/{goal['id']}", If_None_Match='"2"')
    assert answer.status_code == 200


async def test_A3_unknown_and_deleted_goals_are_404(api) -> None:
    goal = await api.goal()
    path = f"/v1/goals/{goal['id']}"
    assert (await api("DELETE", path)).status_code == 200
    for missing in (path, "/v1/goals/goal_001"):
        for method, where in (("GET", ""), ("POST", "/adopt"), ("GET", "/explain")):
            answer = await api(method, f"{missing}{where}")
            assert answer.status_code == 404, (method, missing, where)
            assert answer.json()["code"] == "goal-not-found"
    listed = (await api("GET", "/v1/goals")).json()["items"]
    everything = (await api("GET", "/v1/goals?include_deleted=true")).json()["items"]
    assert (len(listed), len(everything)) == (0, 1)
    assert everything[0]["deleted_at"] is not None


async def test_A4_a_patch_needs_the_version_that_was_read(api) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    assert (await api("PATCH", path, {"value": 0.9})).status_code == 428
    done = await api("PATCH", path, {"value": 0.9}, If_Match='"1"')
    assert (done.status_code, done.headers["ETag"], done.json()["value"]) == (200, '"2"', 0.9)
    stale = await api("PATCH", path, {"value": 0.1}, If_Match='"1"')
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"2"')
    assert stale.json()["current"] == 2


@pytest.mark.parametrize("tags", ['"1"', "1", "*", '"9", "1"'])
async def test_A4_if_match_may_name_several_versions_or_any(api, tags: str) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    assert (await api("PATCH", path, {"value": 0.9}, If_Match=tags)).status_code == 200


@pytest.mark.parametrize("tags", ['W/"1"', '"abc"', '"8", "9"', "nonsense"])
async def test_A4_a_tag_that_is_not_the_current_one_is_412(api, tags: str) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    answer = await api("PATCH", path, {"value": 0.9}, If_Match=tags)
    assert (answer.status_code, answer.headers["ETag"]) == (412, '"1"')


async def test_A4_an_empty_patch_changes_nothing(api) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    answer = await api("PATCH", path, {}, If_Match='"1"')
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert await api.events() == ["goal_created"]


async def test_A4_a_merge_patch_has_its_own_media_type_and_null_clears(api) -> None:
    path = f"/v1/goals/{(await api.goal(horizon_max_min=60))['id']}"
    answer = await api(
        "PATCH", path, {"horizon_max_min": None}, If_Match='"1"',
        Content_Type="application/merge-patch+json",
    )  # fmt: skip
    assert answer.json()["horizon_max_min"] is None


@pytest.mark.parametrize("patch", [{"state": "satisfied"}, {"id": "goal_001"}, {"colour": "red"}])
async def test_A4_a_patch_sets_no_state_no_id_and_nothing_unknown(api, patch: dict) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    assert (await api("PATCH", path, patch, If_Match='"1"')).status_code == 422
    assert (await api("GET", path)).json()["state"] == "proposed"


async def test_A4_patching_an_unknown_goal_is_404_and_no_conflict(api) -> None:
    for tags in ('"1"', '"1", "2"'):
        answer = await api("PATCH", "/v1/goals/goal_001", {"value": 0.9}, If_Match=tags)
        assert answer.status_code == 404


async def test_A7_the_ranking_is_no_goal_by_the_name_of_prioritized(api) -> None:
    low, high = await api.goal(value=0.1), await api.adopted(value=0.9)
    answer = await api("GET", "/v1/goals/prioritized")
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["goal"]["id"] for item in items] == [high["id"], low["id"]]
    assert [item["rank"] for item in items] == [1, 2]
    assert set(items[0]) == {"rank", "goal", "priority", "raw_score", "components", "blocked_by"}
    assert answer.json()["weights_used"]["value"] == 0.5


async def test_A7_all_goals_are_scored_before_the_best_are_shown(api, clock) -> None:
    best = await api.goal(value=1.0)
    for _ in range(60):
        clock.turn(seconds=1)
        await api.goal(value=0.2)
    answer = await api("GET", "/v1/goals/prioritized?limit=1&state=proposed")
    assert [item["goal"]["id"] for item in answer.json()["items"]] == [best["id"]]
    assert answer.json()["considered"] == 61


async def test_contradicting_goals_keep_an_order_among_themselves(api) -> None:
    await api.belief(id="no")
    worse = await api.goal(value=0.1, contradicts=["no"])
    better = await api.goal(value=0.9, contradicts=["no"])
    items = (await api("GET", "/v1/goals/prioritized")).json()["items"]
    assert [item["goal"]["id"] for item in items] == [better["id"], worse["id"]]
    assert all(item["raw_score"] < 0 == item["priority"] for item in items)
    assert items[0]["blocked_by"] == ["belief:no"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "x", "category": "maintenance", "value": NaN}',
        b'{"text": "x", "category": "maintenance", "value": Infinity}',
        b'{"text": "x", "category": "maintenance", "value": 1e400}',
        b'{"text": "x", "category": "maintenance", "metadata": {"a": NaN}}',
        b'{"text": "x", "category": "maintenance", "metadata": {"a": 1e999}}',
        b'{"text": "x", "category": "maintenance", "metadata": {"a": [{"b": -1e999}]}}',
        b'{"text":"x", "category":"maintenance", "metadata": ' + b'{"a":' * 150 + b"1" + b"}" * 151,
        b'{"text": "x", "category": NaN}',
        b'{"text": "\\ud800", "category": "maintenance"}',
        b'{"text": "a\\u0000b", "category": "maintenance"}',
        b'{"text": "x", "category": "maintenance", "metadata": {"a": {"b": "\\u0000"}}}',
        b'{"text": "x", "category": "maintenance"',
        b'{"text": "x", "category": "maintenance", "metadata": ' + b'{"a":' * 300 + b"}" * 300,
        b'"\xff"',
        b"null",
        b"[]",
        b"7",
    ],
)
async def test_no_body_makes_the_server_fail(api, body: bytes) -> None:
    answer = await api("POST", "/v1/goals", body)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid-request"


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "  "},
        {"text": "x" * 2001},
        {"category": "other"},
        {"value": True},
        {"value": "0.5"},
        {"effort": -0.001},
        {"risk": 1.001},
        {"horizon_max_min": 0},
        {"horizon_min_min": 10, "horizon_max_min": 9},
        {"horizon_min_min": "5"},
        {"requires_approval": 1},
        {"aligns_with": ["a"], "contradicts": ["a"]},
        {"aligns_with": ["a" * 129]},
        {"metadata": {"a": "x" * 17_000}},
        {"state": "adopted"},
        {"id": "goal_001"},
        {"created_at": "2025-11-08T12:00:00Z"},
    ],
)
async def test_a_draft_that_is_not_as_it_should_be_is_422(api, wrong: dict) -> None:
    answer = await api("POST", "/v1/goals", {"text": "x", "category": "maintenance", **wrong})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


async def test_a_body_without_its_media_type_is_415(api) -> None:
    for media_type in ("text/plain", ""):
        answer = await api("POST", "/v1/goals", b'{"text": "x"}', Content_Type=media_type)
        assert answer.status_code == 415
        assert "Content-Type: application/json" in answer.json()["detail"]


async def test_a_missing_dependency_is_a_conflict(api) -> None:
    answer = await api("POST", "/v1/goals", {**SEED, "depends_on": ["goal_none"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "unknown-dependency")


async def test_a_goal_is_deleted_at_the_version_that_was_read(api) -> None:
    path = f"/v1/goals/{(await api.goal())['id']}"
    assert (await api("DELETE", path, If_Match='"2"')).status_code == 412
    deleted = await api("DELETE", path, If_Match='"1"')
    assert (deleted.status_code, deleted.json()["version"]) == (200, 2)


async def test_an_executing_goal_is_not_deleted(api) -> None:
    task = await api.executing()
    answer = await api("DELETE", f"/v1/goals/{task['goal_id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "goal-executing")


async def test_a_goal_is_explained_term_by_term(api) -> None:
    goal = await api.goal(value=0.8, effort=0.3, risk=0.1)
    told = (await api("GET", f"/v1/goals/{goal['id']}/explain")).json()
    assert told["ranked"]["raw_score"] == pytest.approx(0.71, abs=1e-12)
    assert told["ranked"]["rank"] == 1
    assert len(told["lines"]) >= 5


async def test_goals_are_imported_with_their_ids_once(api) -> None:
    goal = {**SEED, "id": "goal_001", "state": "proposed",
            "created_at": "2025-11-08T12:00:00Z", "updated_at": "2025-11-08T12:00:00Z"}  # fmt: skip
    first = await api("POST", "/v1/goals/import", {"goals": [goal]})
    again = await api("POST", "/v1/goals/import", {"goals": [goal]})
    assert first.json() == {"created": 1, "known": 0, "blocked": []}
    assert again.json() == {"created": 0, "known": 1, "blocked": []}
    read = (await api("GET", "/v1/goals/goal_001")).json()
    assert {name: read[name] for name in SEED} == SEED


@pytest.mark.parametrize(
    "wrong",
    [
        {"created_at": "2025-11-08T12:00:00"},
        {"created_at": "9999-12-31T23:59:59-10:00"},
        {"attempts": 10**20},
        {"version": 10**20},
        {"id": "a/b"},
        {"approved_by": "a\0b"},
    ],
)
async def test_what_can_not_be_stored_is_not_imported(api, wrong: dict) -> None:
    goal = {**SEED, "id": "goal_001", "created_at": "2025-11-08T12:00:00Z",
            "updated_at": "2025-11-08T12:00:00Z", **wrong}  # fmt: skip
    assert (await api("POST", "/v1/goals/import", {"goals": [goal]})).status_code == 422
