"""A goal's life on the command line: over a file and over a server alike."""

import json
import re


def test_a_goal_is_proposed_adopted_selected_and_satisfied(goals) -> None:
    added = goals("add", "Measure the coverage", "--metric", "coverage=0.9", "--value", "0.8",
                  "--json").json["goal"]  # fmt: skip
    assert (added["state"], added["category"], added["value"]) == (
        "proposed", "user_requested", 0.8,
    )  # fmt: skip
    ran = goals("adopt", added["id"])
    assert (ran.code, ran.out) == (0, f"Adopted {added['id']}: Measure the coverage\n")
    ran = goals("adopt", added["id"])
    assert ran.code == 0
    assert "Nothing to do, it is adopted already" in ran.out

    ran = goals("next")
    assert added["id"] in ran.out
    assert "Take it with: gdg-runtime goals next --select" in ran.out
    ran = goals("next", "--select", "--key", "morning")
    assert f"Selected {added['id']}, attempt 1: Measure the coverage" in ran.out
    assert "to reach: coverage at least 0.9" in ran.out
    again = goals("next", "--select", "--key", "morning", "--json").json
    assert again["task"]["task_id"] == f"goal:{added['id']}:1"

    ran = goals("complete", added["id"], "--measured", "coverage=0.5")
    assert "Not satisfied, it will be tried again" in ran.out
    assert "coverage came to 0.5; the target is 0.9" in ran.out
    goals("next", "--select", "--key", "noon")
    ran = goals("complete", added["id"])
    assert "coverage was not measured" in ran.out
    goals("next", "--select", "--key", "evening")
    ran = goals("complete", added["id"], "--measured", "coverage=0.9")
    assert ran.out.startswith("Satisfied")
    assert "Nothing to do" in goals("complete", added["id"]).out

    events = [event["event"] for event in goals("history", added["id"], "--json").json["items"]]
    assert events[0] == "goal_created"
    assert events.count("goal_selected_for_execution") == 3
    assert events[-1] == "goal_satisfied"


def test_the_list_is_ranked_and_says_what_blocks_each_goal(goals) -> None:
    goals("belief", "add", "core.honesty", "Always tell users the truth")
    best = goals("add", "Tidy the test data", "--value", "0.9", "--deadline", "7d", "--json").json
    goals("add", "Sell the data", "--contradicts", "core.honesty", "--value", "1")
    goals("add", "Write the report", "--depends-on", best["goal"]["id"][-8:], "--adopt")
    goals("add", "Dream", "--start", "3h", "--requires-approval", "--value", "0.1")

    ran = goals("list")
    assert ran.code == 0
    rows = [row for row in ran.out.splitlines() if row.startswith("│")]
    order = [text for row in rows
             for text in ("Tidy", "Report", "report", "Dream", "Sell") if text in row]  # fmt: skip
    assert order == ["Tidy", "report", "Dream", "Sell"]
    told = " ".join(ran.out.replace("│", " ").split())
    assert f"blocked: waits for {best['goal']['id'][-8:]}" in told
    assert "blocked: belief core.honesty" in told
    assert "needs approval" in told
    assert re.search(r"starts in (3 h|2 h 59 min)", told)
    assert "weights: value 0.5, effort 0.25, risk 0.15, urgency 0.05, alignment 0.05" in ran.out

    ranked = goals("list", "--json").json
    assert [item["rank"] for item in ranked["items"]] == [1, 2, 3, 4]
    assert ranked["items"][-1]["raw_score"] <= -1
    only = goals("list", "--state", "adopted", "--json").json["items"]
    assert [item["goal"]["text"] for item in only] == ["Write the report"]
    ran = goals("list", "--limit", "1")
    assert "The first 1 of 4; --limit shows more." in ran.out


def test_the_list_by_date_has_pages(goals) -> None:
    for number in range(3):
        goals("add", f"Goal {number}", "--category", "exploration")
    page = goals("list", "--by-date", "--limit", "2", "--json").json
    assert [goal["text"] for goal in page["items"]] == ["Goal 2", "Goal 1"]
    ran = goals("list", "--by-date", "--limit", "2")
    assert f"go on with --cursor {page['next_cursor']}" in ran.out
    ran = goals("list", "--by-date", "--cursor", page["next_cursor"])
    assert "Goal 0" in ran.out
    assert "Goal 1" not in ran.out
    assert "No such goals" in goals("list", "--by-date", "--category", "maintenance").out
    ran = goals("list", "--by-date", "--cursor", "rubbish")
    assert ran.code == 2
    assert "Take next_cursor from the page before" in ran.err


