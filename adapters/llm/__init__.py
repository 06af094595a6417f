"""Language models: how their providers are reached, and on what terms.

The way of a question, in reading order: `provider` (cassette, budget, limits, retries) →
`transport` (one exchange, by `openai_http` or `litellm_bridge`) → back. `keys` holds what must
never be seen, `prices` what tokens cost, `estimate` what a run will.
"""
