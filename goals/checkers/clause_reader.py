"""Reads a clause into terms: which words are verbs, objects and conditions, and what is negated."""

from collections.abc import Sequence

from .meanings import is_action
from .negation import (
    ALLOWED,
    AUXILIARIES,
    BANNED,
    CONCESSIONS,
    CONDITIONS,
    NO,
    NOT,
    PLAIN,
    PREPOSITIONS,
    REFRAIN,
    UNLESS,
    UNTIL,
    WITHOUT,
)
from .terms import Role, Term
from .word_set import word_set
from .words import Word

_MANY_TERMS = 40  # from which on repeated ones are dropped


def terms_of(words: Sequence[Word]) -> list[Term]:
    """The terms of a clause, in its order."""
    return _Reader(words).read()


class _Reader:
    """Goes through a clause once, from left to right."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = words
        self._terms: list[Term] = []
        self._sign = 1
        self._part = 0  # the first term of the part whose subject a predicate turns round
        self._role: Role = "core"
        self._verb_next = False
        self._after_auxiliary = False
        self._condition = self._required = False
        self._refrains = False
        self._outside: int | None = None  # the sign outside of the relative clause that is read

    def read(self) -> list[Term]:
        for place, word in enumerate(self._words):
            self._take(place, word)
        self._find_heads()
        if len(self._terms) <= _MANY_TERMS:
            return self._terms
        different = {
            (term.word.stem, term.sign, term.role, term.condition): term
            for term in reversed(self._terms)
        }
        return list(reversed(different.values()))

    def _take(self, place: int, word: Word) -> None:
        text = word.text
        if text in AUXILIARIES and self._outside is not None and not self._opens_relative(place):
            self._sign, self._outside = self._outside, None
        relative = self._has_term_before(place) and self._terms[-1].role != "predicate"
        if relative and (text in _RELATIVE or text == "nobody"):
            self._outside = self._sign
        if text in NOT or text in NO:
            self._negate(place, text)
        elif text in WITHOUT:
            self._end_refraining()
            self._required |= self._sign < 0
            self._condition |= self._sign < 0
            self._sign = -self._sign
            self._role, self._verb_next = "core", self._next_is_ing(place)
        elif text in UNLESS and text != "save":
            forbidden = self._sign < 0
            self._begin_part("aside", condition=True, sign=1 if forbidden else -1)
            self._required = forbidden
        elif text in UNTIL:
            forbidden = self._sign < 0
            self._begin_part("aside", condition=True, sign=1)
            self._required = forbidden
            self._verb_next = self._next_is_ing(place)
        elif text in CONDITIONS:
            self._begin_part("aside", condition=text not in CONCESSIONS, sign=1)
            self._verb_next = self._next_is_ing(place)
        elif text in BANNED and self._after_auxiliary:
            self._turn_subject()
            self._sign = -self._sign
        elif text in ALLOWED and self._after_auxiliary:
            self._verb_next = False
        elif text in REFRAIN:
            self._refrain(place, word)
        elif text in _REQUIRES and self._is_demand(place):
            for term in self._terms:
                term.condition = True
            self._begin_part("core", condition=False, sign=1)
        elif text in AUXILIARIES and not (text in _FULL_VERBS and self._starts(place)):
            self._verb_next = self._after_auxiliary = True
            if not self._condition:
                self._role = "core"
        elif text == ",":
            self._comma(place)
        elif text == "and":
            following = self._text(place + 1)
            if is_action(self._stem(place + 1)) and not following.endswith("ing"):
                self._sign, self._verb_next = 1, self._has_verb()
            elif following in AUXILIARIES and self._outside is None:
                self._sign = 1
        elif text == "to":
            self._verb_next = True
            self._role = "aside"
        elif text == "from" and self._next_is_ing(place) and self._kept():
            self._sign, self._verb_next = -self._sign, True
        elif text in PREPOSITIONS:
            self._role = "aside"
            self._verb_next = self._next_is_ing(place)
        elif text in PLAIN or not text[0].isalpha():
            if not text[0].isalpha() or (self._verb_next and text in _NOUNS_BEGIN):
                self._verb_next = False
        else:
            self._add(place, word)

    def _add(self, place: int, word: Word) -> None:
        role: Role = self._role
        if self._verb_next or self._opens(place, word) or self._is_finite(place, word):
            if self._role == "aside" and not is_action(word.stem) and self._before(place) == "to":
                role = "aside"
            else:
                role = "predicate"
                if not self._condition:
                    self._role = "core"
        self._verb_next = False
        self._terms.append(
            Term(word, place, self._sign, role, True, self._condition, self._required)
        )

    def _opens(self, place: int, word: Word) -> bool:
        """Whether it is the verb of an order, or the gerund that a clause begins with."""
        if self._terms or not self._starts(place):
            return False
        following = self._text(place + 1)
        if following in _RELATIVE:
            return is_action(word.stem)
        if following in PLAIN or following in PREPOSITIONS:
            return not self._is_statement(place) or word.text.endswith("ing")
        return is_action(word.stem) and not self._is_statement(place)

    def _opens_relative(self, place: int) -> bool:
        return self._before(place) in _RELATIVE or self._before(place) == "nobody"

    def _has_term_before(self, place: int) -> bool:
        return bool(self._terms) and self._terms[-1].place == place - 1

    def _is_demand(self, place: int) -> bool:
        """`X needs Y`, which says nothing of X itself."""
        inside = any(word.text in _OWN_VERB or word.text == "than" for word in self._words[:place])
        return bool(self._terms) and not inside and self._text(place + 1) != "to"

    def _is_finite(self, place: int, word: Word) -> bool:
        """Whether it is the verb of a statement without an auxiliary, or of `let X …`."""
        if not self._has_term_before(place) or self._has_verb(since=self._part):
            return False
        if any(before.text in ("let", "lets", "letting") for before in self._words[:place]):
            return is_action(word.stem)
        following = self._text(place + 1)
        if self._after_auxiliary or not (_is_small(following) or following in _WHOM):
            return False
        plural = self._before(place).endswith("s")
        return plural != word.text.endswith("s") and not word.text.endswith(("ing", "ed"))

    def _is_statement(self, place: int) -> bool:
        """Whether an auxiliary comes before any part that has its own."""
        for word in self._words[place + 1 :]:
            if word.text in _OWN_VERB or word.text in CONDITIONS or word.text in UNTIL:
                return False
            if word.text in AUXILIARIES or word.text in _REQUIRES:
                return True
        return False

    def _starts(self, place: int) -> bool:
        return all(word.text in _OPENERS for word in self._words[:place])

    def _negate(self, place: int, text: str) -> None:
        if self._after_auxiliary and text in NOT:
            self._turn_subject()
        if text in NO and text != "none" and self._terms:
            last = self._terms[-1]
            near = place - last.place <= 2 and self._part < len(self._terms)
            if near and last.role == "predicate":
                last.sign = -last.sign
        self._sign = -self._sign
        if text not in NO:
            self._verb_next = self._verb_next or bool(self._terms) or self._starts(place)

    def _turn_subject(self) -> None:
        for term in self._terms[self._part :]:
            if term.role != "predicate":
                term.sign = -term.sign

    def _refrain(self, place: int, word: Word) -> None:
        following = self._text(place + 1)
        governs_verb = following in ("to", "from") or following.endswith("ing")
        if not governs_verb:
            if self._after_auxiliary and following in ("", ",", "and", "by", "in", "on", "at"):
                self._turn_subject()
            self._add(place, word)
        if following or governs_verb:
            self._sign = -self._sign
            self._refrains = not governs_verb
        self._verb_next = governs_verb

    def _end_refraining(self) -> None:
        """`Deny it without …`: what is refrained from ends with its noun."""
        if self._refrains:
            self._sign, self._refrains = -self._sign, False

    def _comma(self, place: int) -> None:
        following = self._text(place + 1)
        if following in _NEW_SUBJECT:
            self._begin_part("core", condition=False, sign=1)
        elif not self._condition:
            self._role = "core"

    def _begin_part(self, role: Role, *, condition: bool, sign: int) -> None:
        self._sign = sign
        self._part = len(self._terms)
        self._role, self._condition, self._required = role, condition, False
        self._after_auxiliary = self._verb_next = False

    def _kept(self) -> bool:
        return any(term.word.stem in ("keep", "hold", "dissuad") for term in self._terms)

    def _has_verb(self, since: int = 0) -> bool:
        return any(term.role == "predicate" for term in self._terms[since:])

    def _text(self, place: int) -> str:
        return self._words[place].text if place < len(self._words) else ""

    def _stem(self, place: int) -> str:
        return self._words[place].stem if place < len(self._words) else ""

    def _before(self, place: int) -> str:
        return self._words[place - 1].text if place else ""

    def _next_is_ing(self, place: int) -> bool:
        return self._text(place + 1).endswith("ing")

    def _find_heads(self) -> None:
        for term, after in zip(self._terms, self._terms[1:], strict=False):
            between = self._words[term.place + 1 : after.place]
            touching = all(word.text in _INSIDE for word in between)
            if touching and term.role != "predicate" and after.role == term.role:
                term.head = False


_REQUIRES = word_set("requires require requiring needs need demands demand")
_FULL_VERBS = word_set("get gets stay remain have need needs")
_OWN_VERB = word_set("that which who whom whose what how why")
_INSIDE = word_set("own new current same very first second last single existing")
_WHOM = word_set("everyone everybody anyone anybody someone noneelse")
_RELATIVE = frozenset(["that", "which", "who"])
_OPENERS = word_set("i we you please then always now from on and let us will shall should")
_NEW_SUBJECT = word_set("i we they it you and so then he she always")
_NOUNS_BEGIN = word_set("a an the my your his her its our their this these those each")


def _is_small(text: str) -> bool:
    """Whether it is a word of grammar or a number, such as may stand behind a verb."""
    return text in PLAIN or text in PREPOSITIONS or text in NO or text[:1].isdigit()
