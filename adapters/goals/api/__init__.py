"""The goals over HTTP: an ASGI application over whatever answers goal commands.

app             the application: `create_app(port, settings)`
port            who answers commands: a database file, or the actor of a running episode
settings        what the application is told
tracing         W3C traceparent in, log lines and X-Trace-Id out; the outermost layer
problems        RFC 9457 for every refusal, by one table from code to status
authentication  the bearer token
body_limit      how much may be sent
idempotency     who asks, and under which Idempotency-Key
conditions      ETag, If-Match, If-None-Match
strict_json     bodies: JSON by the book, nothing converted in silence
asking          from a request to a command and from its answer to a response
bodies          what is sent and shown beyond the forms of the goals
*_routes        the endpoints, by noun
counted         the store's figures for Prometheus; `dashboard.json` shows them in Grafana
examples        an example of each request and response, for the OpenAPI document
openapi         the OpenAPI document
server          Hypercorn inside a running program
"""
