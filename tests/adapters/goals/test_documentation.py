"""A9: what docs/goals-api.md shows works, and its tables are complete."""

import re
import shutil
from pathlib import Path

import pytest
import trio

from gdg_runtime.adapters.goals.app import create_app
from gdg_runtime.adapters.goals.metrics import COUNTERS
from gdg_runtime.adapters.goals.ports import DatabasePort
from gdg_runtime.adapters.goals.refusals import KINDS

PAGE = Path(__file__).parents[3] / "docs" / "goals-api.md"
TEXT = PAGE.read_text()


def shown() -> tuple[str, list[str]]:
    """The commands of the page as a script, and what stands below each of them."""
    _, walk = re.findall(r"^```console\n(.*?)^```", TEXT, re.M | re.S)
    commands, answers = [], []
    for part in re.split(r"^\$ ", walk, flags=re.M)[1:]:
        lines = part.splitlines()
        told = [line for line in lines if line.startswith('{"') and not line.startswith("    ")]
        commands.append("\n".join(line for line in lines if line not in told))
        answers += told
    return "\necho\n".join(commands), answers


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
async def test_A9_the_commands_of_the_page_work(serving, store, tmp_path: Path) -> None:
    script, answers = shown()
    assert len(answers) == 8
    async with serving(DatabasePort(store)) as api:
        script = script.replace("http://127.0.0.1:8000", str(api.client.base_url).rstrip("/"))
        ran = await trio.run_process(
            ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_stdout=True,
            capture_stderr=True, check=False,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    told = [line for line in ran.stdout.decode().splitlines() if line]
    assert len(told) == len(answers)
    for was, answer in zip(answers, told, strict=True):
        changing = re.compile("goal_[0-9a-z]{26}")
        pieces = [changing.sub("goal_", piece) for piece in was.split("…") if piece]
        place = 0
        for piece in pieces:
            found = changing.sub("goal_", answer).find(piece.strip(), place)
            assert found >= 0, f"the page shows {piece!r}; it is {answer}"
            place = found + len(piece.strip())


def test_the_page_has_every_code() -> None:
    described = TEXT.partition("\n## Problems")[2].partition("\n## ")[0]
    assert set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", described)) == set(KINDS) - {"unauthorised"}
    for status in {kind.status for kind in KINDS.values()}:
        assert re.search(rf"^\| [0-9, ]*\b{status}\b", described, re.M), status


def test_the_page_has_every_endpoint() -> None:
    described = TEXT.partition("\n## Endpoints")[2].partition("\n## ")[0]
    for path in create_app(None).openapi()["paths"]:
        end = re.sub(r"\{[a-z_]+\}", "{id}", path, count=1).replace("/v1/goals/{id}/", "/")
        assert end in described, path


def test_the_page_has_every_metric() -> None:
    for name in (*COUNTERS, "goal_prioritize_latency_ms", "goals_by_state"):
        assert f"`{name}`" in TEXT
