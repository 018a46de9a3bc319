"""The command line `stiltboard`. Commands are imported when they are called, so that help is instant."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any

import click

from harness.cli.paged_help import with_example

# name: (module that holds a click command of the name `command`, one line of help).
# Names are strings: the harness never imports the site generator, and help imports neither.
COMMANDS = {
    "demo": (
        "harness.cli.demo",
        "Evaluate a bundled encoder at four sizes on bundled text and build the site, offline.",
    ),
    "init": ("harness.cli.init", "Start a board of one's own in a folder."),
    "new": ("harness.cli.new", "Scaffold a submission."),
    "validate": ("harness.cli.validate", "Check submissions and their results; list every fault at once."),
    "targets": ("harness.cli.targets", "List what can be evaluated."),
    "evaluate": ("harness.cli.evaluate", "Evaluate submissions zero-shot and write their results."),
    "retrieve": (
        "harness.cli.retrieve",
        "Search a collection, fuse, re-rank and compare runs, own and others'.",
    ),
    "sample-sentences": ("harness.cli.sample_sentences", "Make a test collection of a parallel corpus."),
    "train": ("harness.cli.train", "Train encoders on intermediate tasks and scaffold their submissions."),
    "show": ("harness.cli.show", "Print stored scores, without model, data or network."),
    "list": ("harness.cli.lists", "List models, targets or languages."),
    "diff": ("harness.cli.diff", "Compare two results, paired on the same examples."),
    "plot": ("site_gen.commands.plot", "Draw results by size, step or language, as SVG, PNG or HTML."),
    "verify": ("harness.cli.verify", "Verify results: recount, check digests, evaluate again, probe, audit."),
    "reproduce": ("harness.cli.reproduce", "Say what it takes to repeat a stored result, or do it."),
    "status": ("harness.cli.status", "List the submissions that wait for a measurement."),
    "rename": ("harness.cli.rename", "Rename a submission; its old slug leads to it."),
    "notice": ("harness.cli.notice", "Say that a submission is disputed, contaminated or retired."),
    "check-weights": (
        "harness.cli.check_weights",
        "Ask the Hub whether checkpoints are still there, and note which are gone.",
    ),
    "withdraw": ("harness.cli.withdraw", "Remove a submission and leave its tombstone."),
    "import": ("harness.cli.import_board", "Bring in rows of another board."),
    "stale": ("harness.cli.stale", "List results that are behind their targets, and what mends them."),
    "rescore": ("harness.cli.rescore", "Score results again from their outcomes."),
    "prior": (
        "harness.cli.prior",
        "Estimate the variance between seeds, from which rows with few seeds borrow.",
    ),
    "supersede": ("harness.cli.supersede", "Record that results are about to be replaced, and why."),
    "missing": ("harness.cli.missing", "List which submissions lack which targets."),
    "migrate": ("harness.cli.migrate", "Rewrite submissions in the current formats."),
    "request": ("harness.cli.request", "Write the submission that an issue asks to evaluate."),
    "review": ("harness.cli.review", "Check a pull request's files without running any of them."),
    "build": ("site_gen.commands.build", "Build the static site from the results."),
    "table": ("site_gen.commands.table", "Print the leaderboard as Markdown, LaTeX or CSV."),
    "publish": (
        "site_gen.commands.publish",
        "Build the site and push it to a branch that GitHub Pages serves.",
    ),
    "snapshot": (
        "site_gen.commands.snapshot",
        "Tag the board and write an archive of it, with metadata for a DOI.",
    ),
    "export": (
        "site_gen.commands.export_formats",
        "Write results in the formats of mteb, the Hub and others.",
    ),
    "pack": ("harness.cli.pack", "Pack a submission's results and recipe into one archive."),
    "outcomes": ("harness.cli.keep_outcomes", "Keep the outcomes of results outside git: push, pull, check."),
    "cache": ("harness.cli.cache", "List what lies in the cache, or make room."),
    "completion": ("harness.cli.completion", "Print the completion for bash, zsh or fish."),
    "serve": ("site_gen.commands.serve", "Build the site and serve it on this machine."),
}


class LazyGroup(click.Group):
    """Lists the commands of COMMANDS and imports one only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which a first-time user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module, or return None for an unknown name."""
        if cmd_name not in COMMANDS:
            return None
        return with_example(cmd_name, import_module(COMMANDS[cmd_name][0]).command)

    def main(self, *arguments: Any, standalone_mode: bool = True, **options: Any) -> Any:  # click's
        """Run a command and exit with its code, whatever ends it."""
        run = partial(super().main, *arguments, standalone_mode=False, **options)
        if not standalone_mode:
            return run()
        from harness.cli.endings import run_to_exit

        run_to_exit(run, is_program=not arguments and not options)

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:  # click's
        """Read the arguments; --help and --version print here, before a command is invoked."""
        from harness.cli.endings import endings

        with endings(str):
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command, reporting its downloads; if something ends it, the error says what is kept."""
        from harness.cli.endings import endings
        from harness.downloading import reporting_downloads
        from harness.verbosity import say

        reporting = reporting_downloads(lambda line: say(f"download: {line}"))
        with endings(lambda: ctx.invoked_subcommand or ""), reporting:
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help lines of COMMANDS without importing a command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": "STILTBOARD",
        "help_option_names": ["-h", "--help"],
        # Options by their former names go on to work, without a line in the help.
        "token_normalize_func": lambda name: {"lang": "language"}.get(name, name),
    },
)
@click.version_option(package_name="stiltboard")
def main() -> None:
    """Evaluate multilingual encoders after intermediate training, publish a leaderboard, diff results."""
