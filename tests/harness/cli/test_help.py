"""Help that fits a screen: what a command does, the options needed first, and an example that is understood."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from harness.cli.main import COMMANDS, main
from harness.cli.paged_help import EXAMPLES, PagedCommand

SCREEN = 40  # lines of 80 columns


def help_of(*words: str) -> str:
    answer = CliRunner(env={"COLUMNS": "80"}).invoke(main, words, terminal_width=80)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_at_most_a_screen_and_ends_with_an_example(name: str) -> None:
    text = help_of(name, "--help")
    assert len(text.splitlines()) <= SCREEN
    assert "\\b" not in text
    assert f"\n  stiltboard {name}" in text.partition("Options:")[2].replace("    ", "  ")
    command = main.get_command(click.Context(main), name)
    for inner in command.commands if isinstance(command, click.Group) else ():
        assert len(help_of(name, inner, "--help").splitlines()) <= SCREEN


@pytest.mark.parametrize("name", [name for name in COMMANDS if name in EXAMPLES])
def test_an_example_is_understood(name: str) -> None:
    _, *words = shlex.split(re.split(" >> | && ", EXAMPLES[name])[0])
    command = main.get_command(click.Context(main), name)
    assert command is not None and words[0] == name
    if isinstance(command, click.Group):
        command, words = command.commands[words[1]], words[1:]
    command.make_context(name, words[1:])


@pytest.mark.parametrize("name", ["evaluate", "retrieve", "verify", "reproduce"])
def test_options_that_are_needed_first_are_ten_and_the_others_are_a_word_away(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert isinstance(command, PagedCommand)
    short, whole = help_of(name, "--help"), help_of(name, "--help-all")
    assert len(command.first) <= 10 and "--help-all" in short
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            spelled = option.opts[-1]
            assert spelled in whole
            assert (spelled in short.partition("Options:")[2]) == (
                option.name in (*command.first, "help_all")
            ), spelled
    assert "Further options:" in whole


LONG = ("evaluate", "train", "retrieve", "verify", "reproduce", "rescore", "build", "publish", "snapshot")


@pytest.mark.parametrize("name", LONG)
def test_long_commands_say_as_much_as_is_asked_for(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert {"quiet", "verbose", "progress", "log_file"} <= {option.name for option in command.params}
