"""Refusals that every further call would meet: the run pauses, since no model would answer it."""

from urllib.parse import urlsplit

from ...scenarios.schema.language_model import ModelConfig
from .transport import TransportFault


def is_of_the_account(fault: TransportFault, has_answered: bool) -> bool:
    """Whether a fault is one of key, model or credit, not of the question.

    A 403 after answers is of the question: providers refuse flagged prompts so.
    """
    if fault.kind == "unauthorised":
        return fault.status != 403 or not has_answered
    return fault.kind in {"unknown_model", "out_of_credit"}


def refusal_of(fault: TransportFault, config: ModelConfig) -> str:
    """What is wrong, with which model, and what to do."""
    who = _provider(config)
    status = "" if fault.status is None else f" ({fault.status})"
    match fault.kind:
        case "unknown_model":
            wrong = f"{who} does not know the model {config.model}{status}"
            cure = "make it available there (a misspelt name needs a new run)"
        case "out_of_credit":
            wrong = f"the account of {config.model} at {who} has no credit left{status}"
            cure = "add credit"
        case _:
            wrong = f"{who} refuses the key for {config.model}{status}"
            cure = f"set {config.api_key_env or 'its API key'} to one that is valid for this model"
    return f"{wrong}: {cure}, then: gdg-runtime resume RUN"


def _provider(config: ModelConfig) -> str:
    if config.api_base is not None:
        # No more of the address: it can hold a password.
        return f"the server {urlsplit(config.api_base).hostname}"
    return "the provider"
