"""Every data set that the catalog reads from the Hub, with a row or two, and what is read from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.catalog import BY_NAME
from harness.data import (
    bitext,
    multiple_choice,
    plain_text,
    question_answering,
    sentence_pairs,
    similarity,
    tagging,
)
from harness.data.examples import RowExamples
from tests.support.hub_layout import Configurations

Read = Callable[[], RowExamples]


def _splits(columns: dict[str, list[Any]], *names: str) -> dict[str, dict[str, list[Any]]]:
    return dict.fromkeys(names or ("train", "validation", "test"), columns)


def _of_language(load: Callable[[str, None], RowExamples], language: str = "en") -> Read:
    return lambda: load(language, None)


_PAIR = {"sentence1": ["It rains."], "sentence2": ["It pours."]}
_NLI = {"premise": ["It rains."], "hypothesis": ["It is dry."], "label": [2]}
_QUESTION = {
    "id": ["english-1"],
    "question": ["Who dances?"],
    "context": ["Bees dance."],
    "answers": [{"text": ["Bees"], "answer_start": [0]}],
}
_WORDS = {"tokens": [["Bees", "dance"]]}
_ANSWERS = {f"answer{number}": [text] for number, text in enumerate("abcd")}
_ROUNDS = tuple(f"{split}_r{number}" for split in ("train", "dev") for number in (1, 2, 3))

DATA_SETS: dict[str, Configurations] = {
    "google/xtreme": {
        "tatoeba.deu": _splits({"source_sentence": ["Es regnet."], "target_sentence": ["It rains."]}, "validation"),
        "XNLI": _splits({**_PAIR, "gold_label": ["neutral"], "language": ["en"]}, "validation", "test"),
        "PAWS-X.en": _splits({**_PAIR, "label": ["1"]}),
        "PAN-X.en": _splits({**_WORDS, "ner_tags": [["O", "O"]]}),
        "udpos.English": _splits({**_WORDS, "pos_tags": [["NOUN", "VERB"]]}),
        "XQuAD.en": _splits(_QUESTION, "validation"),
        "MLQA.en.en": _splits(_QUESTION, "validation", "test"),
        "tydiqa": _splits(_QUESTION, "train", "validation"),
        "SQuAD": _splits(_QUESTION, "train", "validation"),
    },
    "nyu-mll/multi_nli": {"default": _splits(_NLI, "train")},
    "facebook/anli": {"plain_text": _splits(_NLI, *_ROUNDS)},
    "stanfordnlp/snli": {"plain_text": _splits(_NLI, "train", "validation")},
    "facebook/xnli": {"sw": _splits(_NLI, "train")},
    "nyu-mll/glue": {
        "qqp": _splits({"question1": ["Why?"], "question2": ["How?"], "label": [0]}, "train", "validation"),
        "rte": _splits({**_PAIR, "label": [1]}, "train", "validation"),
    },
    "PhilipMay/stsb_multi_mt": {"en": _splits({**_PAIR, "similarity_score": [3.8]}, "train", "dev")},
    "allenai/social_i_qa": {
        "default": _splits(
            {"context": ["It rained."], "question": ["What now?"], "answerA": ["a"], "answerB": ["b"], "answerC": ["c"], "label": ["3"]},
            "train",
        )
    },
    "aps/super_glue": {
        "copa": _splits(
            {"premise": ["It rained."], "question": ["effect"], "choice1": ["a"], "choice2": ["b"], "label": [1]}, "train"
        )
    },
    "allenai/cosmos_qa": {
        "default": _splits({"context": ["It rained."], "question": ["Why?"], **_ANSWERS, "label": [2]}, "train")
    },
    "Rowan/hellaswag": {
        "default": _splits({"ctx": ["It rained"], "endings": [["and", "or", "but", "so"]], "label": ["3"]}, "train")
    },
    "tau/commonsense_qa": {
        "default": _splits(
            {"question": ["What is wet?"], "choices": [{"label": list("ABCDE"), "text": list("vwxyz")}], "answerKey": ["B"]},
            "train",
        )
    },
    "wikimedia/wikipedia": {"20231101.en": _splits({"text": ["It rains.\nIt pours."]}, "train")},
}  # fmt: skip
"""Repository → configuration → split → column → values."""

_TATOEBA = BY_NAME["tatoeba"].hub
assert _TATOEBA
READS: dict[str, tuple[str, Read]] = {
    "tatoeba": ("google/xtreme", lambda: bitext.bitext_from_hub("de", _TATOEBA)),
    "xnli": ("google/xtreme", _of_language(sentence_pairs.xnli)),
    "pawsx_dev": ("google/xtreme", _of_language(sentence_pairs.pawsx_dev)),
    "panx": ("google/xtreme", _of_language(tagging.panx)),
    "udpos_hub": ("google/xtreme", _of_language(tagging.udpos_hub)),
    "xquad": ("google/xtreme", _of_language(question_answering.xquad)),
    "mlqa": ("google/xtreme", _of_language(question_answering.mlqa)),
    "tydiqa": ("google/xtreme", _of_language(question_answering.tydiqa)),
    "squad": ("google/xtreme", _of_language(question_answering.squad_train)),
    "mnli": ("nyu-mll/multi_nli", _of_language(sentence_pairs.mnli)),
    "anli": ("facebook/anli", _of_language(sentence_pairs.anli_train)),
    "snli": ("stanfordnlp/snli", _of_language(sentence_pairs.snli_train)),
    "xnli_translated": ("facebook/xnli", _of_language(sentence_pairs.xnli_translated, "sw")),
    "qqp": ("nyu-mll/glue", _of_language(sentence_pairs.qqp_train)),
    "rte": ("nyu-mll/glue", _of_language(sentence_pairs.rte_train)),
    "stsb": ("PhilipMay/stsb_multi_mt", _of_language(similarity.stsb_train)),
    "socialiqa": ("allenai/social_i_qa", _of_language(multiple_choice.socialiqa_train)),
    "copa": ("aps/super_glue", _of_language(multiple_choice.copa_train)),
    "cosmosqa": ("allenai/cosmos_qa", _of_language(multiple_choice.cosmosqa_train)),
    "hellaswag": ("Rowan/hellaswag", _of_language(multiple_choice.hellaswag_train)),
    "commonsenseqa": ("tau/commonsense_qa", _of_language(multiple_choice.commonsenseqa_train)),
    "wikipedia": ("wikimedia/wikipedia", _of_language(plain_text.wikipedia)),
}
"""What is read → its repository, and the reader."""
