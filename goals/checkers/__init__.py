"""Checkers: they tell whether a goal's text contradicts a belief.

checker         the protocol, what a report holds, and several checkers as one
lexical         the default: rules on words and numbers, deterministic, no dependency
model_checkers  a language model as a judge; a model of natural-language inference, as a function

The parts of the lexical checker, in reading order:

lexicon         the words, in lexicon.toml: sets, opposites, synonyms, stems, phrases, units
words           a text as words; stems; which words mean the same or the opposite
quantities      numbers with what they measure
clauses         sentences, and which words are verb, object or condition, and negated
overlap         what two clauses have in common
rules, amounts  the rules: each finds conflicts of one kind
"""