def test_a_block_is_told_with_the_belief_and_what_to_do(goals) -> None:
    goals("belief", "add", "core.honesty", "Always tell users the truth")
    ran = goals("add", "Sell the data", "--contradicts", "core.honesty", "--adopt")
    assert ran.code == 1
    goal_id = ran.out.split()[1].rstrip(".")
    assert "core.honesty" in ran.err
    assert "gdg-runtime goals belief set core.honesty --inactive" in ran.err
    assert f"gdg-runtime goals abandon {goal_id}" in ran.err
    ran = goals("add", "Never tell users the truth", "--aligns-with", "core.honesty", "--adopt")
    assert ran.code == 1
    assert "blocked by core.honesty (severity " in ran.err
    ran = goals("adopt", goal_id, "--json")
    assert ran.code == 1
    assert ran.json["refused"]["code"] == "goal-blocked-by-belief"
    assert ran.json["refused"]["facts"]["belief_ids"] == ["core.honesty"]

    assert goals("belief", "set", "core.honesty", "--inactive").out == (
        "Set core.honesty (inactive, confidence 1): Always tell users the truth\n"
    )
    assert goals("adopt", goal_id).code == 0


def test_what_the_state_forbids_is_refused(goals) -> None:
    goal_id = goals("add", "Dream", "--requires-approval", "--json").json["goal"]["id"]
    ran = goals("adopt", goal_id)
    assert ran.code == 1
    assert f"`gdg-runtime goals approve {goal_id}` approves it." in ran.err
    assert goals("approve", goal_id).code == 0
    assert goals("show", goal_id, "--json").json["goal"]["approved_by"]
    goals("adopt", goal_id)
    ran = goals("release", goal_id)
    assert ran.code == 1
    assert "a goal that is adopted can't be released" in ran.err
    goals("next", "--select")
    ran = goals("delete", goal_id)
    assert ran.code == 1
    assert f"`gdg-runtime goals release {goal_id}`" in ran.err
    assert goals("release", goal_id, "--reason", "no time").out.startswith("Released")
    assert goals("abandon", goal_id, "--reason", "nobody wants it").out.startswith("Abandoned")
    assert "it was abandoned before" in goals("abandon", goal_id).out
    assert goals("delete", goal_id).out.startswith("Deleted")
    assert goals("show", goal_id).code == 2
    assert "deleted" in goals("list", "--by-date", "--deleted").out
    reasons = [event["reason"] for event in goals("history", "--json").json["items"]]
    assert "nobody wants it" in reasons


def test_a_goal_is_changed_and_what_is_not_given_stays(goals) -> None:
    goal_id = goals(
        "add", "Dream", "--deadline", "2w", "--owner", "me", "--metric", "a=1", "--meta", "k=[1]",
        "--meta", "word=two words", "--json",
    ).json["goal"]["id"]  # fmt: skip
    before = goals("show", goal_id, "--json").json["goal"]
    assert before["horizon_max_min"] == 20_160
    assert before["metadata"] == {"k": [1], "word": "two words"}
    ran = goals("edit", goal_id, "--deadline", "none", "--owner", "", "--value", "0.25",
                "--metric", "a=none", "--metric", "b=2", "--meta", "k=null")  # fmt: skip
    assert ran.out == f"Changed {goal_id}: Dream\n"
    after = goals("show", goal_id, "--json").json["goal"]
    changed = {
        "horizon_max_min": None, "owner": None, "value": 0.25, "success_metrics": {"b": 2.0},
        "metadata": {"word": "two words"}, "version": 2, "updated_at": after["updated_at"],
    }  # fmt: skip
    assert after == {**before, **changed}
    assert "it is so already" in goals("edit", goal_id, "--value", "0.25").out
    ran = goals("edit", goal_id, "--value", "0.3", "--if-version", "1")
    assert ran.code == 1
    assert "at version 2, not 1" in ran.err
    ran = goals("edit", goal_id)
    assert ran.code == 2
    assert "There is nothing to change" in ran.err


def test_a_goal_is_explained_term_by_term(goals, seed_file) -> None:
    goals("import", seed_file)
    ran = goals("explain", "goal_001")
    assert ran.code == 0
    assert "rank 1" in ran.out
    for term in ("value", "effort", "risk", "urgency", "alignment", "priority"):
        assert term in ran.out
    explained = goals("explain", "goal_001", "--json").json
    assert explained["ranked"]["goal"]["id"] == "goal_001"
    assert abs(sum(explained["ranked"]["components"].values())
               - explained["ranked"]["raw_score"]) <= 1e-12  # fmt: skip


def test_weights_are_shown_and_set_within_their_bounds(goals) -> None:
    ran = goals("weights")
    assert "value_weight" in ran.out
    assert goals("weights", "value", "0.6").out == "value_weight is 0.6.\n"
    ran = goals("weights", "urgency_weight", "5")
    assert (ran.code, ran.out) == (0, "urgency_weight is 0.3.\n")
    assert "5 is outside its bounds, 0 to 0.3" in ran.err
    (decision,) = goals("weights", "--json").json["decisions"]
    now = {parameter["name"]: parameter["current"] for parameter in decision["parameters"]}
    assert (now["value_weight"], now["urgency_weight"]) == (0.6, 0.3)
    ran = goals("weights", "beauty", "1")
    assert ran.code == 2
    assert "`gdg-runtime goals weights` shows what can be set" in ran.err
    assert goals("weights", "value").code == 2


