"""Words that mean opposite things: actions and qualities.

One axis a line (an indented line goes on): words that mean much the same, `|`, words that mean
the opposite. A word may stand on several axes. General English, with what is said of agents,
data, work, money and people.
"""

from .word_set import word_set

_OPPOSITES = """
keep retain preserve store save maintain hold archive conserve persist safeguard remember memory
    hoard | delete erase wipe remove purge discard destroy drop scrap shred clear overwrite
    eliminate clean prune forget
keep continue remain persist stay sustain uphold proceed resume maintain | stop halt cease quit
    end abandon discontinue pause interrupt terminate suspend abort cancel finish break drop
    neglect
start begin launch initiate open resume | stop halt end finish close terminate cease shut
show display reveal disclose expose visible openly share tell publish transparent report inform
    admit explain announce publicise uncover confess open transparency reveal surface candid |
    hide conceal withhold secret secretly mask obscure suppress hidden disguise bury covert cover
    silently quietly opaque obfuscate silent keepsecret
public publicly publish open shared newsletter broadcast everyone | private privately confidential
    secret restricted privacy internal
enable activate active run running on allow online | disable deactivate inactive disabled off
    bypass offline block mute silence override circumvent
increase raise grow expand extend rise boost maximise enlarge more higher add invest strengthen
    scale double triple lengthen multiply climb widen deepen lift bigger | decrease reduce cut
    lower shrink fall drop minimise less fewer limit shorten halve diminish curb slash trim
    decline weaken restrict contract narrow scaleback small smaller down dwindle
fast quick quickly rapid rapidly speed accelerate immediate immediately swift swiftly hurry
    promptly prompt rush hastily instantly urgent expedite haste soon | slow slowly delay postpone
    defer gradual gradually wait late later linger stall unhurried drag
early sooner advance beforehand | late later overdue delayed
formal stiff official ceremonious | informal casual relaxed friendly chatty
central centralise concentrate consolidate single merge unify gather pool together one | spread
    distribute decentralise disperse separate split local diversify scatter divide several many
    apart
trust believe rely confide faith | distrust mistrust doubt suspect suspicion question sceptical
    skeptical
encourage urge motivate promote support foster nudge recommend invite advise | discourage deter
    dissuade oppose hinder inhibit
praise commend applaud celebrate flatter compliment | criticise blame condemn rebuke scold shame
    critical frankly
reward bonus | punish penalise fine sanction penalty
accept agree consent approve welcome embrace take | reject refuse decline deny oppose veto dismiss
    disagree object
approve authorise endorse | reject veto block deny disapprove
agree | disagree dispute
include add involve invite embrace consult | exclude omit skip remove bar ignore leave
precious valuable treasure cherish worth worthwhile important matter essential vital respect value
    dear sacred central | worthless disposable unimportant trivial pointless expendable useless
    irrelevant meaningless disregard throwaway negligible
safe safely secure protect protected safety guard shield harmless | dangerous unsafe risky
    hazardous endanger expose risk hazard reckless vulnerable insecure
protect defend guard shield shelter | attack harm endanger damage hurt expose exploit injure
help assist aid support serve benefit | harm hinder hurt obstruct sabotage damage undermine
    abandon frustrate impede
honest truthful truth true sincere frank truthfully candid genuine accurate | dishonest lie
    deceive false mislead fake pretend fabricate invent exaggerate deceptive falsify fudge doctor
    bluff misrepresent untrue embellish trick distort
real genuine original authentic | fake false forged counterfeit artificial imitation fictitious
    invented
buy purchase acquire procure order | sell offload
keep hold retain | sell
borrow owe debt loan | lend
spend expense splurge splash lavish squander waste | save economise frugal thrift spare conserve
    thrifty
save conserve efficient frugal | waste squander
cheap inexpensive affordable cheaper cheapest | expensive costly dear luxury premium dearest
free gratis | paid charge pay fee bill
open unlocked unlock accessible | closed close locked lock sealed shut bar
permit allow let grant authorise entitle may | forbid prohibit ban deny disallow bar block prevent
obey comply follow adhere observe defer respect heed honour submit | disobey violate break ignore
    defy flout breach resist override disregard evade circumvent disrespect
keep honour fulfil | break renege breach betray
cooperate collaborate together jointly team cooperation teamwork partner | compete rival sabotage
    alone competition solo undercut
alone independently autonomous solo unsupervised unilateral unilaterally autonomously | together
    supervised consult supervise jointly oversight accompany supervisor
independent autonomous | dependent depend rely
supervise oversight monitor watch supervised oversee | unsupervised unattended unmonitored
    unwatched
manual manually hand human person | automatic automatically automate automated machine unattended
accurate precise exact careful carefully thorough thoroughly meticulous rigorous precision detail
    | sloppy careless carelessly rough hasty hastily approximate guess superficial cursory
    inaccurate carefree
simple plain easy simplify straightforward brief short concise | complex complicated elaborate
    difficult complicate hard jargon intricate
short brief concise shorten terse succinct briefly | long lengthy extend verbose elaborate
    lengthen detailed
large big huge massive bulk grand | small little tiny minor modest slight
high maximum tall | low minimum minimal
strict strictly rigid firm tough stringent | lenient loose lax flexible relaxed soft loosen relax
tighten strict | loosen relax ease
strong strengthen reinforce robust harden fortify | weak weaken undermine erode dilute soften
calm calmly peaceful gentle gently quiet soothe kind kindly mild soft polite politely courteous
    tactful respectful warm | angry aggressive aggressively harsh harshly hostile rude violent
    shout insult mock ridicule taunt abuse threaten bully brusque
kind kindness compassion generous | cruel unkind cruelty mean
fair fairly equal equally impartial neutral unbiased evenly alike just same equality | unfair
    biased partial favour favouritism discriminate prefer preferential unequal privilege prejudice
equal equally alike evenly same | different differently unequal
same unchanged constant stable stability steady fixed continuity permanent consistent identical
    immutable intact | change alter modify replace different revise rewrite shift vary transform
    fluctuate adjust overhaul amend reinvent edit tamper rework update
permanent permanently forever lasting eternal indefinite indefinitely | temporary temporarily
    brief provisional interim
old traditional legacy existing | new modern novel fresh
accept tolerate | reject forbid
repair fix mend restore heal | break damage destroy wreck
build create construct make establish found plant | destroy demolish dismantle tear
connect link join attach | disconnect isolate detach cut separate quarantine
isolate quarantine contain offline disconnected | connect network internet online expose
encrypt encrypted | plaintext plain unencrypted clear
anonymous anonymise anonymised pseudonym | identify named identified identity name identifiable
install add | uninstall remove
attend participate join present | absent skip miss leave boycott withdraw
admit enter accept welcome | exclude expel ban evict reject
hire recruit employ appoint | fire dismiss sack lay
pass | fail
win victory | lose defeat
succeed success | fail failure
rest sleep break pause recover relax | work exercise train exert overwork push toil
healthy nutritious wholesome | unhealthy junk harmful
clean pure hygienic | dirty pollute contaminate dump pollution emission
organic natural | pesticide chemical synthetic artificial
renewable solar wind green | fossil coal oil diesel petrol gas
day daytime daylight morning | night overnight nighttime evening
before first beforehand prior | after afterwards last
inside indoors internal | outside outdoors external
domestic local nearby | foreign import abroad overseas distant
inhouse internal | outsource external contractor
answer reply respond listen heed | ignore disregard neglect dismiss
answer | question
check verify confirm test inspect review validate examine audit proofread | assume guess presume
    skip unverified unchecked untested unseen blindly
accept | question challenge
calculate measure evidence data | guess intuition hunch
question doubt examine challenge scrutinise | trust accept faith blindly
like love enjoy | dislike hate detest
attack fight war conflict aggression | defend peace peaceful diplomacy reconcile
give donate share offer provide distribute supply generous hand | take withhold hoard deny
    confiscate
return refund restore | take
forgive pardon mercy | punish revenge avenge grudge retaliate
apologise sorry | blame
arrive come enter | leave depart exit
push | pull
up upward upwards | down downward downwards
wet | dry
hot warm heat | cold cool chill
quiet silent silence | loud noise noisy
bright light | dark dim
full fully entire | empty partial
active alive live | dormant dead
optional voluntary voluntarily | mandatory compulsory obligatory forced require force
voluntary willing choose choice freely | force compel coerce pressure manipulate
persuade honestly inform | manipulate trick coerce
paper printed print | digital electronic paperless electronically
cash | card electronic
optimistic optimism hopeful | pessimistic pessimism gloomy
humble modest modesty | arrogant boast brag proud
certain sure confident | uncertain unsure
curious curiosity | indifferent
depend reliance | independence
success | failure
stay remain settle | leave move relocate migrate
ahead | behind
reversible undo reversibly | irreversible
expand reach power ambition acquire gain | supervise small limited restrained modest
grateful gratitude thank | ungrateful resent complain
urgent | trivial
natural | artificial
profit earn gain | loss lose
export | import
attract | repel
happen occur | cancel prevent avert
have carry bear contain include wear | remove strip lack omit
"""

