"""`gdg-runtime cassette`: export and show."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ...runtime.canonical import canonical_json
from ..runs.catalogue import find_run
from .errors import reported
from .options import json_option, out_option, run_argument
from .tables import console, line, rows_table, safe

if TYPE_CHECKING:
    from ..cassette import Cassette

_MOST_ACTORS = 50
_STATUSES = ("ok", "failed", "timed_out", "cancelled", "given_up")


@click.group("cassette")
def cassette() -> None:
    """What effects came to in a run, language models above all, as one file without secrets.

    Another run plays it: gdg-runtime start SCENARIO --cassette FILE
    """


@cassette.command("export")
@run_argument
@click.option(
    "--to", "-o", "target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Where to write it; by default cassette.jsonl in the run's directory.",
)  # fmt: skip
@click.option(
    "--redact", is_flag=True,
    help="Write [redacted …] in place of secrets, rather than refuse.",
)  # fmt: skip
@json_option
@out_option
def export(run: str, target: Path | None, redact: bool, as_json: bool, out: Path) -> None:
    """Write the outcomes of RUN's effects to a cassette.

    The run is executed again for this, so its code must be there. The same run gives the same
    bytes, however fast its effects were.
    """
    from ..cassette.export import export_run
    from ..llm.keys import Keys

    with reported():
        directory = find_run(run, out)
        cassette = export_run(directory, Keys.load(), redact=redact)
        target = directory.path / "cassette.jsonl" if target is None else target
        size = cassette.write(target)
    count = len(cassette.entries)
    if as_json:
        click.echo(json.dumps({"cassette": str(target), "entries": count, "bytes": size}))
        return
    entries = "1 entry" if count == 1 else f"{count:,} entries"
    redacted = sum(entry.redacted for entry in cassette.entries)
    click.echo(f"Wrote {entries}, {size:,} bytes: {target}")
    if redacted:
        click.echo(f"Of these, the requests of {redacted:,} were redacted.")
    click.echo(f"Play it with: gdg-runtime start SCENARIO --cassette {target}")


@cassette.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def show(file: Path, as_json: bool) -> None:
    """Show what the cassette FILE holds: entries per actor, outcomes, models."""
    from ..cassette import Cassette

    with reported():
        cassette = Cassette.read(file)
    header = cassette.header
    document: dict[str, Any] = {
        **header.model_dump(exclude={"t"}),
        "actors": _actors(cassette),
        "requests": _requests(cassette),
    }
    if as_json:
        click.echo(json.dumps(document))
        return
    statuses = [name for name in _STATUSES if any(row[name] for row in document["actors"].values())]
    rows = [
        [safe(actor), row["entries"], *[row[status] for status in statuses]]
        for actor, row in list(document["actors"].items())[:_MOST_ACTORS]
    ]
    columns = ["actor", "entries", *[status.replace("_", " ") for status in statuses]]
    title = f"Cassette of {header.scenario or 'a run'}, seed {header.seed}"
    console().print(rows_table(title, columns, rows, right=columns[1:]))
    if len(document["actors"]) > _MOST_ACTORS:
        line(f"and {len(document['actors']) - _MOST_ACTORS:,} more actors")
    line(f"{header.entries:,} entries in all")
    line(f"models: {safe(', '.join(header.models) or 'none')}")
    requests = document["requests"]
    line(
        f"requests: {requests['chars_asked']:,} characters, stored in "
        f"{requests['chars_stored']:,}; {requests['texts']:,} long texts stand there once"
    )
    line(f"written by gdg-runtime {safe(header.runtime)}")


def _actors(cassette: "Cassette") -> dict[str, dict[str, int]]:
    """Count entries and outcomes by actor."""
    counted: dict[str, Counter[str]] = {}
    for entry in cassette.entries:
        counted.setdefault(entry.actor, Counter())[entry.status] += 1
    return {
        actor: {"entries": count.total(), **{status: count[status] for status in _STATUSES}}
        for actor, count in counted.items()
    }


def _requests(cassette: "Cassette") -> dict[str, int]:
    """Count characters, to show what storing long texts once has saved."""
    stored = sum(len(canonical_json(entry.asked)) for entry in cassette.entries)
    return {
        "texts": len(cassette.texts),
        "chars_asked": sum(len(canonical_json(cassette.asked(e))) for e in cassette.entries),
        "chars_stored": stored + sum(map(len, cassette.texts.values())),
    }
