"""Goals outside of episodes: in a file, over HTTP, and the goals of a running episode.

file        the store for programs without an episode
table       the commands over HTTP, a row each; `examples` has pieces of its examples
refusals    the kinds of refusals, a row each
client      the goals of a server: commands as requests
app         the server's ASGI application: `create_app(port, settings)`
ports       what answers commands: a database file, or the actor of a running episode
middleware  tracing, failures, the bearer token, the size of bodies; settings
problems    RFC 9457 for every refusal; conditional requests; strict JSON
metrics     the store's metrics for Prometheus; `dashboard.json` shows them in Grafana
openapi     the OpenAPI document
server      Hypercorn inside a running program
judge       a language model as the judge of goals
"""
