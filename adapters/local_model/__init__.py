"""A small language model on this machine's processor: no key, no network, no graphics card.

- `weights`: the models that there are, and their files, which come from the package index.
- `server`: an OpenAI-compatible server for the time of a run, and its process.
"""
