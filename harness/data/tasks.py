"""The text of an intermediate task in one language: what is trained on, and what is held out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from harness.data import choices, pairs, reading, scored_pairs, sentences, tagged, task_pairs
from harness.data.examples import Examples, rows_of
from harness.records import Task

Loader = Callable[[str, Path | None], Examples]
# Task → the loader of what is trained on, and of its dev set; without the latter the last tenth is held out.
_TEXTS: Mapping[str, tuple[Loader, Loader | None]] = {
    "stsb": (scored_pairs.stsb_train, scored_pairs.stsb_dev),
    "xnli_dev": (pairs.xnli_dev, None),
    "xnli_translated": (task_pairs.xnli_translated, pairs.xnli_dev),
    "mnli": (pairs.mnli, pairs.xnli_dev),
    "anli": (task_pairs.anli_train, task_pairs.anli_dev),
    "qqp": (task_pairs.qqp_train, task_pairs.qqp_dev),
    "rte": (task_pairs.rte_train, task_pairs.rte_dev),
    "sick": (task_pairs.sick_train, task_pairs.sick_dev),
    "sick_related": (scored_pairs.sick_related_train, scored_pairs.sick_related_dev),
    "socialiqa": (choices.socialiqa_train, choices.socialiqa_dev),
    "copa": (choices.copa_train, choices.copa_dev),
    "cosmosqa": (choices.cosmosqa_train, choices.cosmosqa_dev),
    "hellaswag": (choices.hellaswag_train, choices.hellaswag_dev),
    "commonsenseqa": (choices.commonsenseqa_train, choices.commonsenseqa_dev),
    "squad": (reading.squad_train, reading.squad_dev),
    "udpos": (tagged.udpos_train, tagged.udpos_dev),
    "panx": (tagged.panx_train, tagged.panx_dev),
    "wikipedia": (sentences.wikipedia, None),
    "ntrex": (sentences.ntrex, None),
}


def load_task(task: Task, language: str, data: Path | None) -> tuple[Examples, Examples]:
    """Return what is trained on and what is held out, from raw layouts in `data` or from the Hub.

    Where a task has no dev set, its last tenth is held out, which in a parallel task is the same in every language.
    Raises BadInput for text that is missing or malformed.
    """
    train, dev = _TEXTS[task.name]
    whole = train(language, data)
    if dev is not None:
        return whole, dev(language, data)
    kept = len(whole) - len(whole) // 10
    return rows_of(whole, slice(0, kept)), rows_of(whole, slice(kept, None))
