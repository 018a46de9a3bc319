"""The results of one call of `harness.evaluate`, as a tuple that a notebook shows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from harness.errors import BadInput
from harness.evaluation.score_table import HEAD, as_html, rows, summary
from harness.records import Result
from harness.records.score_line import ScoreLine


class Results(tuple[Result, ...]):
    """The results of one model, a target each; `lines` are their scores, `folder` is where they were written.

    In a notebook they are shown as tables. `folder` is None for a trial, which is not written.
    """

    lines: tuple[ScoreLine, ...]
    folder: Path | None

    def __new__(cls, results: Sequence[Result], lines: Sequence[ScoreLine], folder: Path | None) -> Results:
        """Return the results with their scores."""
        made = super().__new__(cls, results)
        made.lines, made.folder = tuple(lines), folder
        return made

    def __repr__(self) -> str:
        return "\n".join(map(summary, self.lines)) or "no results"

    def _repr_html_(self) -> str:
        return as_html(self.lines)

    def to_frame(self, library: Literal["pandas", "polars"] = "pandas") -> Any:
        """Return the scores as a data frame, a row a language and one for each mean.

        Raises BadInput where the library is not installed.
        """
        table = list(rows(self.lines))
        columns = {name: [row[index] for row in table] for index, name in enumerate(HEAD)}
        try:
            return import_module(library).DataFrame(columns)
        except ModuleNotFoundError as missing:
            raise BadInput(f"{library} is not installed", cure=f"pip install {library}") from missing
