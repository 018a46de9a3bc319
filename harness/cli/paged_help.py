"""Help of at most a screen: the options that people need first, with the others under --help-all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

_WHOLE = "stiltboard.whole_help"
_ALL = "help_all"

# Printed below the help of every command that has no examples of its own.
EXAMPLES = {
    "demo": "stiltboard demo",
    "init": "stiltboard init my-board && cd my-board && stiltboard build",
    "new": "stiltboard new my-model --from hub:ORG/MODEL",
    "validate": "stiltboard validate my-model",
    "targets": "stiltboard targets",
    "evaluate": "stiltboard evaluate ORG/MODEL -t tatoeba -l de,fr",
    "train": "stiltboard train recipe.yaml --layers 3 --seed 0",
    "show": "stiltboard show my-model evaluations/other -t tatoeba --fail-under tatoeba=60",
    "list": "stiltboard list models -t tatoeba --regime multilingual",
    "diff": "stiltboard diff my-model other-model -t tatoeba -l de",
    "verify": "stiltboard verify my-model --rerun",
    "reproduce": "stiltboard reproduce my-model -t tatoeba",
    "status": "stiltboard status --json",
    "rename": "stiltboard rename my-model our-model",
    "notice": "stiltboard notice my-model --kind disputed --reason 'see the issue'",
    "check-weights": "stiltboard check-weights my-model",
    "withdraw": "stiltboard withdraw my-model --reason 'its authors ask for it'",
    "import": "stiltboard import board ../their-board",
    "stale": "stiltboard stale --json",
    "rescore": "stiltboard rescore my-model",
    "prior": "stiltboard prior",
    "supersede": "stiltboard supersede my-model -t tatoeba --reason 'other pooling'",
    "missing": "stiltboard missing -t tatoeba",
    "migrate": "stiltboard migrate --check",
    "request": "stiltboard request issue.md --author ada",
    "review": "stiltboard review origin/main HEAD",
    "build": "stiltboard build --out public",
    "publish": "stiltboard publish",
    "snapshot": "stiltboard snapshot --name 2026-11",
    "pack": "stiltboard pack my-model && tar xf my-model.tar.gz && stiltboard show my-model",
    "outcomes": "stiltboard outcomes push --remove && git commit -a -m 'Move outcomes out of git'",
    "cache": "stiltboard cache clean --older-than 30",
    "completion": "stiltboard completion bash >> ~/.bashrc",
    "serve": "stiltboard serve --port 8000",
}


class PagedCommand(click.Command):
    """A command whose --help shows the options in `first`, in that order, and --help-all every option."""

    def __init__(self, *arguments: Any, first: Sequence[str], **attributes: Any) -> None:
        """Take the names of parameters in `first`; what else click.Command takes."""
        super().__init__(*arguments, **attributes)
        self.first = tuple(first)
        self.params.append(
            click.Option(
                ["--help-all", _ALL],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_all,
                help="Show every option and exit.",
            )
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that are needed first; the others only where all are asked for."""
        own = {str(option.name): option for option in self.params if option.name != _ALL}
        ending = [option for option in self.get_params(ctx) if str(option.name) not in own]
        with formatter.section("Options"):
            formatter.write_dl(_records(ctx, [*(own.pop(name) for name in self.first), *ending]))
        if ctx.meta.get(_WHOLE):
            with formatter.section("Further options"):
                formatter.write_dl(_records(ctx, own.values()))


def _records(ctx: click.Context, options: Iterable[click.Parameter]) -> list[tuple[str, str]]:
    return [record for option in options if (record := option.get_help_record(ctx)) is not None]


def with_example(name: str, command: click.Command) -> click.Command:
    """Return a command whose help ends with its example."""
    if name in EXAMPLES and not command.epilog:
        command.epilog = f"\b\nExample:\n  {EXAMPLES[name]}"
    return command


def _show_all(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        ctx.meta[_WHOLE] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()
