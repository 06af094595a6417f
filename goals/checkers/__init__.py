"""Who tells whether a goal's text contradicts a belief.

checker     the protocol, and what a report holds
lexical     the default: rules on words and numbers, deterministic, no dependency
"""
