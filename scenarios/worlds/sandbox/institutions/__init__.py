"""The institutions of the sandbox, in the order in which the world asks them.

An institution needs its class in this table, and a section of its own in the config if it has
settings. Nothing else in the sandbox names it, but for scripted policies that use its tools.
"""

from .exchange import Exchange
from .feed import Feed
from .institution import Institution

INSTITUTIONS: tuple[type[Institution], ...] = (Feed, Exchange)
"""All that a sandbox can have; `Institution.is_open` says for which configs."""
