"""A group of commands that are imported when they are called, so that --help stays fast."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click


class NobodyReads(Exception):
    """The reader of a pipe has seen enough.

    Click answers a broken pipe with exit code 1, which here would mean that a run failed.
    """


class LazyGroup(click.Group):
    """A group that knows its commands by a table: name, `module:function`, one line of help.

    The modules stand in `package`.
    """

    def __init__(
        self,
        *args: Any,
        commands_by_name: Mapping[str, tuple[str, str]],
        package: str,
        **kwargs: Any,
    ) -> None:
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
