"""Training and dev text: the English text of heads, and the text of intermediate tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.catalog import is_own
from harness.catalog.fingerprints import TRAINING_FINGERPRINTS
from harness.data import multiple_choice, plain_text, question_answering, sentence_pairs, similarity, tagging
from harness.data.examples import RowExamples
from harness.data.hub_heads import labelled_from_hub
from harness.data.own_tasks import load_train_and_dev
from harness.data.text_files import fingerprint, refuse_other_text
from harness.data.text_pairs import (
    own_translations,
    similar,
    with_answer_sentences,
    with_contradictions,
    with_passages,
)
from harness.records import HubLabelled, Target, Task

Loader = Callable[[str, Path | None], RowExamples]


def _made(make: Callable[[Any], RowExamples], load: Loader) -> Loader:
    """Return a loader of examples that are made from those of another one."""
    return lambda language, data: make(load(language, data))


def _triples(load: Callable[[str, Path | None], sentence_pairs.SentencePairs]) -> Loader:
    """Return a loader of premises with an entailed and a contradicting hypothesis."""
    return lambda language, data: with_contradictions(load(language, data), load("en", data))


# Name → the loaders of the training and the dev set; without a dev set the last tenth is held out.
# English text that heads are trained on, and dev text for choosing among evaluations of the trainer.
_HEADS: Mapping[str, tuple[Loader, Loader | None]] = {
    "mnli": (sentence_pairs.mnli, sentence_pairs.xnli_dev),
    "xnli_dev": (sentence_pairs.xnli_dev, None),
    "pawsx": (sentence_pairs.pawsx_train, sentence_pairs.pawsx_dev),
    "pawsx_dev": (sentence_pairs.pawsx_dev, None),
    "udpos": (tagging.udpos_train, tagging.udpos_dev),
    "udpos_dev": (tagging.udpos_train, None),
    "udpos_hub": (tagging.udpos_hub_train, tagging.udpos_hub_dev),
    "panx": (tagging.panx_train, tagging.panx_dev),
    "panx_dev": (tagging.panx_train, None),
    "squad": (question_answering.squad_train, question_answering.squad_dev),
    "tydiqa": (question_answering.tydiqa_train, None),
}
# Intermediate tasks, in every language in which they exist.
_TASKS: Mapping[str, tuple[Loader, Loader | None]] = {
    "stsb": (similarity.stsb_train, similarity.stsb_dev),
    "xnli_dev": (sentence_pairs.xnli_dev, None),
    "xnli_translated": (sentence_pairs.xnli_translated, sentence_pairs.xnli_dev),
    "mnli": (sentence_pairs.mnli, sentence_pairs.xnli_dev),
    "snli": (sentence_pairs.snli_train, sentence_pairs.snli_dev),
    "anli": (sentence_pairs.anli_train, sentence_pairs.anli_dev),
    "qqp": (sentence_pairs.qqp_train, sentence_pairs.qqp_dev),
    "rte": (sentence_pairs.rte_train, sentence_pairs.rte_dev),
    "sick": (sentence_pairs.sick_train, sentence_pairs.sick_dev),
    "sick_related": (similarity.sick_related_train, similarity.sick_related_dev),
    "socialiqa": (multiple_choice.socialiqa_train, multiple_choice.socialiqa_dev),
    "copa": (multiple_choice.copa_train, multiple_choice.copa_dev),
    "cosmosqa": (multiple_choice.cosmosqa_train, multiple_choice.cosmosqa_dev),
    "hellaswag": (multiple_choice.hellaswag_train, multiple_choice.hellaswag_dev),
    "commonsenseqa": (multiple_choice.commonsenseqa_train, multiple_choice.commonsenseqa_dev),
    "squad": (question_answering.squad_train, question_answering.squad_dev),
    "squad_v2": (question_answering.squad_v2_train, question_answering.squad_v2_dev),
    "udpos": (tagging.udpos_train, tagging.udpos_dev),
    "panx": (tagging.panx_train, tagging.panx_dev),
    "ccg": (tagging.ccg_train, tagging.ccg_dev),
    "wikipedia": (plain_text.wikipedia, None),
    "ntrex": (plain_text.ntrex, None),
    "xnli_dev_triples": (_triples(sentence_pairs.xnli_dev), None),
    "xnli_translated_triples": (
        _triples(sentence_pairs.xnli_translated),
        _triples(sentence_pairs.xnli_dev),
    ),
    "mnli_triples": (_triples(sentence_pairs.mnli), _triples(sentence_pairs.xnli_dev)),
    "mlqa_dev_sentences": (_made(with_answer_sentences, question_answering.mlqa_dev), None),
    "mlqa_dev_passages": (_made(with_passages, question_answering.mlqa_dev), None),
    "squad_sentences": (
        _made(with_answer_sentences, question_answering.squad_train),
        _made(with_answer_sentences, question_answering.squad_dev),
    ),
    "squad_passages": (
        _made(with_passages, question_answering.squad_train),
        _made(with_passages, question_answering.squad_dev),
    ),
    "tydiqa_sentences": (_made(with_answer_sentences, question_answering.tydiqa_train), None),
    "tydiqa_passages": (_made(with_passages, question_answering.tydiqa_train), None),
    "stsb_positives": (_made(similar, similarity.stsb_train), _made(similar, similarity.stsb_dev)),
}


@dataclass(frozen=True)
class TrainingText:
    """Examples to train on, in one language, and dev examples to choose among the trainer's evaluations."""

    train: RowExamples
    dev: RowExamples

    @property
    def fingerprint(self) -> str:
        """Return sha256 over the fingerprints of both sets."""
        return fingerprint([self.train.fingerprint, self.dev.fingerprint])

    def first(self, n: int) -> TrainingText:
        """Return the first n examples of both sets, for a trial."""
        return TrainingText(self.train.first(n), self.dev.first(n))


