"""An entry of the catalog: one task for intermediate training."""

from __future__ import annotations

from typing import Literal

from harness.records.record import Record
from harness.records.scalars import Language, Link, Tag


class Task(Record):
    """One data set for intermediate training.

    `text_pairs` are queries with their right text, `translations` sentences with the same id in several
    languages; both have no head. `labels` are a head's classes where the task names them, else they are those
    of its text. `metric` is measured on its dev set. Example i of a `parallel` task is the same in every
    language; with `translated` every language but English is machine-translated. `seen` is its name under
    `trained_on`.
    """

    name: Tag
    title: str
    format: Literal[
        "pair_classification",
        "pair_regression",
        "multiple_choice",
        "qa",
        "tagging",
        "mlm",
        "text_pairs",
        "translations",
    ]
    languages: tuple[Language, ...]
    metric: Literal["accuracy", "spearman", "exact_span", "mrr", ""]
    labels: tuple[str, ...] = ()
    parallel: bool = False
    translated: bool = False
    seen: Tag
    licence: str
    citation: str
    homepage: Link
