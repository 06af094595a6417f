"""The `llm:` and `models:` sections of a scenario file: which language models agents use, and how.

What an agent's own entry says wins over `models:` for its role, and that over the defaults in
`llm:`; see `settled`.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue

from .sections import Section

Count = Annotated[int, Field(ge=0, le=10**15)]


LOCAL = "local/"
"""Models of `[local-llm]`, which the run serves itself."""
LOCAL_SLOTS = 2
"""Questions that a local model's server answers at once."""


class Budget(Section):
    """Limits of spending; null is no limit. When one limit is reached the run ends at a step
    boundary, and can be resumed with a higher one."""

    usd: float | None = Field(default=None, ge=0.0, le=1e9)
    """Money, in US dollars. Needs known prices."""
    tokens: Count | None = None
    """Tokens, prompts and completions together."""
    calls: Count | None = None
    """Requests sent to providers, repeated ones included."""


_OURS = frozenset(
    {"model", "messages", "stream", "stream_options", "n", "tools", "tool_choice",
     "response_format", "api_key", "api_base", "base_url", "timeout", "extra_headers",
     "extra_body", "authorization", "headers", "max_tokens", "temperature", "top_p", "seed", "stop"}
)  # fmt: skip


def _not_ours(extra: dict[str, JsonValue]) -> dict[str, JsonValue]:
    for name in extra:
        if name.lower() in _OURS:
            raise ValueError(
                f"{name} can't stand in extra: it has a setting of its own, comes from the "
                f"environment (keys), or changes what comes back"
            )
    return extra


Extra = Annotated[dict[str, JsonValue], AfterValidator(_not_ours)]


Adapter = Literal["auto", "openai", "litellm"]
Structured = Literal["auto", "json_schema", "tools", "json_object", "instruction"]
MaxTokens = Annotated[int, Field(ge=1, le=1_000_000)]
Timeout = Annotated[float, Field(gt=0.0, le=86_400.0)]
Outage = Annotated[float, Field(ge=0.0, le=86_400.0)]
Retries = Annotated[int, Field(ge=0, le=100)]
Concurrency = Annotated[int, Field(ge=1, le=10_000)]


class Price(Section):
    """The cost of a model's tokens, in US dollars per million."""

    input: float = Field(ge=0.0, le=1e6)
    output: float = Field(ge=0.0, le=1e6)


class ModelOverrides(Section):
    """Settings of a ModelConfig that differ from the defaults; null leaves one as it is."""

    model: str | None = Field(default=None, min_length=1, max_length=200)
    api_base: str | None = Field(
        default=None,
        pattern=r"^https?://",
        max_length=2000,
        json_schema_extra={"expected": "a URL that begins with http:// or https://, or null"},
    )
    """An OpenAI-compatible server, such as `http://127.0.0.1:8000/v1`; null: the provider's own."""
    api_key_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable that holds the key; null: the one that litellm knows for the
    provider, and none at all for an `api_base`."""
    adapter: Adapter | None = None
    temperature: float | None = Field(default=None, ge=0.0, le=2.0)
    top_p: float | None = Field(default=None, gt=0.0, le=1.0)
    max_tokens: MaxTokens | None = None
    seed: int | None = Field(default=None, ge=-(2**63), le=2**63 - 1)
    """Sent to the provider; no promise of equal answers (the journal is)."""
    stop: tuple[str, ...] | None = None
    extra: Extra | None = None
    structured: Structured | None = None
    timeout_s: Timeout | None = None
    retries: Retries | None = None
    max_concurrency: Concurrency | None = None
    requests_per_minute: float | None = Field(default=None, gt=0.0, le=1e9)
    tokens_per_minute: float | None = Field(default=None, gt=0.0, le=1e12)
    outage_s: Outage | None = None
    price: Price | None = None
    """Null: as in litellm's price table, if it stands there."""

    @property
    def given(self) -> dict[str, Any]:
        """Return the settings that are not null."""
        settings = {name: getattr(self, name) for name in ModelOverrides.model_fields}
        return {name: value for name, value in settings.items() if value is not None}


class ModelConfig(ModelOverrides):
    """One way to ask one language model. Agents whose configs are equal share one effect actor,
    its limits and its connection."""

    model: str = Field(min_length=1, max_length=200)
    """As litellm names it (`openai/gpt-4o-mini`, `anthropic/…`, `openrouter/…`), or the name that
    the server at `api_base` knows, or `local/smollm2` for the small model of `[local-llm]`."""
    adapter: Adapter = "auto"
    """`openai` speaks to an OpenAI-compatible server directly, `litellm` to every provider it
    knows; auto: `openai` where there is an `api_base`."""
    max_tokens: MaxTokens = 512
    """Most tokens of one reply."""
    stop: tuple[str, ...] = ()
    extra: Extra = Field(default_factory=dict)
    """Further parameters of the provider's, sent as they are."""
    structured: Structured = "auto"
    """The way in which the model gets an action's JSON schema: as native structured output, as a
    tool call, as JSON mode with the schema in words, or in words alone. Auto: the best that
    litellm says the model has; `json_schema` for an `api_base`."""
    timeout_s: Timeout = 60.0
    """Most seconds of real time that one attempt may take."""
    retries: Retries = 4
    """Most attempts after the first, for faults that may pass."""
    max_concurrency: Concurrency = 32
    """Most calls in flight at once."""
    outage_s: Outage = 300.0
    """Seconds that a provider may be down before the run ends, to be resumed later."""

    @property
    def is_local(self) -> bool:
        """Return whether the run serves the model itself."""
        return self.model.startswith(LOCAL) and self.api_base is None

    @property
    def at_once(self) -> int:
        """Return how many calls are in flight at most. What waits inside of a local server runs
        out of its time, so that no more go there than it answers at once."""
        return min(self.max_concurrency, LOCAL_SLOTS) if self.is_local else self.max_concurrency

    @property
    def sampling(self) -> dict[str, Any]:
        """Return what belongs to a request's content besides its messages."""
        named = {
            name: getattr(self, name) for name in ("temperature", "top_p", "max_tokens", "seed")
        }
        named["stop"] = list(self.stop) or None
        return {**self.extra, **{name: value for name, value in named.items() if value is not None}}


class LlmConfig(ModelOverrides):
    """Defaults of all models, and the budgets of the run and of its roles."""

    budget: Budget = Budget()
    """Limits of what the whole run spends. When a budget is used up the run pauses at a step
    boundary and can be resumed with a higher one."""
    role_budgets: dict[str, Budget] = Field(default_factory=dict)
    """By role, for all agents of the role together."""


def settled(*layers: ModelOverrides | None) -> ModelConfig | None:
    """Merge the layers into one config, later ones over earlier; None if none names a model.

    A price belongs to a model: a layer that names another one does not inherit it, nor an
    `api_base` if the other one is a local model.
    """
    given: dict[str, Any] = {}
    for layer in layers:
        if layer is None:
            continue
        fresh = layer.given
        if "model" in fresh and fresh["model"] != given.get("model", fresh["model"]):
            given.pop("price", None)
            if str(fresh["model"]).startswith(LOCAL):
                given.pop("api_base", None)
        given |= fresh
    return ModelConfig(**given) if "model" in given else None
