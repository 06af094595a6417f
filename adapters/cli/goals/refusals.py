"""What a refusal means for whoever typed the command: which exit code, and what to do next."""

import re
from shlex import quote

from ....goals.answers import Refused

EXIT_REFUSED, EXIT_BAD_INPUT = 1, 2

_BAD_INPUT = (
    "goal-not-found",
    "belief-not-found",
    "decision-not-found",
    "unauthorised",
    "goal-ambiguous",
    "no-goals-there",
    "bad-cursor",
    "bad-flag",
    "invalid-goal",
    "invalid-request",
    "unknown-dependency",
    "dependency-cycle",
    "store-unusable",
)
"""Codes that say that the command line is wrong, whatever else happens."""

_NEXT = {
    "no-goals-there": "`{goals} add 'Tidy the test data'` begins; --db FILE or --url URL says "
    "where else they are.",
    "goal-not-found": "`{goals} list --by-date` shows the goals that there are.",
    "belief-not-found": "`{goals} belief list` shows the beliefs that there are, `{goals} belief "
    "add` makes one.",
    "belief-exists": "`{goals} belief set` changes it.",
    "decision-not-found": "`{goals} weights` shows what can be set.",
    "bad-cursor": "Take next_cursor from the page before, or begin without --cursor.",
    "illegal-transition": "`{goals} history {goal}` shows how it came to where it is.",
    "goal-executing": "End its execution with `{goals} complete {goal}`, or give it back with "
    "`{goals} release {goal}`.",
    "goal-not-editable": "Propose a new goal with `{goals} add`.",
    "goal-blocked-by-belief": "Change what it says with `{goals} edit {goal} --text TEXT`, or give "
    "it up with `{goals} abandon {goal}`.",
    "goal-deadline-passed": "Give it more time with `{goals} edit {goal} --deadline TIME`, or "
    "give it up with `{goals} abandon {goal}`.",
    "approval-required": "`{goals} approve {goal}` approves it.",
    "unknown-dependency": "`{goals} list --by-date` shows the goals that there are.",
    "unauthorised": "Put the server's token into the environment variable GDG_TOKEN.",
}
_CONTRADICTED = (
    "If the belief does not hold any more: `{goals} belief set {belief} --inactive`. Else give the "
    "goal up with `{goals} abandon {goal}`."
)
_COMMAND_LINE = re.compile(r"`([^`]*)`")
_NAME = re.compile(r"\{goals?\}|\{belief\}")


def exit_code(refused: Refused) -> int:
    """2 for what no other state of the goals would make right, else 1."""
    return EXIT_BAD_INPUT if refused.code in _BAD_INPUT else EXIT_REFUSED


def reason(refused: Refused) -> str:
    """What stands against the command; where beliefs do, which ones."""
    facts = refused.facts
    beliefs = facts.get("belief_ids")
    if facts.get("reason") != "severity" or not isinstance(beliefs, list):
        return refused.detail
    named = ", ".join(str(belief) for belief in beliefs)
    return f"blocked by {named} (severity {facts.get('severity')}): {refused.detail}"


def advice(refused: Refused, options: str) -> str:
    """What to do next, in a sentence or two; empty if the refusal says it itself.

    `options` names the goals' place; each command line in the advice ends with them.
    """
    facts = refused.facts
    text = _NEXT.get(refused.code, "")
    if facts.get("reason") == "active_contradiction":
        text = _CONTRADICTED
    beliefs = facts.get("belief_ids")
    names = {
        "{goals}": "gdg-runtime goals",
        "{goal}": quote(str(facts.get("goal_id") or "GOAL")),
        "{belief}": quote(str(beliefs[0])) if isinstance(beliefs, list) and beliefs else "BELIEF",
    }
    text = _COMMAND_LINE.sub(lambda found: f"`{found[1]}{options}`", text)
    return _NAME.sub(lambda found: names[found[0]], text)
