"""The command line: `gdg-runtime`. Commands are imported when they are called.

Exit codes: 0 done, 1 the run failed, 2 bad input, 3 verification failed, 4 paused (a budget is used
up, or a provider is down), 130 stopped by the user.
"""

import atexit
import gc
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

_COMMANDS = {
    "start": ("start:start", "Run a scenario file, or a shipped scenario by its name."),
    "resume": ("start:resume", "Go on with a run that was stopped or killed."),
    "replay": ("records:replay",
               "Execute a recorded run again, without network; --verify compares every byte."),
    "runs": ("records:runs", "List the runs of this folder."),
    "show": ("records:show", "Show one run: summary, agents, metrics per epoch, last events."),
    "cassette": ("cassettes:cassette",
                 "Make a cassette of a run for others to play, or show one: export, show."),
    "validate": ("known:validate", "Check a scenario file and say what it comes to."),
    "list": ("known:list_known",
             "List what scenario files can name: agents, levers, worlds, metrics and more."),
    "goals": ("goals:goals",
              "Propose, rank, adopt and complete goals, in a file or at a server."),
    "serve": ("serve:serve_goals", "Serve the goals in a file over HTTP."),
    "models": ("models:models",
               "Fetch, list or remove the small language models that run without a key."),
    "completion": ("known:completion", "Print the shell completion script."),
}  # fmt: skip

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_UNVERIFIED, EXIT_PAUSED, EXIT_STOPPED = 1, 2, 3, 4, 130


class NobodyReads(Exception):
    """The reader of a pipe has seen enough.

    Click answers a broken pipe with exit code 1, which here would mean that a run failed.
    """


class LazyGroup(click.Group):
    """A group that imports its commands when they are called, so that --help stays fast.

    It knows them by a table: name, `module:function`, one line of help. The modules stand in
    `package`.
    """

    def __init__(
        self, *args: Any, commands_by_name: Mapping[str, tuple[str, str]], package: str,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self._known = dict(commands_by_name)
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._known)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self._known:
            return None
        module, _, function = self._known[name][0].partition(":")
        command: click.Command = getattr(import_module(f"{self._package}.{module}"), function)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise NobodyReads from None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self._known and not ctx.resilient_parsing and not name.startswith("-"):
            close = get_close_matches(name, self._known, n=1)
            hint = f" Did you mean {close[0]}?" if close else ""
            known = ", ".join(self._known)
            raise click.UsageError(f"There is no command {name!r}.{hint} Known: {known}.", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in self._known.items()])


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from ..runs.revision import package_version

        click.echo(f"gdg-runtime {package_version()}")
        context.exit()


@click.group(
    cls=LazyGroup,
    commands_by_name=_COMMANDS,
    package=__name__,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "GDG"},
    epilog="Exit codes: 0 done, 1 the run failed, 2 bad input, 3 verification failed, "
    "4 paused (a budget is used up, or a provider is down), 130 stopped by the user. Every option "
    "can be set by an environment variable: "
    "GDG_START_SEED=7 is --seed 7 of start. GDG_TRACEBACK=1 shows where your own code failed.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Show the version and exit.",
)  # fmt: skip
def cli() -> None:
    """Run multi-agent episodes that resume after any crash and replay byte for byte.

    Begin with: gdg-runtime start baseline
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command, turn every error into plain words, and exit with the code for it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal or a pipe may not know all of Unicode: no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    # What a command imports and builds stays until its end. To look for garbage in it, while it
    # grows and once more at the exit, would take a fifth of a short run.
    gc.set_threshold(20_000, 20, 100)
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: Sequence[str] | None) -> int:
    try:
        code = cli.main(arguments, prog_name="gdg-runtime", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return EXIT_BAD_INPUT if isinstance(error, click.UsageError) else error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return EXIT_STOPPED
    except (NobodyReads, BrokenPipeError):
        # Python would complain when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("GDG_TRACEBACK"):
            raise
        typed = shlex.join(["gdg-runtime", *(sys.argv[1:] if arguments is None else arguments)])
        click.echo(
            f"Something went wrong inside gdg-runtime: {type(error).__name__}: {error}\n"
            f"Please report it with what `GDG_TRACEBACK=1 {typed}` prints.",
            err=True,
        )
        return EXIT_FAILED
    return code if isinstance(code, int) else 0
