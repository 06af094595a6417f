"""Word stems: what stays of an English word without its endings.

Crude on purpose. A stem need not be a word; two forms of one word must have the same.
"""

from functools import lru_cache

_IRREGULAR_FORMS = """
admit: admission; agree: agreed; aircraft: plane planes airplane airplanes; approve: approval;
automobile: car cars; begin: began begun; break: broke broken; bring: brought; build: built;
buy: bought; catch: caught; child: children; choice: choices; choose: chose chosen; come: came;
conclude: conclusion conclusions; confess: confession; cut: cutting; datum: data; decay:
decaying; decide: decision decisions; delete: deletion deletions; deny: denial; describe:
description; die: dying dead death; disclose: disclosure; draw: drew drawn; drive: drove driven;
eat: ate eaten; employee: worker workers employees; exclude: exclusion; expand: expansion;
explain: explanation explanations; expose: exposure; extend: extension; fall: fell fallen; feel:
felt; fight: fought; find: found; forget: forgot forgotten; free: freed freedom freely; get: got
gotten; give: gave given; go: went gone goes; grow: grew grown growth; hear: heard; hide: hid
hidden; hold: held; honest: honesty; include: inclusion; keep: kept; know: knew known knowledge;
lead: led; leave: left; lend: lent; lie: lying lies; live: lives; lose: lost loss losses;
maintain: maintenance; make: made; man: men; mean: meant; meet: met; obey: obedience; pay: paid;
permit: permission permissions; person: people persons; preserve: preservation; private:
privacy; prohibit: prohibition; proof: prove proven; public: publicly; publish: publication
publications; put: putting; receive: receipt receipts; reduce: reduction reductions; refuse:
refusal; remove: removal; retain: retention; revise: revision; rise: rose risen; run: ran
running; safe: safety safely; say: said; secret: secrecy; see: saw seen; seek: sought; sell:
sold sale sales; send: sent; set: setting; show: shown; shut: shutting; sit: sat sitting; sleep:
slept; speak: spoke spoken speech; spend: spent; stand: stood; steal: stole stolen theft;
submit: submission submissions; subscribe: subscription subscriptions; supervise: supervision
supervisor supervisors; suspend: suspension; take: took taken; teach: taught; tell: told; think:
thought thoughts; throw: threw thrown; transparent: transparency; truth: truthful truthfully;
use: used using usage; wear: wore worn; win: won; withdraw: withdrew withdrawn withdrawal;
withhold: withheld; woman: women; write: wrote written
"""
_IRREGULAR = {
    form: base.strip()
    for base, _, forms in (entry.partition(":") for entry in _IRREGULAR_FORMS.split(";"))
    for form in forms.split()
}
_ENDINGS = (
    "isations", "isation", "ations", "ation", "ements", "ement", "ments", "ment", "nesses",
    "ness", "ities", "ity", "ings", "ing", "edly", "ingly", "ions", "ion", "ances", "ance",
    "ences", "ence", "ably", "able", "ives", "ive", "ally", "al", "als", "ers", "er", "ors", "or",
    "iers", "ier", "ies", "ied", "ily", "ees", "ee", "ly", "ed", "es", "s", "ful",
)  # fmt: skip
_BY_LENGTH = tuple(sorted(_ENDINGS, key=lambda ending: (-len(ending), ending)))
_SHORT = frozenset(("ed", "es", "s", "ly", "ing", "ings", "ies", "ied"))
_LONGEST = 40  # no English word is longer; what is, is compared as it stands


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """The stem of a word in lower case."""
    word = _IRREGULAR.get(word, word)
    if len(word) < 4 or len(word) > _LONGEST or not word.isalpha():
        return word
    word = word.replace("iz", "is") if word.endswith(_BRITISH) else word
    rest, ending = word, ""
    for ending in _BY_LENGTH:
        if word.endswith(ending):
            least = 3 if ending in _SHORT else 4
            if ending == "s" and word.endswith(("ss", "us", "is")):
                continue
            if ending == "ed" and word.endswith("eed"):
                continue
            if len(word) - len(ending) >= least:
                rest = word[: -len(ending)]
                break
    else:
        ending = ""
    if len(rest) > 3 and rest[-1] in "eyi":
        rest = rest[:-1]
    doubled = len(rest) > 3 and rest[-1] == rest[-2]
    if doubled and (len(rest) > 4 or (ending in ("ed", "ing", "er") and rest[-1] not in "lrsz")):
        rest = rest[:-1]
    return rest


_BRITISH = ("ize", "ized", "izes", "izing", "ization", "izations")
