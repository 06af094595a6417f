"""Where the goals are, which goal is meant, and what the user reads when it can't be."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gdg_runtime.adapters.cli.goals.changes import duration

from .conftest import serving

LINE = {
    "text": "One", "category": "exploration", "value": 0.5, "effort": 0.5, "risk": 0.5,
    "created_at": "2025-11-08T12:00:00Z", "updated_at": "2025-11-08T12:00:00Z",
}  # fmt: skip


def fill(gdg, *ids: str, **fields: object) -> None:
    lines = [json.dumps({**LINE, **fields, "id": goal_id}) for goal_id in ids]
    Path("some.jsonl").write_text("\n".join(lines))
    assert gdg("goals", "import", "some.jsonl").code == 0


# --- where --------------------------------------------------------------------------------------


def test_reading_makes_no_file_and_adding_does(gdg, tmp_path: Path) -> None:
    ran = gdg("goals", "list")
    assert ran.code == 2
    assert "there are no goals at goals.db" in ran.err
    assert "`gdg-runtime goals add 'Tidy the test data'` begins" in ran.err
    assert list(tmp_path.iterdir()) == []
    assert gdg("goals", "add", " ").code == 2
    assert list(tmp_path.iterdir()) == []
    ran = gdg("goals", "add", "Tidy", "--db", "my goals.db")
    assert "gdg-runtime goals adopt goal_" in ran.out
    assert "--db 'my goals.db'" in ran.out
    assert (tmp_path / "my goals.db").exists()


def test_the_environment_names_the_place_and_the_command_line_wins(
    gdg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GDG_GOALS_DB", "env.db")
    ran = gdg("goals", "add", "Tidy")
    assert Path("env.db").exists()
    assert "--db" not in ran.out
    monkeypatch.setenv("GDG_GOALS_URL", "http://127.0.0.1:9")
    ran = gdg("goals", "list")
    assert ran.code == 2
    assert "GDG_GOALS_DB and GDG_GOALS_URL are both given" in ran.err
    assert gdg("goals", "list", "--db", "env.db").code == 0
    ran = gdg("goals", "list", "--url", "http://127.0.0.1:9")
    assert ran.code == 1
    assert "the goals at http://127.0.0.1:9 can't be used" in ran.err
    ran = gdg("goals", "list", "--db", "env.db", "--url", "http://127.0.0.1:9")
    assert "--db and --url are both given" in ran.err


def test_a_file_that_is_no_database_of_goals_is_told_and_left_alone(gdg) -> None:
    Path("notes.txt").write_text("precious " * 100)
    for line in (("list",), ("add", "x"), ("belief", "add", "a", "b")):
        ran = gdg("goals", *line, "--db", "notes.txt")
        assert ran.code == 2
        assert "notes.txt" in ran.err
    assert Path("notes.txt").read_text() == "precious " * 100


def test_a_server_asks_for_its_token(gdg, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with serving(tmp_path / "served.db", token="s3cret") as url:
        ran = gdg("goals", "list", "--url", url)
        assert ran.code == 2
        assert "GDG_TOKEN" in ran.err
        monkeypatch.setenv("GDG_TOKEN", "wr0ng")
        ran = gdg("goals", "list", "--url", url)
        assert ran.code == 2
        assert "wr0ng" not in ran.err
        monkeypatch.setenv("GDG_TOKEN", "s3cret")
        ran = gdg("goals", "list", "--url", url)
        assert ran.code == 0
        assert "No goals" in ran.out


# --- which goal -----------------------------------------------------------------------------------


def test_a_goal_is_named_by_its_beginning_or_end_if_no_other_has_the_same(gdg) -> None:
    fill(gdg, "goal_abc1", "goal_abd2", "x1")
    shown = {part: gdg("goals", "show", part, "--json").json["goal"]["id"]
             for part in ("goal_abc", "abc", "abd2", "d2", "x", "goal_abd2")}  # fmt: skip
    assert shown == {
        "goal_abc": "goal_abc1", "abc": "goal_abc1", "abd2": "goal_abd2", "d2": "goal_abd2",
        "x": "x1", "goal_abd2": "goal_abd2",
    }  # fmt: skip
    ran = gdg("goals", "show", "1")
    assert ran.code == 2
    assert "begins or ends the ids of 2 goals; give more of it" in ran.err
    assert "goal_abc1  One" in ran.err
    ran = gdg("goals", "show", "b")
    assert ran.code == 2
    assert "no goal has the id 'b', nor one that begins or ends so" in ran.err
    assert "`gdg-runtime goals list --by-date` shows the goals" in ran.err
    assert gdg("goals", "show", "").code == 2
    assert gdg("goals", "show", "b", "--json").json["refused"]["code"] == "goal-not-found"


def test_what_stands_in_a_table_names_the_goal(gdg) -> None:
    ids = [gdg("goals", "add", f"Goal {n}", "--json").json["goal"]["id"] for n in range(3)]
    ran = gdg("goals", "list", "--by-date")
    for goal_id in ids:
        assert goal_id[-8:] in ran.out
        assert gdg("goals", "show", goal_id[-8:], "--json").json["goal"]["id"] == goal_id


def test_the_shell_completes_goals_by_their_ids(gdg, monkeypatch: pytest.MonkeyPatch) -> None:
    def complete(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("_GDG_RUNTIME_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        ran = gdg()
        monkeypatch.delenv("_GDG_RUNTIME_COMPLETE")
        return [row.partition(",")[2] for row in ran.out.splitlines() if row]

    assert complete("gdg-runtime goals show g") == []
    fill(gdg, "g1", "g2", "h1")
    assert complete("gdg-runtime goals show g") == ["g1", "g2"]
    assert complete("gdg-runtime goals ad") == ["add", "adopt"]
    Path("goals.db").unlink()
    Path("goals.db").write_text("rubbish" * 100)
    assert complete("gdg-runtime goals show g") == []


# --- what is shown --------------------------------------------------------------------------------


def test_texts_of_others_act_neither_as_markup_nor_on_the_terminal(gdg) -> None:
    evil = "[red]evil[/red] \x1b[31m\u202e text\nsecond line"
    gdg("goals", "belief", "add", "b[red]", evil)
    fill(gdg, "g1", text=evil, owner=evil, contradicts=["b[red]"], metadata={evil: evil},
         success_metrics={evil: 1.0})  # fmt: skip
    lines = [("list",), ("list", "--by-date"), ("show", "g1"), ("explain", "g1"), ("adopt", "g1"),
             ("abandon", "g1", "--reason", evil), ("history",), ("belief", "list"),
             ("show", "nothing" + evil)]  # fmt: skip
    assert "[red]evil[/red] \\x1b[31m" in gdg("goals", "list").out
    for line in lines:
        ran = gdg("goals", *line)
        assert "\x1b" not in ran.out + ran.err, line
        assert "\u202e" not in ran.out + ran.err, line
    for line in (("show", "g1"), ("list", "--by-date"), ("belief", "list")):
        assert "[red]evil[/red] \\x1b[31m" in gdg("goals", *line).out, line


def test_what_is_suggested_can_be_typed_into_a_shell(gdg) -> None:
    gdg("goals", "belief", "add", "$(touch_me)", "x")
    ran = gdg("goals", "add", "y", "--contradicts", "$(touch_me)", "--adopt")
    assert "belief set '$(touch_me)' --inactive" in ran.err


def test_show_tells_all_that_is_not_as_always(gdg) -> None:
    gdg("goals", "add", "Tidy up\nand sweep", "--deadline", "36h", "--start", "90min", "--owner",
        "me", "--repeat-every", "1d", "--requires-approval", "--metric", "dust=0.1", "--meta",
        "room=kitchen", "--aligns-with", "core.order", "--contradicts", "core.chaos")  # fmt: skip
    goal_id = gdg("goals", "list", "--by-date", "--json").json["items"][0]["id"]
    ran = gdg("goals", "show", goal_id)
    assert ran.out.startswith(f"{goal_id}\nTidy up\nand sweep\n")
    assert re.search(r"deadline .*, in (1 d 12 h|1 d 11 h)", ran.out)
    assert re.search(r"may begin .*, in (1 h 30 min|1 h 29 min)", ran.out)
    for words in ("every 1 d", "needed before it can be adopted",
                  "dust ≥ 0.1", "kitchen", "core.order", "core.chaos", "version 1"):  # fmt: skip
        assert words in ran.out
    plain = gdg("goals", "add", "Plain", "--json").json["goal"]["id"]
    ran = gdg("goals", "show", plain)
    assert "deadline" not in ran.out
    assert "approval" not in ran.out


# --- next -----------------------------------------------------------------------------------------


def test_F2_next_select_takes_nothing_in_shadow_and_says_why(gdg) -> None:
    goal_id = gdg("goals", "add", "Tidy", "--adopt", "--json").json["goal"]["id"]
    ran = gdg("goals", "next", "--select")
    assert ran.code == 0
    assert f"In shadow: the goal {goal_id} would have been taken: Tidy" in ran.out
    assert "GOAL_SYSTEM=on and GOAL_SHADOW=off" in ran.out
    assert gdg("goals", "show", goal_id, "--json").json["goal"]["state"] == "adopted"


def test_F3_next_select_obeys_the_canary(gdg, live, monkeypatch: pytest.MonkeyPatch) -> None:
    goal_id = gdg("goals", "add", "Tidy", "--adopt", "--json").json["goal"]["id"]
    monkeypatch.setenv("GOAL_CANARY_PERCENT", "0")
    assert "Nothing is to be done now." in gdg("goals", "next", "--select").out
    monkeypatch.setenv("GOAL_CANARY_PERCENT", "100")
    assert f"Selected {goal_id}" in gdg("goals", "next", "--select").out


def test_F1_a_flag_that_is_not_understood_stops_a_selection_and_nothing_else(
    gdg, monkeypatch: pytest.MonkeyPatch
) -> None:
    gdg("goals", "add", "Tidy", "--adopt")
    monkeypatch.setenv("GOAL_SYSTEM", "maybe")
    ran = gdg("goals", "next", "--select")
    assert ran.code == 2
    assert "GOAL_SYSTEM is 'maybe'; set it to on or off" in ran.err
    assert gdg("goals", "next").code == 0


def test_next_says_what_holds_the_goals_back_if_none_is_ready(gdg) -> None:
    gdg("goals", "add", "Proposed only")
    assert "No goal is adopted" in gdg("goals", "next").out
    gdg("goals", "add", "Later", "--start", "5h", "--adopt")
    ran = gdg("goals", "next")
    assert "None of 1 adopted goals is ready." in ran.out
    assert re.search(r"Later: starts in (5 h|4 h 59 min)", ran.out)
    assert gdg("goals", "next", "--json").json["items"] == []


# --- bad command lines ------------------------------------------------------------------------

BAD = {
    "no command": ("", "Usage: gdg-runtime goals"),
    "a misspelt command": ("lst", "no command 'lst'. Did you mean list?"),
    "no text": ("add", "Missing argument 'TEXT'"),
    "an empty text": ("add ''", "text: expected at least 1 character, got ''"),
    "a value of 2": ("add x --value 2", "value: expected at most 1, got 2.0"),
    "a risk below 0": ("add x --risk -1", "risk: expected at least 0, got -1.0"),
    "a value that is no number": ("add x --value nan", "value: expected a finite number, got nan"),
    "a deadline of nothing": ("add x --deadline 0", "--deadline: expected at least 1, got 0"),
    "a deadline before the start": ("add x --start 2h --deadline 1h",
                                    "--deadline (60) is before --start (120)"),
    "no length of time": ("add x --deadline soon", "expected 90min, 36h, 7d or 2w"),
    "a metric without a target": ("add x --metric a", "expected NAME=NUMBER"),
    "an unknown category": ("add x --category fun", "'fun' is not one of 'introspection'"),
    "a belief on both sides": ("add x --aligns-with a --contradicts a",
                               "can't both align with and contradict 'a'"),
    "a dependency that is not there": ("add x --depends-on nothing", "no goal has the id"),
    "category without date": ("list --category exploration", "--category goes with --by-date"),
    "too long a list": ("list --limit 201", "201 is not in the range"),
    "a key without selection": ("next --key a", "--key goes with --select"),
    "a weight without value": ("weights value", "What shall value be?"),
    "a belief with a blank": ("belief set a", "There is nothing to change"),
    "a long reason": (f"abandon g1 --reason {'x' * 501}", "reason: expected at most 500"),
    "a URL that is none": ("list --url nowhere", "expected an address such as"),
    "a file that is not there": ("import nothing.jsonl", "No such file"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_the_user_reads_what_is_wrong(gdg, what: str) -> None:
    fill(gdg, "g1")
    line, message = BAD[what]
    ran = gdg("goals", *shlex.split(line))
    assert message in " ".join((ran.out + ran.err).split())
    assert ran.code == 2


ODD = "a\udcffb"
"""What the shell's a\\xffb becomes: a byte that is not UTF-8."""
ODD_LINES = [
    ("add", ODD), ("add", "x", "--owner", ODD), ("add", "x", "--meta", f"a={ODD}"),
    ("add", "x", "--meta", f"{ODD}=1"), ("add", "x", "--metric", f"{ODD}=1"),
    ("add", "x", "--aligns-with", ODD), ("add", "x", "--depends-on", ODD), ("show", ODD),
    ("edit", "g1", "--text", ODD), ("abandon", "g1", "--reason", ODD), ("list", "--owner", ODD),
    ("list", "--by-date", "--owner", ODD), ("list", "--by-date", "--cursor", ODD),
    ("next", "--owner", ODD), ("next", "--select", "--key", ODD), ("export", "--owner", ODD),
    ("belief", "add", "b", ODD), ("belief", "add", ODD, "x"), ("belief", "list", "--cursor", ODD),
    ("belief", "set", ODD, "--inactive"), ("weights", ODD, "0.5"), ("complete", "g1", "--measured",
    f"{ODD}=1"), ("history", "--after", "9" * 30), ("edit", "g1", "--value", "0.1", "--if-version",
    "9" * 30), ("complete", "g1", "--attempt", "9" * 30), ("add", "x", "--meta", "a=1e999"),
    ("add", "x", "--meta", f"a={'[' * 200}{']' * 200}"),
]  # fmt: skip


