"""An entry of the catalog: one data set and how it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.records.hub_text import HubText
from harness.records.mining import Mining
from harness.records.record import Record
from harness.records.scalars import Day, Language, Line, Link, Tag
from harness.records.signature import Signature
from harness.records.target_history import ProtocolChange, Retirement

# Begins the option that says how many labels a user-provided task has.
LABELS = "labels="


class PublishedCheck(Record):
    """A published score, in points, that this target should give: of a model, in a language or over all."""

    model: str
    score: float
    metric: str
    language: Language | None = None
    source: Line


class Target(Record):
    """One data set and how it is scored; `languages` is in the protocol's order.

    `measure`, `direction` and `options` are parts of its signature, `metric` is the name of its score.
    `secondary` names further scores in points, `quantities` values in other units; `added` gives the day of
    those, and of languages, that older results may lack. `changes` are the versions of the protocol after
    the first. A `retired` target keeps its results and counts towards no average. `sizes` counts examples in
    `unit`. With `needs_data` its text is not on the Hub; `hub` says where it is there, `file_layout` in which
    files it is distributed, and `checks` what others measured. To mention one of `data_sets` means that the
    target's text was seen in training; `training_sets` have a training split, too.
    Example i of a `parallel` target is the same in every language, translated. `labels` are a head's classes,
    `training` names the English text that it is trained on; targets without it compare vectors.
    """

    name: Tag
    title: str
    kind: Literal[
        "retrieval",
        "mining",
        "question_retrieval",
        "clir",
        "passage_retrieval",
        "classification",
        "tagging",
        "qa",
    ]
    metric: str
    secondary: tuple[str, ...]
    quantities: tuple[str, ...] = ()
    added: Mapping[str, Day] = {}
    measure: str
    direction: str
    options: tuple[str, ...] = ()
    languages: tuple[Language, ...]
    group: Literal["classification", "tagging", "qa", "retrieval"] | None
    benchmark: Literal["XTREME", "LAReQA", "beyond XTREME"] | None
    sizes: Mapping[Language, int]
    unit: str = "pairs"
    mining: Mining | None = None
    parallel: bool = False
    labels: tuple[str, ...] = ()
    training: str = ""
    demonstration: bool = False
    needs_data: bool = False
    hub: HubText | None = None
    file_layout: str = ""
    data_sets: tuple[str, ...] = ()
    training_sets: tuple[str, ...] = ()
    checks: tuple[PublishedCheck, ...] = ()
    version: int
    changes: tuple[ProtocolChange, ...] = ()
    retired: Retirement | None = None
    split: str
    protocol: str
    licence: str
    citation: str
    homepage: Link

    def with_mining(self, policy: Mining) -> Target:
        """Return the target with these mining options, which its signature names; no-op for other kinds."""
        if self.mining is None:
            return self
        return self.model_copy(update={"mining": policy})

    @property
    def has_roles(self) -> bool:
        """Tell whether its texts are queries and passages, rather than texts that are all alike."""
        return self.kind in ("question_retrieval", "clir", "passage_retrieval")

    @property
    def signature(self) -> Signature:
        """Return the target's part of a result's signature."""
        return Signature(self.name, self.measure, self.direction, self.version, self.mining, self.options)

    def published(self) -> dict[str, object]:
        """Return the entry for export; `measure` joins its signature's parts between name and version."""
        fields = self.model_dump(mode="json")
        seldom = ("added", "changes", "retired", "file_layout", "data_sets", "training_sets", "checks")
        unset = {name for name in seldom if not fields[name]}
        return {
            **{name: value for name, value in fields.items() if name not in unset},
            "measure": "|".join(self.signature.parts[1:-1]),
        }

    def changes_since(self, version: int) -> tuple[ProtocolChange, ...]:
        """Return what changed in the protocol after a version, oldest first."""
        return tuple(change for change in self.changes if change.version > version)

    def is_former(self, signature: Signature) -> bool:
        """Tell whether a result was measured by an earlier version of the protocol."""
        return signature.version < self.version

    def not_required(self, day: str) -> frozenset[str]:
        """Return the scores, quantities and languages that a result last measured on a day may lack.

        `day` is a date or a timestamp, or empty where it is not on record.
        """
        return frozenset(name for name, since in self.added.items() if day[:10] < since)

    @property
    def chance(self) -> float:
        """Return the chance level in points: one of the labels, one sentence of the pool, else 0."""
        if self.kind == "classification" and (count := len(self.labels) or self._stated_labels):
            return 100 / count
        if self.kind == "retrieval" and self.sizes:
            return 100 * sum(1 / size for size in self.sizes.values()) / len(self.sizes)
        return 0.0

    @property
    def _stated_labels(self) -> int:
        """Return the number of labels that the options of a user-provided task state, 0 where they do not."""
        stated = (option.removeprefix(LABELS) for option in self.options if option.startswith(LABELS))
        return next((int(number) for number in stated if number.isdecimal()), 0)

    @property
    def has_head(self) -> bool:
        """Tell whether a head trained on English predicts; otherwise vectors are compared."""
        return self.kind in ("classification", "tagging", "qa")

    @property
    def beyond_xtreme(self) -> bool:
        """Tell whether it is one of the further targets, which a board shows only if they were measured."""
        return self.benchmark == "beyond XTREME"

    @property
    def in_xtreme(self) -> bool:
        """Tell whether the target counts towards the XTREME average."""
        return self.benchmark == "XTREME" and self.retired is None
