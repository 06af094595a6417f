"""What an estimate leaves out, and what it takes for granted, in words."""

from collections.abc import Sequence

from .budget_check import BudgetCheck
from .load import MISCOUNT, REPEATS, REPLY
from .pace import LOCAL_TOKENS_PER_SECOND, SECONDS_PER_CALL
from .rehearsal import Rehearsal

_SHOWN = 3


def warnings(
    rehearsals: Sequence[Rehearsal], silent: Sequence[str], checks: Sequence[BudgetCheck]
) -> list[str]:
    """What may be wrong; `silent` are agents that asked nothing."""
    said = []
    withheld = sorted({effect for rehearsal in rehearsals for effect in rehearsal.withheld})
    if withheld:
        said.append(
            f"agents ask others than models ({', '.join(withheld)}): they were not asked, so "
            f"their costs, and what agents would do with their answers, are not counted"
        )
    failures = sum([rehearsal.failures for rehearsal in rehearsals])
    if failures:
        times = "once" if failures == 1 else f"{failures} times"
        said.append(
            f"agents' own code failed {times} in the rehearsal, where models gave made-up "
            f"answers: questions may be missing"
        )
    if any(rehearsal.endless for rehearsal in rehearsals):
        said.append(
            "an agent would not stop asking its model in the rehearsal: it may ask far more often "
            "than this estimate says"
        )
    if any(check.needed is None for check in checks):
        said.append(
            "a budget in US dollars can't be kept while a price is unknown: the run would not start"
        )
    if silent:
        more = f" and {len(silent) - _SHOWN} more" if len(silent) > _SHOWN else ""
        said.append(
            f"in the first steps {', '.join(silent[:_SHOWN])}{more} asked nothing, so nothing is "
            f"counted for them"
        )
    return said


def assumptions(*, local: bool, remote: bool, offers: bool) -> list[str]:
    """What the low, the expected and the high figures rest on."""
    if not local and not remote:
        return []
    said = [
        "every step is played; failed requests that are sent again are not counted",
        f"replies that have to be asked for again: none, {REPEATS.expected:.0%}, all",
    ]
    if offers:
        said.append(
            "offers of others: none, as in the rehearsal, one for each agent in each step (twice "
            "the rehearsal's if that is more)"
        )
    said.append(
        f"tokens: one for 4 bytes, times {MISCOUNT.low:g}, {MISCOUNT.expected:g}, "
        f"{MISCOUNT.high:.2f}; a reply has {REPLY.low:g}, {REPLY.expected:g}, max_tokens"
    )
    if remote:
        seconds = ", ".join([f"{each:g}" for each in SECONDS_PER_CALL])
        said.append(f"an answer takes {seconds} s, unless a rate limit holds it back")
    if local:
        prompts, replies = LOCAL_TOKENS_PER_SECOND
        said.append(
            f"the local model reads {prompts:g} and writes {replies:g} tokens a second, or twice "
            f"or half as many"
        )
    return said
