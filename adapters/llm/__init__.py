"""Language models: how a provider is reached, within which limits, and at what cost.

The way of a question, in reading order: `language_models` (what must be there before a run) →
`provider` (one question: budget, limits, attempts) → `transport` (one exchange: by `openai_http`
or by `litellm_bridge`, both in the JSON of `openai_codec`) → back.

- Cost: `budgets` (limits and what was spent), `ledger` (books each attempt), `prices`.
- Limits: `limits` holds the breaker, the rate limit and the pauses between attempts.
- Transports: `transport_factory` chooses one; `endpoint`, `litellm_library`; `error_classifier`
  says what a provider's refusal means.
- Secrets: `keys` holds the keys, `redaction` takes them out of texts.
- `telemetry`: the physical facts of each call, and OpenTelemetry spans.
"""
