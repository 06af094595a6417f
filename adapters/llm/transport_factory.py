"""Make the transport by which a model is reached."""

from ...scenarios.schema.language_model import ModelConfig
from ..runs.errors import RunError
from .endpoint import PROVIDERS, endpoint_of, is_direct
from .keys import Keys
from .litellm_bridge import LitellmTransport
from .litellm_library import settings_unknown
from .openai_http import OpenAiHttp
from .transport import Transport


class Unreachable(RunError):
    """A config that names no way to its model."""


def make_transport(config: ModelConfig, keys: Keys) -> Transport:
    """Make the transport of a model.

    Nothing is opened before the first question; litellm is imported for a model of a provider's
    own. A model of this package's own (`local/…`) must be served first, and the config have the
    server's api_base. Raises Unreachable, and MissingExtra.
    """
    if config.is_local:
        raise Unreachable(f"the model {config.model} is not being served: give its api_base")
    if not is_direct(config):
        _check_settings(config)
        return LitellmTransport(config, keys)
    endpoint = endpoint_of(config)
    if endpoint is None:
        known = " or ".join(f"{name}/…" for name, one in PROVIDERS.items() if one.url)
        raise Unreachable(
            f"the model {config.model} can't be asked with adapter: openai, since its server is "
            f"unknown: give an api_base, or a model {known}, or choose adapter: litellm"
        )
    return OpenAiHttp(config, endpoint, keys.of(config))


def _check_settings(config: ModelConfig) -> None:
    """Refuse what litellm would refuse at each call."""
    if config.api_base is not None:
        return
    unknown = settings_unknown(config.model, config.sampling)
    if unknown:
        raise Unreachable(
            f"the model {config.model} does not take {' and '.join(unknown)}: leave that out of "
            f"its settings"
        )
