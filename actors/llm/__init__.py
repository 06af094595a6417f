"""Language models in an episode: the question, the reply, the actor that carries them, the agent.

A question's way, in reading order: `agent` → `prompt` → `client` → `chat` → (the provider, an
adapter) → `chat` → `actions` → the agent's action. `memory` keeps the turns.
"""
