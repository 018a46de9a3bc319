"""`stiltboard completion`: completion of commands, options, slugs, targets and languages by the shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_HOW = {
    "bash": "stiltboard completion bash >> ~/.bashrc",
    "zsh": "stiltboard completion zsh >> ~/.zshrc",
    "fish": "stiltboard completion fish > ~/.config/fish/completions/stiltboard.fish",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_HOW)))
def command(shell: str) -> None:
    """Print what a shell needs to complete commands, slugs, targets and languages."""
    from harness.cli.main import main

    kind = get_completion_class(shell)
    assert kind is not None  # click has these three
    click.echo(kind(main, {}, "stiltboard", "_STILTBOARD_COMPLETE").source())
