"""The command line: `gdg-runtime`. One file per command, each imported when it is called.

Exit codes: 0 done, 1 the run failed, 2 bad input, 3 verification failed, 130 stopped by the user.
"""

import os
import sys

import click

from .lazy_group import LazyGroup

_COMMANDS = {
    "start": "Run a scenario file, or a shipped scenario by its name.",
    "resume": "Go on with a run that was stopped or killed.",
    "replay": "Execute a recorded run again, without network; --verify compares every byte.",
    "runs": "List the runs of this folder.",
    "show": "Show one run: summary, agents, metrics per epoch, last events.",
    "validate": "Check a scenario file and say what it comes to.",
    "list": "List known agents, levers, worlds, metrics or scenarios.",
    "completion": "Print the shell completion script.",
}

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_UNVERIFIED, EXIT_STOPPED = 1, 2, 3, 130


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from ..revision import package_version

        click.echo(f"gdg-runtime {package_version()}")
        context.exit()


@click.group(
    cls=LazyGroup,
    commands_by_name=_COMMANDS,
    package=__name__,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "GDG"},
    epilog="Exit codes: 0 done, 1 the run failed, 2 bad input, 3 verification failed, "
    "130 stopped by the user. Every option can be set by an environment variable: "
    "GDG_START_SEED=7 is --seed 7 of start.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Show the version and exit.",
)  # fmt: skip
def cli() -> None:
    """Run multi-agent episodes that resume after any crash and replay byte for byte.

    Begin with: gdg-runtime start baseline
    """


def main() -> None:
    """The entry point: runs the command and turns every trouble into plain words."""
    try:
        code = cli.main(standalone_mode=False, prog_name="gdg-runtime")
    except click.UsageError as error:
        error.show()
        code = EXIT_BAD_INPUT
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        code = EXIT_STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        if os.environ.get("GDG_TRACEBACK"):
            raise
        click.echo(
            f"Something went wrong inside gdg-runtime: {type(error).__name__}: {error}\n"
            f"Please report it with what `GDG_TRACEBACK=1 {' '.join(sys.argv)}` prints.",
            err=True,
        )
        code = EXIT_FAILED
    sys.exit(code if isinstance(code, int) else 0)
