"""A command group over a literal table: a verb's module is imported only when the verb is called."""

import importlib
from collections.abc import Mapping

import click

# verb → (module that holds a click command named `command`, one line of help)
Table = Mapping[str, tuple[str, str]]


class LazyGroup(click.Group):
    """`--help` reads the table alone, and so stays quick.

    Args:
        table: the verbs in the order in which they are listed.
    """

    def __init__(self, *, table: Table, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self._table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._table:
            return None
        return importlib.import_module(self._table[cmd_name][0]).command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in self._table.items()])
