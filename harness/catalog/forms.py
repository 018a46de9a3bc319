"""What is done with a data set of the Hub: kind, measures and protocol of each form of `HubText`."""

from __future__ import annotations

from typing import Any

from harness.catalog.retrieval import RETRIEVAL_SECONDARY
from harness.records import HubBitext, HubLabelled, HubPassages, HubQuestions, HubTagged, HubText

_BITEXT = {
    "kind": "retrieval",
    "metric": "accuracy",
    "secondary": RETRIEVAL_SECONDARY,
    "measure": "acc",
    "options": ("cos",),
    "direction": "en→xx",
    "unit": "pairs",
    "protocol": (
        "Parallel sentences, scored as Tatoeba is: every English sentence is a query, its nearest foreign "
        "sentence by cosine the answer. Accuracy is the share of queries whose answer is their translation, "
        "in points; the score is the unweighted mean over the languages. Ties go to the lowest index. "
        "Outside the XTREME average."
    ),
}


_PASSAGES = {
    "kind": "passage_retrieval",
    "metric": "ndcg_10",
    "secondary": ("map", "recall_100", "mrr"),
    "measure": "nDCG@10",
    "options": ("cos", "whole", "all_judged"),
    "direction": "query→passage",
    "unit": "queries",
    "protocol": (
        "Every query ranks all passages of its language, or of the other language of its pair, by cosine; a "
        "passage is encoded whole, title first, and truncated at the encoder's length. The score is nDCG@10 "
        "as trec_eval computes it, in points, the unweighted mean over the languages; ties go to the lower "
        "index. Outside the XTREME average."
    ),
}
_HEAD = "The whole encoder is fine-tuned on English with a head that predicts every language"
_OUTSIDE = "the score is the unweighted mean over the languages. Outside the XTREME average."
_LABELLED = {
    "kind": "classification",
    "metric": "accuracy",
    "secondary": (),
    "measure": "acc",
    "direction": "en⇒xx",
    "unit": "examples",
    "protocol": f"{_HEAD}. Accuracy is the share of correct labels, in points; {_OUTSIDE}",
}
_TAGGED = {
    "kind": "tagging",
    "metric": "f1",
    "secondary": ("accuracy",),
    "measure": "f1",
    "options": ("spans",),
    "direction": "en⇒xx",
    "unit": "sentences",
    "protocol": (
        f"{_HEAD}; it tags the first sub-word of every word. F1 is seqeval's over spans with their type, "
        f"micro-averaged, in points; accuracy over words is also reported; {_OUTSIDE}"
    ),
}


def form_of(hub: HubText, training: str) -> dict[str, Any]:
    """Return the fields of a target that its form decides; `training` names the English text of a head."""
    match hub:
        case HubBitext():
            return _BITEXT
        case HubPassages() | HubQuestions():
            return _PASSAGES
        case HubLabelled():
            return {**_LABELLED, "labels": hub.labels, "training": training}
        case HubTagged():
            tags = tuple(tag for tag in hub.tags if tag not in hub.as_tags)
            return {**_TAGGED, "labels": tags, "training": training}
