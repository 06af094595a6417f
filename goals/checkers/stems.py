"""Word stems: what stays of an English word without its endings.

Crude on purpose. A stem need not be a word; two forms of one word must have the same.
"""

from functools import lru_cache

_IRREGULAR = {
    form: base
    for base, forms in {
        "begin": "began begun", "break": "broke broken", "bring": "brought", "build": "built",
        "buy": "bought", "catch": "caught", "automobile": "car cars", "child": "children", "choose": "chose chosen",
        "come": "came", "cut": "cutting", "datum": "data", "draw": "drew drawn",
        "drive": "drove driven", "eat": "ate eaten", "fall": "fell fallen", "feel": "felt",
        "fight": "fought", "find": "found", "forget": "forgot forgotten", "get": "got gotten",
        "give": "gave given", "go": "went gone goes", "grow": "grew grown growth",
        "hear": "heard", "hide": "hid hidden", "hold": "held", "keep": "kept",
        "know": "knew known knowledge", "lead": "led", "leave": "left", "lend": "lent",
        "live": "lives", "lose": "lost loss losses", "make": "made", "man": "men",
        "mean": "meant", "meet": "met", "pay": "paid", "person": "people persons",
        "put": "putting", "rise": "rose risen", "run": "ran running", "say": "said",
        "see": "saw seen", "seek": "sought", "sell": "sold sale sales", "send": "sent",
        "set": "setting", "show": "shown", "shut": "shutting", "sit": "sat sitting",
        "sleep": "slept", "speak": "spoke spoken speech", "spend": "spent", "stand": "stood",
        "steal": "stole stolen theft", "take": "took taken", "teach": "taught", "tell": "told",
        "think": "thought thoughts", "throw": "threw thrown", "wear": "wore worn",
        "win": "won", "withdraw": "withdrew withdrawn withdrawal", "withhold": "withheld",
        "use": "used using usage", "publish": "publication publications", "woman": "women", "write": "wrote written", "deny": "denial",
        "remove": "removal", "approve": "approval", "revise": "revision",
        "permit": "permission permissions", "decide": "decision decisions",
        "conclude": "conclusion conclusions", "include": "inclusion",
        "exclude": "exclusion", "disclose": "disclosure", "expose": "exposure",
        "supervise": "supervision supervisor supervisors", "delete": "deletion deletions",
        "explain": "explanation explanations", "receive": "receipt receipts",
        "die": "dying dead death", "lie": "lying lies", "honest": "honesty",
        "secret": "secrecy", "public": "publicly", "private": "privacy",
        "choice": "choices", "proof": "prove proven", "reduce": "reduction reductions",
        "expand": "expansion", "extend": "extension", "retain": "retention",
        "describe": "description", "subscribe": "subscription subscriptions",
        "suspend": "suspension", "admit": "admission", "submit": "submission submissions",
        "obey": "obedience", "refuse": "refusal", "prohibit": "prohibition",
        "maintain": "maintenance", "transparent": "transparency", "confess": "confession",
        "free": "freedom freely", "truth": "truthful truthfully", "safe": "safety safely",
        "decay": "decaying", "preserve": "preservation", "employ": "employee employees",
    }.items()
    for form in forms.split()
}  # fmt: skip
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
