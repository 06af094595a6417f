"""Checkers: they tell whether a goal's text contradicts a belief.

checker         the protocol, what a report holds, the default checker, and several checkers as one
model_checkers  a language model as a judge; a model of natural-language inference, as a function

The default one compares words and numbers; it is deterministic and has no dependency. Its parts, in
reading order:

lexicon         the words, in lexicon.toml: sets, opposites, synonyms, stems, phrases, units
words           a text as words; stems; which words mean the same or the opposite
quantities      numbers with what they measure
clauses         sentences; which words are verb, object or condition, and negated; what two share
rules, amounts  the rules: each finds conflicts of one kind
"""
