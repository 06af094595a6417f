import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gdg_runtime.goals.checkers.checker import ConsistencyReport, LexicalChecker
from gdg_runtime.goals.model import Belief

DAY = datetime(2025, 1, 1, tzinfo=UTC)
HELD = {"active": True, "confidence": 1.0, "immutable": False, "version": 1}


def check(goal: str, *beliefs: str) -> ConsistencyReport:
    held = [
        Belief(id=f"b{place}", text=text, created_at=DAY, updated_at=DAY, **HELD)
        for place, text in enumerate(beliefs)
    ]
    return LexicalChecker().check_consistency(query=goal, beliefs=held, memories=[])


CONTRADICTIONS = [
    ("Delete all backups to free disk space", "Backups must never be deleted.", "negation"),
    ("Hide errors from the operators", "Errors are to be shown to the operators.", "antonym"),
    ("Do not inform operators about errors", "Operators must be informed about every error.",
     "negation"),
    ("Respond to tickets within three days", "Every ticket gets a reply within 24 hours.",
     "numbers"),
    ("Lend 40 percent of our funds", "Never lend more than a tenth of the funds.", "numbers"),
    ("Hire a second director", "There is exactly one director.", "exclusivity"),
    ("Exempt the managers from the travel policy", "The travel policy applies to everyone.",
     "quantifier"),
    ("Start the engine before closing the hatch",
     "The hatch has to be closed before the engine is started.", "order"),
]  # fmt: skip
AGREEMENTS = [
    ("Never share passwords", "Passwords must be kept secret."),
    ("Do not leave any complaint unanswered", "Complaints must be answered."),
    ("Wait for approval before acting", "I do not act without approval."),
    ("Ban phishing links", "Phishing links are forbidden."),
    ("Avoid plastic packaging", "Plastic packaging is banned."),
    ("Keep recordings for two weeks", "Recordings must be deleted after 30 days."),
    ("Lend 5 percent of our funds", "Never lend more than a tenth of the funds."),
    ("Close the hatch, then start the engine",
     "The hatch has to be closed before the engine is started."),
    ("Delete the temporary build files", "Personal files must never be deleted."),
]  # fmt: skip


@pytest.mark.parametrize(("goal", "belief", "kind"), CONTRADICTIONS)
def test_B6_a_text_that_contradicts_a_belief_reaches_the_severity_that_blocks(
    goal: str, belief: str, kind: str
) -> None:
    report = check(goal, belief)
    assert report.severity >= 0.6
    assert kind in [pattern.pattern_type for pattern in report.patterns]


@pytest.mark.parametrize(("goal", "belief"), AGREEMENTS)
def test_a_text_that_keeps_to_a_belief_is_not_blocked(goal: str, belief: str) -> None:
    assert check(goal, belief).severity < 0.6


def test_a_pattern_names_the_words_that_conflict() -> None:
    pattern = check("Hide errors from the operators", "Errors are shown to operators.").patterns[0]
    assert set(pattern.evidence) >= {"hide", "shown", "errors"}
    assert "'hide'" in pattern.rationale and "'shown'" in pattern.rationale


def test_a_number_is_compared_in_the_units_of_the_bound() -> None:
    belief = "Our trucks carry no more than 24,000 kilograms."
    assert check("Load 26 tonnes onto the blue truck", belief).severity >= 0.6
    assert check("Load 23 tonnes onto the blue truck", belief).severity < 0.4


@pytest.mark.parametrize("bound", ["at most {}", "no more than {}", "never more than {}"])
@pytest.mark.parametrize(("amount", "blocks"), [(29, False), (30, False), (31, True)])
def test_an_upper_bound_is_inside(bound: str, amount: int, blocks: bool) -> None:
    belief = f"A class must have {bound.format(30)} children."
    assert (check(f"Put {amount} children in the class", belief).severity >= 0.6) is blocks


@pytest.mark.parametrize(("amount", "blocks"), [(29, False), (30, True)])
def test_a_strict_upper_bound_is_outside(amount: int, blocks: bool) -> None:
    belief = "A class must have fewer than 30 children."
    assert (check(f"Put {amount} children in the class", belief).severity >= 0.6) is blocks


