"""Language models in an episode: the question, the reply, the actor that carries them, the agent.

The way of a question, in reading order: `agent` → `prompt` → `chat` → `model` → (the provider, an
adapter) → `chat` → `reading` → the agent's action.
"""
