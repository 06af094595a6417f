"""The part that start and resume share: progress while a run goes on, and its result."""

import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from ...scenarios.schema.episode import EpisodeConfig
from ..runs.execution import RunOptions
from ..runs.result import Result
from . import EXIT_FAILED, EXIT_PAUSED, EXIT_STOPPED
from .errors import safe_lines
from .progress import PlainProgress, TerminalProgress, effect_log


@contextmanager
def run_session(
    config: EpisodeConfig, show: bool, backend: str, max_concurrency: int | None, verbose: bool
) -> Iterator[RunOptions]:
    """Give run options that show progress on a terminal, plain lines elsewhere, or nothing."""
    on_effect = effect_log() if verbose else None
    if not show:
        yield RunOptions(backend, max_concurrency, on_effect=on_effect)
        return
    kind = TerminalProgress if sys.stderr.isatty() else PlainProgress
    with kind(config) as progress:
        yield RunOptions(backend, max_concurrency, progress, progress.say, on_effect)


def finish(result: Result, track: Sequence[str], *, quiet: bool, as_json: bool) -> None:
    """Show the result of a run, and leave with its exit code."""
    if as_json:
        click.echo(json.dumps(result.to_json(), allow_nan=False))
    elif quiet:
        click.echo(str(result.directory))
    else:
        from .tables import print_result

        print_result(result, track)
    if result.error is not None and not as_json:
        click.echo(f"The run failed: {safe_lines(result.error)}", err=True)
    if result.cause is not None and os.environ.get("GDG_TRACEBACK"):
        traceback.print_exception(result.cause)
    if result.paused is not None:
        if quiet or as_json:
            click.echo(f"Paused: {safe_lines(result.paused)}", err=True)
        raise click.exceptions.Exit(EXIT_PAUSED)
    if result.status != "completed":
        codes = {"failed": EXIT_FAILED, "stopped": EXIT_STOPPED}
        raise click.exceptions.Exit(codes[result.status])
