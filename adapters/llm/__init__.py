"""Language models: how their providers are reached, and on what terms.

The way of a question, in reading order: `language_models` (what must be there before a run) →
`provider` (one question: budget, limits, attempts) → `transport` (one exchange: by `openai_http`
or by `litellm_bridge`, both in the words of `wire`) → back.

- Terms: `budgets`, `ledger`, `account` and `money`; `rate_limit`, `breaker`, `retries`, `refusal`.
- Reach: `reach` chooses, `endpoint`, `connections`, `litellm_library`; `keys` and `secret_text`
  hold what must never be seen; `verdict` and `strict_schema` know what servers mean and take.
- Told to whom it concerns: `call_record` (telemetry), `spans` (OpenTelemetry), `prices`.
"""