def test_beliefs_are_added_listed_and_set(goals) -> None:
    assert "No beliefs" in goals("belief", "list").out
    ran = goals("belief", "add", "a.b", "One", "--confidence", "0.5", "--immutable", "--json")
    assert ran.json["belief"]["confidence"] == 0.5
    goals("belief", "add", "c", "Two", "--inactive")
    ran = goals("belief", "list")
    for words in ("a.b", "active", "confidence 0.5", "immutable", "inactive", "Two"):
        assert words in ran.out
    assert [belief["id"] for belief in goals("belief", "list", "--active", "--json").json["items"]
            ] == ["a.b"]  # fmt: skip
    assert "--cursor" in goals("belief", "list", "--limit", "1").out
    ran = goals("belief", "add", "c", "Three")
    assert (ran.code, ran.out) == (1, "")
    assert "`gdg-runtime goals belief set` changes it." in ran.err
    assert goals("belief", "set", "a.b", "--text", "x").code == 1
    assert goals("belief", "set", "no.such", "--active").code == 2
    assert goals("belief", "set", "c").code == 2
    assert "Set c (active" in goals("belief", "set", "c", "--active").out


def test_the_rollout_has_figures_and_a_verdict(goals) -> None:
    ran = goals("rollout")
    assert ran.code == 0
    assert "verdict: insufficient" in ran.out
    assert "success rate" in ran.out
    assert "undefined" in ran.out
    told = goals("rollout", "--json").json
    assert (told["verdict"], told["success_rate"]) == ("insufficient", None)


def test_the_rollout_can_begin_again_after_a_cure(goals) -> None:
    blocked = goals("belief", "add", "a.b", "So it is")
    assert blocked.code == 0
    assert goals("add", "Dream", "--contradicts", "a.b", "--adopt").code == 1
    assert goals("rollout", "--since", "2020-01-01", "--json").json["safety_blocks"] == 1
    assert goals("rollout", "--since", "2999-01-01", "--json").json["safety_blocks"] == 0
    assert goals("rollout", "--since", "yesterday").code == 2


def test_a_warning_is_no_refusal(goals) -> None:
    ran = goals("add", "Dream", "--aligns-with", "no.such", "--adopt")
    assert ran.code == 0
    assert "Note: no.such: " in ran.err


def test_every_change_speaks_json(goals) -> None:
    goal_id = goals("add", "Dream", "--requires-approval", "--json").json["goal"]["id"]
    lines = {
        "approve": "proposed", "adopt": "adopted", "edit --value 0.1": "adopted",
        "abandon": "abandoned", "delete": "abandoned",
    }  # fmt: skip
    for line, state in lines.items():
        command, *options = line.split()
        ran = goals(command, goal_id, *options, "--json")
        assert (ran.code, ran.err) == (0, ""), line
        assert ran.json["goal"]["state"] == state, line
    other = goals("add", "Measure", "--adopt", "--json").json["goal"]["id"]
    task = goals("next", "--select", "--json").json["task"]
    assert task["goal_id"] == other
    assert goals("release", other, "--json").json["goal"]["state"] == "adopted"
    goals("next", "--select")
    assert goals("complete", other, "--failed", "--json").json["goal"]["state"] == "adopted"
    assert goals("weights", "value", "0.5", "--json").json["clamped"] is False


def test_approval_leads_on_to_adoption(goals) -> None:
    goal_id = goals("add", "Dream", "--requires-approval", "--json").json["goal"]["id"]
    ran = goals("approve", goal_id)
    assert f"Approved {goal_id}: Dream\nAdopt it with: gdg-runtime goals adopt {goal_id}" in ran.out
    ran = goals("history", goal_id, "--limit", "1")
    assert "There is more: --after 1" in ran.out
    assert "Nothing happened after that." in goals("history", "--after", "99").out
    dependent = goals("add", "After that", "--json").json["goal"]["id"]
    ran = goals("edit", dependent, "--depends-on", goal_id[-8:], "--text", "Then this", "--json")
    assert ran.json["goal"]["depends_on"] == [goal_id]
    ran = goals("edit", goal_id, "--depends-on", dependent)
    assert ran.code == 2


def test_json_is_one_document(goals, seed_file) -> None:
    goals("import", seed_file)
    lines = [
        ("list",), ("list", "--by-date"), ("show", "goal_001"), ("explain", "goal_001"),
        ("history",), ("next",), ("next", "--select"), ("belief", "list"), ("weights",),
        ("rollout",), ("export",),
    ]  # fmt: skip
    for line in lines:
        ran = goals(*line, "--json")
        assert (ran.code, ran.err) == (0, ""), line
        assert isinstance(json.loads(ran.out), dict), line
