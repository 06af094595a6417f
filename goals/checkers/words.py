"""Texts as words: in lower case, with phrases of several words taken as one."""

from typing import NamedTuple

from .stems import stem

LONGEST_TEXT = 20_000
"""Characters that are looked at; what a goal or a belief may hold is far less."""


class Word(NamedTuple):
    """One word, number or mark of a text."""

    text: str
    """As it is compared: in lower case, phrases replaced by the word they stand for."""
    stem: str
    shown: str
    """As it stands in the text, for evidence."""


_APOSTROPHES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2032": "'",
                              "\u2013": ",", "\u2014": ",", "\u2026": "."})  # fmt: skip
_MARKS = frozenset(".,;:!?\n%()")
_NOT = {"can't": "can", "won't": "will", "shan't": "shall", "cannot": "can"}

# A phrase, and the one word that it is read as.
_PHRASES = {
    tuple(phrase.split()): word
    for word, phrases in {
        "disable": "switch off|turn off|shut off|power down|powered down|shut down|switched off|"
                   "turned off|shutting down|switching off|turning off|power off|powered off|"
                   "log off|take offline|taken offline|take down|taken down|taking down",
        "enable": "switch on|turn on|switched on|turned on|switching on|turning on|power up|"
                  "powered up|keep online",
        "never": "under no circumstances|at no time|in no case|on no account|not ever|"
                 "by no means|in no way",
        "nowhere": "not anywhere",
        "not": "no longer|not any more|not any longer",
        "without": "in the absence of|free of|rather than|instead of",
        "beyondlimits": "off limits|off-limits|out of bounds",
        "notup": "not up for|above any|beyond any",
        "abandon": "give up|gives up|giving up|gave up|walk away",
        "continue": "go on|goes on|going on|carry on|carries on|carrying on|keep on|keep going|"
                    "keeps going",
        "postpone": "put off|puts off|putting off|hold off",
        "publish": "put out|puts out|putting out|roll out|rolled out|rolling out|rolls out|"
                   "go live|goes live|going live|put up|puts up|putting up",
        "slow": "slow down|slows down|slowed down|slowing down",
        "fast": "speed up|speeds up|sped up|speeding up|right away|straight away|at once|"
                "as fast as|as soon as possible|as quickly as",
        "increase": "go up|goes up|going up|scale up|scaled up|ramp up|step up|bring up",
        "decrease": "go down|goes down|going down|come down|cut back|cut down|scale down|"
                    "scaled down|scale back|scaled back|bring down|cutting back|wind down",
        "approve": "sign off on|signs off on|signed off on|sign off|signs off|signed off|"
                   "signing off|green light",
        "remove": "take off|takes off|taken off|taking off|strip out|take away|taken away",
        "happen": "take place|takes place|took place|taking place",
        "reservedfor": "reserved for|restricted to|limited to|confined to|belongs to|belong to",
        "sack": "lay off|lays off|laid off|laying off|let go of",
        "retain": "hold on to|holds on to|holding on to|hang on to|held on to",
        "enabled": "remain on|remains on|stay on|stays on|left on|leave on|kept on",
        "discard": "throw away|throws away|thrown away|throwing away|throw out|thrown out|"
                   "get rid of|gets rid of|getting rid of|dispose of|do away with",
        "skip": "leave out|leaves out|left out|leaving out|pass over|do without|dispense with",
        "reject": "turn down|turns down|turned down|turning down|brush off|brush aside",
        "ignore": "look past|looks past",
        "check": "look at|looked at|looks at|looking at|look over|look into|looked into|"
                 "looking into|go over|gone over|look through|looked through",
        "comply": "go along with|abide by|abides by|live up to",
        "submit": "hand in|hands in|handed in|turn in|turned in",
        "inform": "let know|point out to",
        "delegate": "hand over|hands over|handed over|handing over|hand off|give away",
        "reveal": "give out|gives out|made public|make public|making public|let out|open up",
        "agree": "say yes",
        "record": "write down|writes down|wrote down|written down|writing down|note down",
        "onsite": "in person|face to face",
        "alone": "on its own|on my own|on their own|on his own|on her own|on our own|by itself|"
                 "by myself|by themselves",
        "atmost": "at most|at the most|at maximum|no more than|not more than|no longer than|"
                  "not longer than|no later than|not later than|no greater than|no higher than|"
                  "not exceed|never exceed|not to exceed|or less|or fewer|or below|or under|"
                  "never more than|up to|as many as|no bigger than|no larger than|"
                  "not beyond|never beyond|or lower|or shorter|and no more|but no more|never above|"
                  "not above|never over|not over|a maximum of|maximum of|not go above",
        "atleast": "at least|at the least|at minimum|no less than|not less than|no fewer than|"
                   "not fewer than|or more|or above|or over|never less than|never fewer than|"
                   "no lower than|or longer|or higher|or older|a minimum of|minimum of|"
                   "not fall below|never fall below|never below|not below|not drop below|"
                   "never drop below|never under|no earlier than|not before|no sooner than",
        "lessthan": "less than|fewer than|lower than|shorter than|smaller than",
        "morethan": "more than|greater than|higher than|longer than|larger than|in excess of|"
                    "older than|bigger than",
        "insist": "insist on|insists on",
        "nobody": "no one|no-one|not anyone|not anybody",
        "nothing": "not anything",
        "noneelse": "nowhere else|nobody else|no one else|nothing else|none other",
        "only": "none but|nobody but|nothing but|no one but|no other than",
        "every": "each and every",
        "everybody": "every one of us|one and all",
        "eveniff": "even if|even though|even when",
        "someof": "some of|part of|parts of|a few of|a handful of|half of|most of|many of|"
                  "a sample of|a subset of|a fraction of",
        "another": "one more|a second|a third",
        "because": "so that|in order to|so as to|in order that",
        "always": "at all times|in all cases|in every case|without exception|every time",
    }.items()
    for phrase in phrases.split("|")
}  # fmt: skip
_LONGEST_PHRASE = max(map(len, _PHRASES))


