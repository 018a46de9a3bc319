"""The items of a task in the languages in which each exists, to be made into pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from harness.data.examples import RowExamples
from harness.data.plain_text import Sentences
from harness.data.similarity import ScoredPairs
from harness.data.text_files import fingerprint
from harness.data.text_pairs import TextPairs, Translations
from harness.data.training_text import load_whole
from harness.errors import BadInput
from harness.records import Task, TaskShare
from harness.training.intermediate.texts import TaskText, check_languages, check_parallel, refuse_too_many

ENGLISH = "en"
_ABSENT = -1
# An item with fewer languages cannot become a pair of two languages.
_FEWEST_LANGUAGES = 2


@dataclass(frozen=True)
class Items:
    """Items in some languages: item i is row rows[i, j] of the text in languages[j], or -1 where it is not.

    An item has the same sides in every language: a query, its right text and, in some tasks, a wrong one; two
    sentences; or one sentence, which is its own right text.
    """

    languages: tuple[str, ...]
    texts: tuple[RowExamples, ...]
    rows: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the items."""
        return len(self.rows)

    @property
    def available(self) -> NDArray[np.bool_]:
        """Return in which languages each item exists, (items, languages)."""
        return np.asarray(self.rows != _ABSENT)

    def take(self, items: NDArray[np.intp]) -> Items:
        """Return some of the items, in this order."""
        return Items(self.languages, self.texts, self.rows[items])

    @cached_property
    def sides(self) -> tuple[tuple[Sequence[str], ...], ...]:
        """Return the columns of each side's texts, by side and language."""
        return tuple(zip(*map(_sides, self.texts), strict=True))

    def text(self, side: int, item: int, language: int) -> str:
        """Return the text of one side of an item in the language of this number."""
        return str(self.sides[side][language][self.rows[item, language]])

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Return the score of each item of a task that has scores, (items,)."""
        scored = self.texts[0]
        assert isinstance(scored, ScoredPairs)
        return np.array([scored.scores[row] for row in self.rows[:, 0]])

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """Return a number for each side of each item, (items, sides), equal for texts that mean the same.

        Two texts mean the same if they are equal in some language, up to case and white space; a text and its
        translation always do.
        """
        sides, nodes = len(self.sides), len(self) * len(self.sides)
        ends: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
        count = nodes
        for language in range(len(self.languages)):
            present = np.flatnonzero(self.rows[:, language] != _ABSENT).tolist()
            texts = [
                hash(_plain(self.text(side, item, language))) for item in present for side in range(sides)
            ]
            own = [item * sides + side for item in present for side in range(sides)]
            numbers = np.unique(np.array(texts, dtype=np.int64), return_inverse=True)[1].reshape(-1)
            ends.append((np.array(own, dtype=np.intp), numbers + count))
            count += int(numbers.max(initial=-1)) + 1
        # Sides of items, and the texts that they have, are connected.
        pairs = tuple(map(np.concatenate, zip(*ends, strict=True)))
        graph = coo_array((np.ones(len(pairs[0]), dtype=np.int8), pairs), shape=(count, count))
        labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
        return labels[:nodes].astype(np.int64).reshape(len(self), sides)

    @property
    def fingerprint(self) -> str:
        """Return sha256 over the texts in all languages and the rows of the items in them."""
        return fingerprint([*(text.fingerprint for text in self.texts), self.rows.tolist()])


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _sides(text: RowExamples) -> tuple[Sequence[str], ...]:
    if isinstance(text, TextPairs):
        return (text.queries, text.passages, *([text.negatives] if text.negatives is not None else []))
    if isinstance(text, ScoredPairs):
        return text.first_sentences, text.second_sentences
    assert isinstance(text, Translations | Sentences)
    return text.sentences, text.sentences


@dataclass(frozen=True)
class ItemText(TaskText):
    """A task's training items, drawn for one seed, and its held-out items."""

    train: Items
    dev: Items


def read_items(task: Task, share: TaskShare, seed: int, data: Path | None) -> ItemText:
    """Return the items that a recipe trains on with a seed, those of English that exist in two languages.

    Without a dev set the last tenth of them is held out, whole documents. The items depend on the pool and on
    the seed, never on the languages of the recipe, so that trainings in different languages see the same.
    Raises BadInput for a language that the task does not have, and for more examples than there are.
    """
    check_languages(task, (*share.languages, *share.pool))
    pool = _pool(task, share)
    names = tuple(dict.fromkeys((ENGLISH, *pool, *share.languages)))
    whole = {name: load_whole(task, name, data) for name in names}
    train = _items(task, {name: train for name, (train, _) in whole.items()}, pool)
    dev_texts = {name: dev for name, (_, dev) in whole.items() if dev is not None}
    if dev_texts:
        dev = _items(task, dev_texts, pool)
    else:
        split = _split(train)
        train, dev = train.take(np.arange(split)), train.take(np.arange(split, len(train)))
    n = share.examples or len(train)
    refuse_too_many(task, n, len(train), share.languages)
    order = np.random.default_rng([seed, 0]).permutation(len(train))[:n]
    train, dev = (_in_languages(items, share.languages) for items in (train, dev))
    return ItemText(
        task,
        share.languages,
        n,
        train.fingerprint,
        dev.fingerprint,
        train.take(order),
        dev,
    )


def _pool(task: Task, share: TaskShare) -> tuple[str, ...]:
    """Return the languages that decide which items are trained on."""
    if share.pool or task.parallel or task.format == "mlm":
        return share.pool or share.languages
    if not task.languages:
        raise BadInput(
            f"{task.name} does not tell which of its items are trained on",
            cure="pool: the languages of the multilingual recipe, also in the English-only one",
        )
    return task.languages


def _items(task: Task, texts: Mapping[str, RowExamples], pool: Sequence[str]) -> Items:
    """Align the texts of all languages by their items, in the order of English."""
    names = tuple(texts)
    if not all(isinstance(text, TextPairs | Translations) for text in texts.values()):
        check_parallel(task, texts)
    ids = {name: _ids(text) for name, text in texts.items()}
    positions = {name: {identity: row for row, identity in enumerate(ids[name])} for name in names}
    rows = np.array(
        [[positions[name].get(identity, _ABSENT) for name in names] for identity in ids[ENGLISH]],
        dtype=np.int64,
    ).reshape(-1, len(names))
    shared = (rows[:, [names.index(name) for name in pool]] != _ABSENT).sum(axis=1)
    return Items(names, tuple(texts.values()), rows[shared >= min(_FEWEST_LANGUAGES, len(pool))])


def _ids(text: RowExamples) -> Sequence[str]:
    """Return the ids of the rows; the rows of a parallel set without ids are counted."""
    if isinstance(text, TextPairs | Translations):
        return text.ids
    return [str(row) for row in range(len(text))]


def _split(items: Items) -> int:
    """Return where the last tenth begins, moved back so that no document of English is in both parts."""
    split = len(items) - len(items) // 10
    english = items.texts[items.languages.index(ENGLISH)]
    documents = english.documents if isinstance(english, TextPairs) else None
    if documents is not None:
        of_item = [documents[row] for row in items.rows[:, items.languages.index(ENGLISH)]]
        while 0 < split < len(items) and of_item[split - 1] == of_item[split]:
            split -= 1
    return split


def _in_languages(items: Items, languages: Sequence[str]) -> Items:
    numbers = [items.languages.index(language) for language in languages]
    return Items(tuple(languages), tuple(items.texts[i] for i in numbers), items.rows[:, numbers])
