"""What the harness knows of an intermediate task: an entry of the catalog."""

from __future__ import annotations

from typing import Literal

from harness.records.record import Record
from harness.records.scalars import Language, Link, Tag


class Task(Record):
    """One data set to train on before any target is seen.

    `labels` are what a head chooses from, `metric` is what is measured on its dev set. Example i of a
    `parallel` task is the same in every language; `translated` says that a machine made every language but
    English. `seen` is its name under `trained_on`.
    """

    name: Tag
    title: str
    format: Literal["pair_classification", "pair_regression", "multiple_choice", "qa", "tagging", "mlm"]
    languages: tuple[Language, ...]
    metric: Literal["accuracy", "spearman", "exact_span", ""]
    labels: tuple[str, ...] = ()
    parallel: bool = False
    translated: bool = False
    seen: Tag
    licence: str
    citation: str
    homepage: Link