def words_of(text: str) -> list[Word]:
    """The words, numbers and marks of a text, in its order."""
    raw = _split(text[:LONGEST_TEXT])
    found: list[Word] = []
    place = 0
    while place < len(raw):
        for length in range(min(_LONGEST_PHRASE, len(raw) - place), 1, -1):
            phrase = tuple(raw[place : place + length])
            if phrase in _PHRASES:
                word = _PHRASES[phrase]
                found.append(Word(word, stem(word), " ".join(phrase)))
                place += length
                break
        else:
            word = raw[place]
            found.append(Word(word, stem(word), word))
            place += 1
    return found


def _split(text: str) -> list[str]:
    pieces: list[str] = []
    for chunk in _spaced(text.casefold().translate(_APOSTROPHES)).split(" "):
        if not chunk:
            continue
        word = chunk.strip("'\"`*_#<>[]{}|~^=/\\“”„«»")
        if word in _NOT:
            pieces += (_NOT[word], "not")
        elif word.endswith("n't"):
            pieces += (word[:-3], "not")
        elif word.endswith(("'s", "s'")):
            pieces.append(word[:-2] if word.endswith("'s") else word[:-1])
        elif word.endswith(("'ll", "'ve", "'re", "'d", "'m")):
            pieces += (word.partition("'")[0], "will" if word.endswith("'ll") else "be")
        elif "-" in word:
            pieces += [part for part in word.split("-") if part]
        elif word[:1].isdigit():
            pieces += _number_and_unit(word)
        elif word:
            pieces.append(word)
    return [piece for piece in pieces if piece]


def _number_and_unit(word: str) -> list[str]:
    """`24h` as two words; `2nd` stays one."""
    number = word.rstrip("abcdefghijklmnopqrstuvwxyz/")
    unit = word[len(number) :]
    return [number, unit] if unit and unit not in ("st", "nd", "rd", "th") else [word]


def _spaced(text: str) -> str:
    """Blanks around marks, except inside of a number such as 2,500 or 0.5."""
    out: list[str] = []
    for place, char in enumerate(text):
        if char in _MARKS:
            inside = (
                char in ".,:"
                and 0 < place < len(text) - 1
                and text[place - 1].isdigit()
                and text[place + 1].isdigit()
            )
            out.append(char if inside else f" {'.' if char == chr(10) else char} ")
        elif char.isspace():
            out.append(" ")
        else:
            out.append(char)
    return "".join(out)
