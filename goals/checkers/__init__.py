"""Who tells whether a goal's text contradicts a belief.

checker     the protocol, and what a report holds
lexical     the default: rules on words and numbers, deterministic, no dependency
nli         a model of natural-language inference, as a function
judge       a language model, by whatever asks it
combined    several of them as one

What the lexical checker is made of:

words, stems, word_set          a text as words
synonyms, antonyms, meanings    which words mean the same or the opposite
negation, clause_reader, terms  what is verb, object or condition, and what is negated
clauses, overlap                sentences, and what two of them have in common
units, quantities               numbers with what they measure
stance, number_conflict, exclusivity, quantifiers, ordering
                                the rules: each finds conflicts of one kind
"""
