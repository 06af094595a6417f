"""docs/stable.md lists what is public, and all of it is there."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest

import gdg_runtime
from gdg_runtime.actors import metrics, recorder
from gdg_runtime.adapters.cassette import cassette
from gdg_runtime.adapters.cli import cli
from gdg_runtime.adapters.runs import directory
from gdg_runtime.adapters.runs import directory as meta
from gdg_runtime.adapters.runs.reader import READABLE
from gdg_runtime.goals.store import database
from gdg_runtime.runtime import journal
from gdg_runtime.scenarios.schema import episode

PAGE = (Path(__file__).parents[1] / "docs" / "stable.md").read_text()

VERSIONS = {
    "scenario file": episode.SCHEMA_VERSION,
    "config.json": directory.CONFIG_VERSION,
    "meta.json": meta.META_VERSION,
    "events.jsonl": recorder.SCHEMA_VERSION,
    "step_log.jsonl": recorder.SCHEMA_VERSION,
    "metrics.json": metrics.SCHEMA_VERSION,
    "journal.jsonl": journal.SCHEMA_VERSION,
    "goals.jsonl": database.SCHEMA_VERSION,
    "goals.db": database.SCHEMA_VERSION,
    "cassette": cassette.VERSION,
}


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's tables, without their heads."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][2:]


def words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def commands(name: str, command: click.Command) -> Iterator[tuple[str, list[str]]]:
    """Every command that does something, with its long options."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from commands(f"{name} {below}".strip(), found)
        return
    options = [one for one in command.params if isinstance(one, click.Option)]
    spelled = [text for one in options for text in (*one.opts, *one.secondary_opts)]
    yield name, sorted(text for text in spelled if text.startswith("--"))


def test_the_names_of_the_package_are_listed_and_no_others() -> None:
    listed = section("Python").partition("\n\nCode of your own")[0]
    assert words(listed)[1:] == sorted(gdg_runtime.__all__)
    for name in gdg_runtime.__all__:
        assert getattr(gdg_runtime, name) is not None


@pytest.mark.parametrize(("module", "names"), rows("Python"), ids=lambda cell: cell.strip("`"))
def test_the_names_for_code_of_ones_own_are_there(module: str, names: str) -> None:
    found = import_module(module.strip("`"))
    assert [name for name in words(names) if not hasattr(found, name)] == []


def test_every_command_is_listed_with_every_option() -> None:
    listed = {words(command)[0]: sorted(words(options)) for command, options in
              rows("Commands and options")}  # fmt: skip
    assert listed == dict(commands("", cli))


def test_the_schema_versions_are_those_that_are_written() -> None:
    listed = {}
    for files, version, described in rows("Files"):
        for file in words(files) or [files]:
            listed[file] = int(version)
        page = re.search(r"\((.+?)\)", described)
        assert page is not None
        assert (Path(__file__).parents[1] / "docs" / page[1]).is_file()
    assert listed == VERSIONS
    assert {name: known[-1] for name, known in READABLE.items()} == {
        name: version for name, version in VERSIONS.items() if name in READABLE
    }