def test_each_belief_is_judged_by_itself() -> None:
    beliefs = [belief for _, belief, _ in CONTRADICTIONS]
    goal = CONTRADICTIONS[0][0]
    alone = [check(goal, belief).patterns for belief in beliefs]
    together = check(goal, *beliefs).patterns
    for place, patterns in enumerate(alone):
        renamed = tuple(p.model_copy(update={"belief_id": f"b{place}"}) for p in patterns)
        assert tuple(p for p in together if p.belief_id == f"b{place}") == renamed


@pytest.mark.parametrize(("goal", "belief", "kind"), CONTRADICTIONS)
def test_letter_case_blanks_and_curly_quotes_change_nothing(
    goal: str, belief: str, kind: str
) -> None:
    severity = check(goal, belief).severity
    assert check(f"  {goal.upper()}  ", belief.replace(" ", "\t")).severity == severity
    assert check("Don’t tell the team", "Tell the team.").severity == (
        check("Don't tell the team", "Tell the team.").severity
    )


VERBS = st.sampled_from(["record", "share", "delete", "inspect", "repair", "translate"])
THINGS = st.sampled_from(["meetings", "contracts", "engines", "letters", "invoices"])


@given(VERBS, THINGS)
def test_a_plain_negation_blocks_in_both_directions(verb: str, things: str) -> None:
    assert check(f"{verb} the {things}", f"Never {verb} the {things}.").severity >= 0.6
    assert check(f"Never {verb} the {things}", f"We {verb} the {things}.").severity >= 0.6
    assert check(f"Never {verb} the {things}", f"Do not {verb} the {things}.").severity < 0.4
    assert check(f"{verb} the {things}", f"We must {verb} the {things}.").severity < 0.4


VOCABULARY = """
not never no nobody without unless until before after only every some all at most least more than
less than one two dozen half a quarter of hour hours percent 5 1,000 0.5 24h $9 delete keep hide
show logs files operator must should may is are be to from the and but , . ; ( ) n't don't can't
's ' - % refuse avoid stop need needs let that who which nothing twice daily week per each single
second then first exactly limit under over beyond too
"""
WORDS = st.lists(st.sampled_from(VOCABULARY.split()), max_size=30).map(" ".join)
TEXTS = st.one_of(WORDS, st.text(max_size=300))


@settings(max_examples=120, deadline=None)
@given(TEXTS, TEXTS)
def test_any_two_texts_have_a_severity_from_0_to_1(goal: str, belief: str) -> None:
    report = check(goal, belief)
    assert 0.0 <= report.severity <= 1.0
    assert check(goal, belief) == report


@settings(max_examples=80, deadline=None)
@given(TEXTS)
def test_a_text_does_not_contradict_itself(text: str) -> None:
    assert check(text, text).patterns == ()


@settings(max_examples=50, deadline=None)
@given(TEXTS, st.permutations([belief for _, belief, _ in CONTRADICTIONS]))
def test_the_order_of_the_beliefs_does_not_change_the_severity(
    goal: str, beliefs: list[str]
) -> None:
    expected = check(goal, *(belief for _, belief, _ in CONTRADICTIONS)).severity
    assert check(goal, *beliefs).severity == expected


@pytest.mark.parametrize(
    "text",
    [
        "delete the logs never keep " * 80,
        "delete the logs. " * 120,
        " ".join(f"keep logs{place} hide." for place in range(100)),
        "not " * 500,
        "a." * 1000,
        "1 2 " * 500,
        "x" * 2000,
        "'" * 2000,
        "-" * 2000,
    ],
)
def test_the_longest_texts_and_most_beliefs_are_answered(text: str) -> None:
    beliefs = [f"{text[:1990]} {place}" for place in range(64)]
    assert 0.0 <= check(text[:2000], *beliefs).severity <= 1.0


def test_the_report_is_the_same_in_every_process() -> None:
    program = (
        "from tests_pairs import pairs, check\n"
        "for goal, belief, _ in pairs: print(check(goal, belief).model_dump_json())"
    )
    program = program.replace(
        "from tests_pairs import pairs, check",
        "import importlib.util as u; s = u.spec_from_file_location('t', "
        f"{__file__!r}); m = u.module_from_spec(s); s.loader.exec_module(m); "
        "pairs, check = m.CONTRADICTIONS, m.check",
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    ]
    assert outputs[0] and outputs[0] == outputs[1] == outputs[2]
