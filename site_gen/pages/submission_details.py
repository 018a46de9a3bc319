"""The details of a submission, computed from its complete results: page sections, files and CSV lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from harness.records import Target, Training
from harness.reproduction.command import reproducing_command
from site_gen import paths
from site_gen.board.entry import Sections
from site_gen.board.language_examples import examples_js
from site_gen.board.language_scores import language_lines, pair_lines
from site_gen.board.mining_curves import curves_json
from site_gen.board.run_info import harness_versions, mixed_sentence
from site_gen.board.whole import WholeCell, WholeRow
from site_gen.exports import mteb
from site_gen.exports.by_language import by_language_lines
from site_gen.exports.leaderboard_json import results_json
from site_gen.figures.chart import Chart, make_chart
from site_gen.figures.layers import sweep_figure
from site_gen.figures.precision_recall import mined_figure
from site_gen.figures.selection import step_figure
from site_gen.figures.training_curve import training_figures
from site_gen.pages.rendering import render

# Pages of submissions are one folder below the site's root.
_ROOT = "../"


@dataclass(frozen=True)
class Exhibit:
    """A figure below a result's scores, or a `note` with the reason why there is none."""

    chart: Chart | None
    note: str


@dataclass(frozen=True)
class WholeDetails:
    """The details of a row, from its complete results in memory."""

    row: WholeRow

    @cached_property
    def _files(self) -> Mapping[str, bytes]:
        return dict(_files(self.row))

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths of the submission's files within the site."""
        return tuple(self._files)

    def file(self, path: str) -> bytes:
        """Return the content of the file at one of `paths`."""
        return self._files[path]

    def lines(self, target: str) -> bytes:
        """Return the submission's lines in the by-language CSV of a target."""
        return by_language_lines(self.row.slug, self.row.cells[target])

    def page(self, targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> Sections:
        """Return the page's sections on these targets.

        They replace the row's targets, because a user-provided target has the languages of all its results.
        """
        cells = {name: replace(cell, target=targets[name]) for name, cell in self.row.cells.items()}
        shown = {name: tuple(exhibits(self.row, cell)) for name, cell in cells.items()}
        figures = training_figures(self.row.training) if self.row.training else ()
        charts = [chart for figure in figures if (chart := make_chart(figure)) is not None]
        return Sections(
            {name: _section(self.row, cell, shown[name], language_paths) for name, cell in cells.items()},
            training_section(self.row.training, charts) if self.row.training else "",
            bool(charts) or any(exhibit.chart for row_exhibits in shown.values() for exhibit in row_exhibits),
        )


def training_section(record: Training, charts: Sequence[Chart]) -> str:
    """Return the section of the training, with its curves."""
    context = {"record": record, "charts": charts, "root": _ROOT}
    return render("trained.html", context).strip("\n")


def _section(
    row: WholeRow, cell: WholeCell, shown: tuple[Exhibit, ...], language_paths: Mapping[str, str]
) -> str:
    context = {
        "cell": cell,
        "root": _ROOT,
        "language_paths": language_paths,
        "lines": language_lines(cell.target, cell.result),
        "pairs": pair_lines(cell.target, cell.result),
        "exhibits": shown,
        "versions": harness_versions(cell.result),
        "mixed": mixed_sentence(cell.target, cell.result),
        "command": reproducing_command(row.slug, cell.target, cell.result),
        "slug": row.slug,
        "examples": bool(cell.examples),
        "unpublished": any(checkpoint.path is not None for checkpoint in row.submission.checkpoints),
        "trained": row.training is not None,
    }
    return render("result.html", context).strip("\n")


def exhibits(row: WholeRow, cell: WholeCell) -> Iterator[Exhibit]:
    """Yield the figures of a result: precision-recall curves of mining, the score by layer, and by step."""
    if cell.target.kind == "mining":
        figure = mined_figure(cell.target, cell.result, cell.mined, paths.curves(row.slug, cell.target.name))
        note = "No precision-recall curve: the outcomes are not stored here, or no correct pair was mined."
        yield Exhibit(make_chart(figure), note)
    if cell.sweep is not None:
        note = "No score by layer: no layer was measured with every language."
        yield Exhibit(make_chart(sweep_figure(cell, row.submission.encoding_for(cell.target.name))), note)

    if cell.curve is not None:
        note = "No score by training step: no language was measured at every step."
        yield Exhibit(make_chart(step_figure(cell.curve, cell.result, row.submission)), note)


def _files(row: WholeRow) -> Iterator[tuple[str, bytes]]:
    if row.cells:
        yield paths.results(row.slug), results_json(row)
    for name, cell in row.cells.items():
        if cell.mined:
            yield paths.curves(row.slug, name), curves_json(cell.mined).encode()
        if cell.examples:
            yield paths.examples(row.slug, name), examples_js(row.slug, name, cell.examples)
    if mteb.is_known(row):
        yield paths.mteb(row.slug), mteb.mteb_json(row)
