"""What README and docs say is true: their commands, snippets, links, tables and picture."""

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from gdg_runtime.actors.llm.agent import LlmAgent
from gdg_runtime.actors.resolved import default_catalogue
from gdg_runtime.adapters.cli import cli, tables
from gdg_runtime.goals.model import GoalDraft
from gdg_runtime.goals.policy import GoalPolicy, GoalWeights
from gdg_runtime.goals.schemas import BeliefDraft, ScheduledTaskDraft
from gdg_runtime.scenarios.files import shipped_scenarios
from gdg_runtime.scenarios.files.loader import load_scenario
from gdg_runtime.scenarios.schema.episode import EpisodeConfig
from gdg_runtime.scenarios.schema.language_model import ModelConfig, ModelOverrides

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]
LONGEST_PAGE = 200
GENERATED = ("cli.md", "scenario-files.md")

QUICKSTART = [
    "python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' "
    "&& .venv/bin/gdg-runtime start baseline",
    ".venv/bin/python -m pytest -n 2 --dist worksteal",
]

MY_MODULE = """
from pydantic import BaseModel
from gdg_runtime.actors.agents import Agent

class MyAgent(Agent):
    class Params(BaseModel):
        patience: int = 1
"""


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def having(language: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, language)]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# --- the two commands ---------------------------------------------------------------------------


def test_the_quickstart_is_two_commands() -> None:
    marked = re.findall(
        r"^<!-- quickstart -->\n```bash\n(.*?)^```\n<!-- /quickstart -->", README.read_text(),
        re.M | re.S,
    )  # fmt: skip
    assert [block.splitlines() for block in marked] == [QUICKSTART]


