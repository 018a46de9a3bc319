"""Intermediate tasks of pairs of texts: what sentence vectors are trained on, without a head."""

from __future__ import annotations

from typing import Any

from harness.records import Task

_XNLI = ("en", "ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
_MLQA = ("en", "es", "de", "ar", "hi", "vi", "zh")
_STSB = ("en", "de", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "zh")
_CONNEAU = "Alexis Conneau et al. 2018. XNLI: Evaluating Cross-lingual Sentence Representations. EMNLP."
_LEWIS = "Patrick Lewis et al. 2020. MLQA: Evaluating Cross-lingual Extractive Question Answering. ACL."
_RAJPURKAR = (
    "Pranav Rajpurkar et al. 2016. SQuAD: 100,000+ Questions for Machine Comprehension of Text. EMNLP."
)
_CLARK = (
    "Jonathan Clark et al. 2020. TyDi QA: A Benchmark for Information-Seeking Question Answering in "
    "Typologically Diverse Languages. TACL."
)


def _pairs(name: str, title: str, seen: str, languages: tuple[str, ...] = ("en",), **fields: Any) -> Task:
    return Task.model_validate(
        {
            "name": name,
            "title": title,
            "format": "text_pairs",
            "metric": "mrr",
            "languages": languages,
            "seen": seen,
            **fields,
        }
    )


_XNLI_ORIGIN: dict[str, Any] = {
    "licence": "CC BY-NC 4.0",
    "citation": _CONNEAU,
    "homepage": "https://github.com/facebookresearch/XNLI",
}
_MLQA_ORIGIN: dict[str, Any] = {
    "licence": "CC BY-SA 3.0",
    "citation": _LEWIS,
    "homepage": "https://github.com/facebookresearch/MLQA",
}
_SQUAD_ORIGIN: dict[str, Any] = {
    "licence": "CC BY-SA 4.0",
    "citation": _RAJPURKAR,
    "homepage": "https://rajpurkar.github.io/SQuAD-explorer/",
}
_TYDIQA_ORIGIN: dict[str, Any] = {
    "licence": "Apache-2.0",
    "citation": _CLARK,
    "homepage": "https://github.com/google-research-datasets/tydiqa",
}

PAIR_TASKS = (
    _pairs("xnli_dev_triples", "XNLI, dev set, as triples", "xnli", _XNLI, parallel=True, **_XNLI_ORIGIN),
    _pairs(
        "xnli_translated_triples",
        "MNLI, translated by XNLI's authors, as triples",
        "mnli",
        _XNLI,
        parallel=True,
        translated=True,
        **_XNLI_ORIGIN,
    ),
    _pairs(
        "mnli_triples",
        "MNLI, as triples",
        "mnli",
        licence="OANC and others",
        citation="Adina Williams, Nikita Nangia and Samuel Bowman. 2018. A Broad-Coverage Challenge Corpus. "
        "NAACL.",
        homepage="https://huggingface.co/datasets/nyu-mll/multi_nli",
    ),
    _pairs("mlqa_dev_sentences", "MLQA, dev set, question → sentence", "mlqa_dev", _MLQA, **_MLQA_ORIGIN),
    _pairs("mlqa_dev_passages", "MLQA, dev set, question → passage", "mlqa_dev", _MLQA, **_MLQA_ORIGIN),
    _pairs("squad_sentences", "SQuAD v1.1, question → sentence", "squad", **_SQUAD_ORIGIN),
    _pairs("squad_passages", "SQuAD v1.1, question → passage", "squad", **_SQUAD_ORIGIN),
    _pairs("tydiqa_sentences", "TyDiQA, question → sentence", "tydiqa", **_TYDIQA_ORIGIN),
    _pairs("tydiqa_passages", "TyDiQA, question → passage", "tydiqa", **_TYDIQA_ORIGIN),
    _pairs(
        "stsb_positives",
        "STS-B, similar pairs",
        "stsb",
        _STSB,
        parallel=True,
        translated=True,
        licence="CC BY-SA 4.0 (scores)",
        citation="Daniel Cer et al. 2017. SemEval-2017 Task 1: Semantic Textual Similarity. SemEval. "
        "Translated by Philip May, 2021.",
        homepage="https://github.com/PhilipMay/stsb-multi-mt",
    ),
)

# The template of `bitext.NAME`: the languages are those of the files.
OWN_TRANSLATIONS = Task(
    name="bitext",
    title="Own parallel files",
    format="translations",
    metric="mrr",
    languages=(),
    seen="bitext",
    licence="as declared by its owner",
    citation="",
    homepage="https://opus.nlpl.eu",
)
