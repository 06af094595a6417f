"""What a release manager can do, with the arguments that each tool takes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ...actions import Tool


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class RunTestsArguments(_Arguments):
    """Which tests to run on the candidate."""

    suite: Literal["full", "smoke"] = "full"
    """The smoke suite overlooks faults and counts for half, but is less flaky and never makes
    anyone wait."""


class CheckCanaryArguments(_Arguments):
    """How long to watch the canary."""

    minutes: int = Field(default=10, ge=1, le=120)
    """Longer is more precise. Below the minutes of the runbook a check counts in part only."""


class DeployArguments(_Arguments):
    """How far to deploy the candidate."""

    traffic_percent: int = Field(default=25, ge=1, le=100)
    """Share of the traffic that the candidate gets, in per cent."""


class RollbackArguments(_Arguments):
    """What the rollback is for."""

    reason: Literal["fault", "precaution"] = "fault"
    """`fault` withdraws the candidate for good, deployed or not. `precaution` takes a deployed
    candidate off the traffic and keeps it for another try."""


TOOLS = (
    Tool("run_tests", "Run the candidate's tests: the full suite, or a quick smoke suite.",
         RunTestsArguments),
    Tool("check_canary", "Watch the candidate's canary for some minutes and read its score. A "
         "good score of a deployed candidate ships it.", CheckCanaryArguments),
    Tool("deploy", "Give the candidate a share of the traffic, or change that share.",
         DeployArguments),
    Tool("rollback", "Withdraw a faulty candidate, or take a deployed one back as a precaution.",
         RollbackArguments),
)  # fmt: skip
