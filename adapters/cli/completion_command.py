"""`gdg-runtime completion`."""

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script for SHELL.

    For bash: eval "$(gdg-runtime completion bash)"
    """
    from . import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "gdg-runtime", "_GDG_RUNTIME_COMPLETE").source())