def load_training(target: Target, data: Path | None) -> TrainingText:
    """Return the text that a target's head is trained on, from raw layouts in `data` or from the Hub.

    It is English, or what the folder `data` of a user-provided target holds. Without a dev set the last tenth
    is held out: adjacent examples share a passage, a premise or a document, so that a random split would leak
    it into both parts. Raises BadInput for text that is missing, malformed or not the official one.
    """
    if is_own(target.name):
        assert data is not None  # the folder itself
        train, own_dev = load_train_and_dev(target, data)
        return TrainingText(train, own_dev) if own_dev is not None else TrainingText(*_hold_out(train))
    if isinstance(target.hub, HubLabelled) and target.hub.train is not None:
        return _own_training(target.hub)
    train_loader, dev_loader = _HEADS[target.training]
    whole = _official(train_loader, target, data)
    if dev_loader is not None:
        return TrainingText(whole, _official(dev_loader, target, data))
    return TrainingText(*_hold_out(whole))


def _own_training(hub: HubLabelled) -> TrainingText:
    """Return the English text of a data set that has its own."""
    assert hub.train is not None
    train = labelled_from_hub("en", hub, hub.train)
    dev = labelled_from_hub("en", hub, hub.dev) if hub.dev is not None else None
    return TrainingText(train, dev) if dev is not None else TrainingText(*_hold_out(train))


def load_task(task: Task, language: str, data: Path | None) -> tuple[RowExamples, RowExamples]:
    """Return the training and the dev examples, from raw layouts in `data` or from the Hub.

    Without a dev set the last tenth is held out; in a parallel task it has the same sentences in every
    language. Raises BadInput for text that is missing or malformed.
    """
    whole, dev = load_whole(task, language, data)
    return (whole, dev) if dev is not None else _hold_out(whole)


def load_whole(task: Task, language: str, data: Path | None) -> tuple[RowExamples, RowExamples | None]:
    """Return the training examples, and the dev examples of a task that has a dev set.

    `bitext.NAME` is read from the parallel files in `data/bitext/NAME`. Raises BadInput for text that is
    missing or malformed.
    """
    if is_own(task.name):
        return own_translations(task.name.partition(".")[2], language, data), None
    train, dev = _TASKS[task.name]
    return train(language, data), dev(language, data) if dev is not None else None


def _official(loader: Loader, target: Target, data: Path | None) -> RowExamples:
    text = loader("en", data)
    official = TRAINING_FINGERPRINTS.get(loader.__name__)
    refuse_other_text(text.fingerprint, official, f"the English text for {target.name} in {text.source}")
    return text


def _hold_out(whole: RowExamples) -> tuple[RowExamples, RowExamples]:
    """Return all but the last tenth, and the last tenth."""
    split = len(whole) - len(whole) // 10
    return whole.rows(slice(0, split)), whole.rows(slice(split, None))
