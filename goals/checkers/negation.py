"""The words that turn a statement round, and those that carry its grammar."""

from collections.abc import Sequence

from .word_set import word_set

NOT = word_set("not never neither nor hardly barely rarely scarcely seldom")
"""Turn round what follows them in the clause."""

NO = word_set("no nobody nothing none nowhere zero")
"""Turn round what follows, and a verb right before them: keep no records, tell nobody."""

WITHOUT = frozenset(["without", "lacking", "minus"])
UNLESS = frozenset(["unless", "except", "save", "barring"])
UNTIL = frozenset(["until", "till", "before", "ahead"])

REFRAIN = word_set("""
    avoid avoids avoided avoiding refuse refuses refused refusing refrain refrains stop stops
    stopped stopping cease ceases prevent prevents preventing prevented forbid forbids
    forbidding ban bans banning prohibit prohibits prohibiting outlaw reject rejects rejecting
    decline declines abstain desist neglect neglects fail fails failing omit omits skip skips
    skipping resist deter discontinue quit oppose opposes deny denies bar bars block blocks
    abandon drop halt halts avoidance forgo shun against bypass circumvent evade waive ignore
    disregard dodge sidestep overlook withhold eliminate
""")
"""Verbs that turn round what they govern: avoid X, refuse to X, stop X-ing."""

BANNED = word_set("""
    forbidden banned prohibited outlawed barred disallowed illegal unlawful avoided wrong bad
    harmful reckless dangerous unacceptable unethical immoral cruel foolish inappropriate
    taboo beyondlimits notup impermissible intolerable inexcusable unthinkable wasteful
    shameful evil unwise irresponsible stopped prevented abolished refused rejected
    discouraged dishonest verboten
""")
"""Said of a subject, they turn it round: phones are forbidden, it is wrong to X."""

ALLOWED = word_set("allowed permitted acceptable okay ok fine welcome authorised")
"""Said of a subject under a `not`, they turn the subject round."""

AUXILIARIES = word_set("""
    must should shall will would may might can could ought has have had having is are was were
    be been being am do does did need needs needed remain remains stay stays get gets
""")

CONDITIONS = word_set("""
    when whenever while once if because since although though where wherever eveniff after so
    whether despite
""")
"""Begin a part that says under which circumstances; a negation before them ends."""

CONCESSIONS = frozenset(["eveniff", "although", "though", "despite"])
"""What stands in their part is meant, not only supposed."""

PREPOSITIONS = word_set("""
    as in on at with by from into onto for over under about through during per within next
    across against between among via beside behind above below around near outside inside
    toward towards upon along throughout after onto off out up down beyond than like to
""")

PLAIN = word_set("""
    a an the this that these those my your his her its our their mine ours theirs yours i me
    we us you he him she it they them who whom whose which what and or of to then there here
    some any each every all both either such own same other others another more most much many
    few less least several lot lots bit very too quite rather really just even still also only
    solely exclusively merely always often sometimes usually how why myself ourselves itself
    themselves yourself else not no everything something anything thing things everyone
    everybody anyone anybody someone somebody one ones way ways again away back now today well
    sure able right rights part kind sort matter matters make makes made making become becomes
    becoming deserve deserves want wants think us please try tries upon along thoroughly
    atmost atleast lessthan morethan exactly precisely about roughly around nearly almost
    about whole entire rest yet already soon instead together per percent half quarter third
    dozen hundred thousand million two three four five six seven eight nine ten eleven twelve
    fifteen twenty thirty forty fifty sixty seventy eighty ninety first second last single
    twice once daily weekly monthly yearly annually hourly day days week weeks month months
    year years hour hours minute minutes seconds percent percentage noneelse someof extra
    additional new current existing reservedfor certain particular available necessary
    possible time times use uses used using step steps process processes procedure procedures
    entry entries requirement requirements let lets letting afterwards afterward later finally
""")
"""Words that say nothing about the topic."""

LESSENING = word_set("""
    reduce lower lessen decrease minimise minimize cut limit discourage fight combat remove
    delete correct fix repair hide prevent avoid stop ban block reject punish warn detect
    report find monitor expose restrict tackle address curb criticise against flag ask
    question replace
""")
"""Verbs of those who do not want what they act on."""


def is_negated(texts: Sequence[str], place: int) -> bool:
    """Whether an odd number of negations since the last comma comes before this place."""
    count = 0
    for text in texts[:place]:
        if text == ",":
            count = 0
        count += text in NOT or text in NO
    return count % 2 == 1