@pytest.mark.parametrize("line", ODD_LINES, ids=lambda line: ascii(" ".join(line))[:40])
def test_bytes_and_numbers_that_nothing_can_keep_are_bad_input(gdg, line: tuple[str, ...]) -> None:
    fill(gdg, "g1")
    before = gdg("goals", "list", "--by-date").out
    ran = gdg("goals", *line)
    assert ran.code == 2, ran.err
    assert "went wrong inside" not in ran.err
    assert gdg("goals", "list", "--by-date").out == before


@pytest.mark.parametrize(
    ("text", "minutes"), [("90", 90), ("5m", 5), ("90min", 90), ("36h", 2160), ("2 w", 20160)]
)
def test_a_length_of_time_may_have_a_unit(text: str, minutes: int) -> None:
    assert duration(text) == minutes


_WORDS = st.sampled_from(
    ["add", "list", "show", "adopt", "next", "history", "belief", "weights", "set", "import", "-1",
     "--json", "--by-date", "--limit", "--state", "adopted", "g1", "some.jsonl", "--value", "0.5",
     "--deadline", "none", "--", "-h", "--metric", "a=1", "--text", "--db", "other.db"]
)  # fmt: skip
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["add", "list", "show", "explain", "edit", "adopt", "abandon", "next",
                     "complete", "history", "belief", "weights", "rollout"]),
    st.lists(_WORDS | _TEXT, max_size=5),
)  # fmt: skip
def test_no_command_line_makes_a_traceback(gdg, command: str, rest: list[str]) -> None:
    fill(gdg, "g1")
    ran = gdg("goals", command, *rest)
    assert ran.code in (0, 1, 2)
    assert ran.code == 0 or ran.err or ran.out


def test_help_of_goals_imports_nothing_slow() -> None:
    program = (
        "import sys\n"
        "from gdg_runtime.adapters.cli import main\n"
        "try:\n"
        "    main(['goals', '--help'])\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "slow = {'trio', 'pydantic', 'rich', 'sqlite3', 'httpx2', 'fastapi'}\n"
        "print(sorted(slow & sys.modules.keys()), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "explain   Say why a goal stands where it stands" in done.stdout
    assert done.stderr == "[]\n"


def test_the_command_line_over_a_file_imports_no_server_and_no_client() -> None:
    program = (
        "import sys\n"
        "from gdg_runtime.adapters.cli import main\n"
        "try:\n"
        "    main(['goals', 'add', 'x', '--db', ':memory:'])\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "print(sorted({'httpx2', 'fastapi', 'trio', 'rich'} & sys.modules.keys()),\n"
        "      file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]\n"