def test_ci_runs_the_quickstart_as_the_readme_has_it() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    extract = re.search(r"^(sed -n .*README\.md.*\n?.*?) \\?\n? *> ", script, re.M)
    assert extract is not None, "expected .ci/run to take the commands from the README"
    found = subprocess.run(
        ["bash", "-c", extract[1]], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.splitlines() == QUICKSTART
    assert 'bash -euo pipefail -c "$command"' in script


# --- commands, snippets, scenario files ---------------------------------------------------------


def commands(page: Path) -> Iterator[tuple[list[str], int]]:
    """The `gdg-runtime` lines of a page, each with the exit code that it says: `# exit 3`."""
    for block in blocks(page, "bash"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["gdg-runtime"]:
                said = re.search(r"# exit (\d+)", line)
                yield words[1:], int(said[1]) if said else 0


@pytest.mark.parametrize("page", having("bash"), ids=name)
def test_the_commands_of_a_page_work_in_their_order(page: Path, gdg) -> None:
    for arguments, code in commands(page):
        ran = gdg(*arguments)
        assert ran.code == code, f"gdg-runtime {shlex.join(arguments)}: {ran.err}"


def test_the_readme_shows_commands() -> None:
    assert len(list(commands(README))) >= 3


@pytest.mark.parametrize("page", having("python"), ids=name)
def test_the_python_snippets_of_a_page_run(page: Path, tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for snippet in blocks(page, "python"):
        ran = subprocess.run(
            [sys.executable, "-B", "-c", snippet], cwd=tmp_path, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr


def test_the_readmes_own_agent_takes_part_in_an_episode(gdg, tmp_path: Path) -> None:
    (snippet,) = [block for block in blocks(README, "python") if "class MyAgent" in block]
    module = f"readme_{tmp_path.name}"
    (tmp_path / f"{module}.py").write_text(snippet)
    (tmp_path / "own.yaml").write_text(
        f"scenario_id: own\nagents: [{{type: '{module}:MyAgent', name: mine, count: 2}}]\n"
        "simulation: {epochs: 1, steps_per_epoch: 2}\n"
    )
    ran = gdg("start", "own.yaml", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["agent_steps"] == 4
    assert ran.json["metrics"]["participation_rate"] == 1.0, "its actions are valid"
    assert gdg("replay", "latest", "--verify").code == 0


@pytest.mark.parametrize("page", having("yaml"), ids=name)
def test_the_scenario_files_of_a_page_are_valid(page: Path, gdg, tmp_path: Path) -> None:
    (tmp_path / "my_module.py").write_text(MY_MODULE)
    for block in blocks(page, "yaml"):
        (tmp_path / "shown.yaml").write_text(block)
        ran = gdg("validate", "shown.yaml")
        assert ran.code == 0, ran.err


# --- links, tables, picture ---------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=name)
def test_a_page_can_be_read_in_one_go(page: Path) -> None:
    assert len(page.read_text().splitlines()) <= LONGEST_PAGE


def test_every_page_of_the_docs_is_reached_from_the_readme() -> None:
    linked, waiting = {README}, [README]
    while waiting:
        page = waiting.pop()
        for link in re.findall(r"\]\(([^)\s#]+\.md)", page.read_text()):
            target = (page.parent / link).resolve()
            if target.exists() and target not in linked:
                linked.add(target)
                waiting.append(target)
    assert set(PAGES) <= linked


def test_the_command_line_page_has_every_command_and_option() -> None:
    page = (ROOT / "docs" / "cli.md").read_text()
    context = click.Context(cli, info_name="gdg-runtime")
    for command_name in cli.list_commands(context):
        command = cli.get_command(context, command_name)
        assert command is not None
        _, found, rest = page.partition(f"## gdg-runtime {command_name}")
        assert found, command_name
        section = rest.partition("\n## ")[0]
        for option in command.params:
            if isinstance(option, click.Option):
                for spelling in option.opts:
                    assert f"`{spelling}`" in section, f"{command_name} {spelling}"
    for code in ("0 done", "1 the run failed", "2 bad input", "3 verification", "130 stopped"):
        assert code in page


def keys(model: type[BaseModel], below: str = "") -> Iterator[str]:
    """Every key of a config model, sections opened."""
    schema = model.model_json_schema(by_alias=False)
    yield from _keys(schema, schema, below)


def _keys(root: dict, schema: dict, below: str) -> Iterator[str]:
    for key, field in schema.get("properties", {}).items():
        many = "[]" if field.get("type") == "array" else ""
        inner = field.get("items", field) if many else field
        options = inner.get("allOf") or inner.get("anyOf") or [inner]
        models = [
            root["$defs"][option["$ref"].rpartition("/")[2]] if "$ref" in option else option
            for option in options
        ]
        models = [found for found in models if "properties" in found]
        path = f"{below}{key}{many if models else ''}"
        yield path
        for found in models:
            yield from _keys(root, found, f"{path}.")


GOAL_SECTIONS = {
    "A goal": (GoalDraft, "agents[].goals[].goal", "goals.list[].goal"),
    "A belief": (BeliefDraft, "goals.beliefs[]"),
    "A scheduled task": (ScheduledTaskDraft, "goals.tasks[].task"),
    "The policy of goals": (GoalPolicy, "goals.policy"),
    "The weights of goals": (GoalWeights, "goals.weights"),
}
"""What stands in sections of the page of its own, with its places in the config."""


def test_the_scenario_page_has_every_key_of_the_config() -> None:
    page = (ROOT / "docs" / "scenario-files.md").read_text()
    general, *worlds = re.split(r"^## ", page, flags=re.M)[1:]
    # A model's settings can stand in several places and are described in one.
    repeated = tuple(
        f"{place}.{name}"
        for place in ("llm", "agents[].llm", "goals.judge")
        for name in ModelOverrides.model_fields
    )
    repeated += tuple(f"{place}." for _, *places in GOAL_SECTIONS.values() for place in places)
    found = [
        key.removesuffix("[]") if key == "goals.beliefs[]" else key
        for key in keys(EpisodeConfig)
        if not key.startswith(repeated)
    ]
    assert len(found) > 50
    assert [key for key in found if f"`{key}`" not in general] == []
    apart = {"A language model": ModelConfig, "Agent type `llm`": LlmAgent.Params}
    apart |= {title: model for title, (model, *_) in GOAL_SECTIONS.items()}
    for title, model in apart.items():
        (section,) = [part for part in worlds if part.startswith(f"{title}\n")]
        found = [key for key in keys(model) if key != "owner"]
        assert [key for key in found if f"`{key}`" not in section] == []
    catalogue = default_catalogue()
    for world_name in ("sandbox", "release_manager"):
        world = catalogue.resolve("worlds", world_name)
        (section,) = [part for part in worlds if part.startswith(f"The world `{world_name}`")]
        assert [key for key in keys(world.Config) if f"`{key}`" not in section] == []
        for policy_name, policy in world.policies.items():
            title = f"### Agent type `{policy_name}` of `{world_name}`"
            described = section.partition(title)[2].partition("\n### ")[0]
            assert described
            assert [key for key in keys(policy.Params) if f"`{key}`" not in described] == []


@pytest.mark.parametrize("page", GENERATED)
def test_a_page_that_is_written_from_the_code_is_up_to_date(page: str) -> None:
    writers = runpy.run_path(str(ROOT / "docs" / "write_reference.py"))["PAGES"]
    assert (ROOT / "docs" / page).read_text() == writers[page](), "run docs/write_reference.py"


def test_the_picture_shows_what_the_first_command_shows(gdg) -> None:
    picture = unescape((ROOT / "docs" / "images" / "start.svg").read_text())
    shown = " ".join(re.sub(r"<[^>]+>", " ", picture).split())
    metrics = gdg("start", "baseline", "--json").json["metrics"]
    for figure in ("toxicity_rate", "quality_gap", "total_welfare", "mean_alignment"):
        assert f"{figure} │ {tables.shown(metrics[figure])} │" in re.sub("(│ ?)+", "│ ", shown)


def test_the_readme_names_the_shipped_scenarios() -> None:
    text = README.read_text()
    for scenario in shipped_scenarios():
        load_scenario(scenario, catalogue=default_catalogue())
        assert f"`{scenario}`" in text or f"`{scenario.partition('/')[0]}/`" in text


def test_the_changelog_begins_with_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[?([\d.]+)\]? - (\d{4}-\d\d-\d\d)$",
                       (ROOT / "CHANGELOG.md").read_text(), re.M)  # fmt: skip
    assert newest is not None
    assert newest[1] == project["version"]
