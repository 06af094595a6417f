"""Language models: how a provider is reached, within which limits, and at what cost.

The way of a question, in reading order: `language_models` (what must be there before a run) →
`provider` (one question: budget, limits, attempts) → `transport` (one exchange, and how it fails:
by `openai_http` or by `litellm_bridge`, both in the JSON of `openai_codec`) → back.

- Cost: `ledger` (budgets, and what is booked on them), `prices`.
- Limits: `limits` holds the breaker, the rate limit and the pauses between attempts.
- Transports: `endpoint` knows providers, servers and their names for models.
- Secrets: `keys` holds the keys, and takes them out of texts.
- `telemetry`: one call and its physical facts, and OpenTelemetry spans.
"""