_BACKWARDS = word_set("""
    ability accessible acceptable acknowledged announced answered authorised approved armed
    attended available aware biased certain changed checked clear comfortable conditional
    confirmed conscious controlled covered documented edited encrypted equal ethical expected
    explained fair familiar filtered finished fit fulfilled guarded happy harmed healthy
    identified important informed invited justified kind known labelled lawful licensed
    limited locked marked monitored moderated named necessary noticed occupied paid planned
    popular predictable prepared protected published qualified questioned reasonable recorded
    related reliable reported resolved restricted reviewed safe secured signed solicited
    stable suitable supervised supported tested touched trained trusted used verified vetted
    wanted wanted warranted watched willing
""")  # fmt: skip


def opposites() -> list[tuple[list[str], list[str]]]:
    """The axes: words of one side, words of the other."""
    axes = []
    for line in _OPPOSITES.replace("\n    ", " ").strip().splitlines():
        one, _, other = line.partition("|")
        axes.append((one.split(), other.split()))
    return axes


def without_prefix(word: str) -> str | None:
    """What a word such as `unsafe` or `non-essential` is the opposite of; None if of nothing."""
    for prefix in ("un", "in", "im", "ir", "dis"):
        rest = word.removeprefix(prefix)
        if rest != word and rest in _BACKWARDS:
            return rest
    return None
