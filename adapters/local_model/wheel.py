"""A wheel from the package index, without installing it or anything it depends on."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from .failures import NoInstaller, NotFetched

_POLL_S = 0.1
_LAST_LINES = 6
_DISK_FULL = ("[Errno 28]", "[Errno 122]", "[Errno 27]")
"""ENOSPC, EDQUOT and EFBIG, in pip's words."""


def fetch_wheel(requirement: str, folder: Path, grown: Callable[[int], None]) -> Path:
    """Download a wheel into an empty folder; `grown` hears of the bytes that are there.

    The user's pip settings hold: index, mirrors, proxy, certificates. Raises NoInstaller,
    NotFetched, OSError (the disk is full).
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
    with said.open("wb") as log:
        pip = subprocess.Popen(
            command, env=surroundings, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            while not _ended(pip):
                grown(_bytes_in(folder))
        finally:
            if pip.poll() is None:
                pip.kill()
                pip.wait()
    wheels = sorted(folder.glob("*.whl"))
    if pip.returncode or not wheels:
        lines = said.read_text(errors="replace").split("\n")
        if any(mark in line for line in lines for mark in _DISK_FULL):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        raise NotFetched(requirement, _telling(lines))
    return wheels[0]


def _pip(requirement: str) -> Sequence[str]:
    """How pip is called here: as this Python's, or by way of uv."""
    if find_spec("pip") is not None:
        return [sys.executable, "-P", "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "--quiet", "pip"]
    raise NoInstaller(requirement)


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return False
    return True


def _bytes_in(folder: Path) -> int:
    """Bytes of the largest file below: copies that pip makes in between don't count twice."""
    largest = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(place) / name).stat().st_size)
            except OSError:
                continue  # pip has just moved it
    return largest


def _telling(lines: Sequence[str]) -> Sequence[str]:
    """Pip's last words; its errors alone, where it marks them."""
    lines = [line.strip() for line in lines if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines)[-_LAST_LINES:]
