"""Targets with a head that is trained on English alone; every other language is predicted zero-shot."""

from __future__ import annotations

from typing import Any

from harness.records import Target

XNLI_LABELS = ("entailment", "neutral", "contradiction")
PAWSX_LABELS = ("0", "1")
UPOS_TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT",
    "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
PANX_TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

_XNLI = ("ar", "bg", "de", "el", "en", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
_PAWSX = ("de", "en", "es", "fr", "ja", "ko", "zh")
_UDPOS = (
    "af", "ar", "bg", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id",
    "it", "ja", "kk", "ko", "mr", "nl", "pt", "ru", "ta", "te", "th", "tl", "tr", "ur", "vi", "yo", "zh",
)  # fmt: skip
_PANX = (
    "ar", "he", "vi", "id", "jv", "ms", "tl", "eu", "ml", "ta", "te", "af", "nl", "en", "de", "el", "bn",
    "hi", "mr", "ur", "fa", "fr", "it", "pt", "es", "bg", "ru", "ja", "ka", "ko", "th", "sw", "yo", "my",
    "zh", "kk", "tr", "et", "fi", "hu",
)  # fmt: skip
_XQUAD = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")
_MLQA = ("en", "es", "de", "ar", "hi", "vi", "zh")
_TYDIQA = ("en", "ar", "bn", "fi", "id", "ko", "ru", "sw", "te")

# Examples in the raw files: the treebanks of kk, th, tl and yo have no dev split, and no Thai dev split of
# PAN-X is stored.
_UDPOS_DEV_SIZES = {
    "af": 194, "ar": 909, "bg": 1115, "de": 19233, "el": 403, "en": 3974, "es": 3054, "et": 3125, "eu": 1798,
    "fa": 599, "fi": 3239, "fr": 2903, "he": 484, "hi": 1659, "hu": 441, "id": 559, "it": 2278, "ja": 511,
    "ko": 3016, "mr": 46, "nl": 1394, "pt": 1770, "ru": 8108, "ta": 80, "te": 131, "tr": 988, "ur": 552,
    "vi": 800, "zh": 1000,
}  # fmt: skip
_PANX_DEV_SIZES = {
    "ar": 10000, "he": 10000, "vi": 10000, "id": 10000, "jv": 100, "ms": 1000, "tl": 1000, "eu": 10000,
    "ml": 1000, "ta": 1000, "te": 1000, "af": 1000, "nl": 10000, "en": 10000, "de": 10000, "el": 10000,
    "bn": 1000, "hi": 1000, "mr": 1000, "ur": 1000, "fa": 10000, "fr": 10000, "it": 10000, "pt": 10000,
    "es": 10000, "bg": 10000, "ru": 10000, "ja": 10000, "ka": 10000, "ko": 10000, "sw": 1000, "yo": 100,
    "my": 100, "zh": 10000, "kk": 1000, "tr": 10000, "et": 10000, "fi": 10000, "hu": 10000,
}  # fmt: skip
_MLQA_DEV_SIZES = {
    "en": 1148, "es": 500, "de": 512, "ar": 517, "hi": 507, "vi": 511, "zh": 504,
}  # fmt: skip
_TYDIQA_SIZES = {
    "en": 440, "ar": 921, "bn": 113, "fi": 782, "id": 565, "ko": 276, "ru": 812, "sw": 499, "te": 669,
}  # fmt: skip

_XTREME = "Used as in Junjie Hu et al. 2020. XTREME. ICML."
_CITATIONS = {
    "xnli": "Alexis Conneau et al. 2018. XNLI: Evaluating Cross-lingual Sentence Representations. EMNLP. "
    f"{_XTREME}",
    "pawsx": "Yinfei Yang et al. 2019. PAWS-X: A Cross-lingual Adversarial Dataset for Paraphrase "
    f"Identification. EMNLP. {_XTREME}",
    "udpos": f"Universal Dependencies 2.5. Joakim Nivre et al. 2018. {_XTREME}",
    "panx": "Xiaoman Pan et al. 2017. Cross-lingual Name Tagging and Linking for 282 Languages. ACL. "
    f"{_XTREME}",
    "xquad": "Mikel Artetxe, Sebastian Ruder and Dani Yogatama. 2020. On the Cross-lingual Transferability "
    f"of Monolingual Representations. ACL. {_XTREME}",
    "mlqa": "Patrick Lewis et al. 2020. MLQA: Evaluating Cross-lingual Extractive Question Answering. ACL. "
    f"{_XTREME}",
    "tydiqa": "Jonathan H. Clark et al. 2020. TyDi QA: A Benchmark for Information-Seeking Question "
    f"Answering. TACL 8. {_XTREME}",
}
_LICENCES = {
    "xnli": "CC BY-NC 4.0",
    "pawsx": "PAWS terms",
    "udpos": "licences of the UD treebanks",
    "panx": "unknown (WikiANN)",
    "xquad": "CC BY-SA 4.0",
    "mlqa": "CC BY-SA 3.0",
    "tydiqa": "Apache-2.0",
}
_HELD_OUT = "with the last tenth held out to choose among the trainer's evaluations"


def _classification(
    name: str,
    title: str,
    *,
    languages: tuple[str, ...],
    labels: tuple[str, ...],
    training: str,
    detail: str,
    **fields: Any,
) -> Target:
    data = name.partition("_")[0]
    return _target(
        name,
        data,
        title=title,
        kind="classification",
        metric="accuracy",
        secondary=(),
        measure="acc",
        labels=labels,
        languages=languages,
        training=training,
        unit="sentence pairs",
        protocol="The whole encoder is fine-tuned on English with a head that predicts every language: "
        f"{detail} Accuracy is the share of correct labels, in points; the score is the unweighted mean over "
        "the languages.",
        **fields,
    )


def _target(name: str, data: str, *, benchmark: str | None = None, **fields: Any) -> Target:
    """Return a target; only those of XTREME belong to one of its groups."""
    return Target.model_validate(
        {
            "name": name,
            "direction": "en⇒xx",
            "group": fields["kind"] if benchmark else None,
            "benchmark": benchmark,
            "sizes": {},
            "version": 1,
            "licence": _LICENCES[data],
            "citation": _CITATIONS[data],
            "homepage": "https://github.com/google-research/xtreme",
            **fields,
        }
    )


def _tagging(
    name: str, title: str, *, languages: tuple[str, ...], labels: tuple[str, ...], detail: str, **fields: Any
) -> Target:
    return _target(
        name,
        name.partition("_")[0],
        title=title,
        kind="tagging",
        metric="f1",
        secondary=("accuracy",),
        languages=languages,
        labels=labels,
        unit="sentences",
        protocol="The whole encoder is fine-tuned on English with a head that tags the first sub-word of "
        f"every word; sentences that are too long are split between words, and no word is lost. {detail}",
        **fields,
    )


def _qa(
    name: str,
    title: str,
    *,
    languages: tuple[str, ...],
    normaliser: str,
    training: str,
    detail: str = "",
    **fields: Any,
) -> Target:
    return _target(
        name,
        name.partition("_")[0],
        title=title,
        kind="qa",
        metric="em_f1",
        secondary=("exact_match", "f1"),
        measure="em+f1",
        options=(normaliser,),
        languages=languages,
        training=training,
        unit="questions",
        protocol="The whole encoder is fine-tuned on English with a head that marks the answer in the "
        "passage, which is read in overlapping windows: of the 20 best starts and ends, the best pair of at "
        "most 30 tokens. The score is the mean of exact match and token F1, in points, each the maximum over "
        f"the gold answers, after {normaliser}'s normalisation. {detail}".strip(),
        **fields,
    )


_DEV = "The dev split, used where the test split is not available: not an XTREME score."
_SPANS = (
    "F1 is seqeval's over spans with their type, micro-averaged, in points; accuracy over words is also "
    "reported."
)
_UPOS = (
    "F1 is seqeval's over the raw UPOS tags, where equal neighbouring tags form one chunk: it is not "
    "accuracy, which is also reported. "
)

FINE_TUNED_TARGETS = (
    _classification(
        "xnli",
        "XNLI",
        benchmark="XTREME",
        parallel=True,
        languages=_XNLI,
        labels=XNLI_LABELS,
        sizes=dict.fromkeys(_XNLI, 5010),
        training="mnli",
        split="test, 5,010 pairs a language; fine-tuned on MNLI, the evaluation chosen on XNLI's English dev "
        "set",
        detail="does the first sentence entail or contradict the second, or neither?",
    ),
    _classification(
        "pawsx",
        "PAWS-X",
        benchmark="XTREME",
        parallel=True,
        languages=_PAWSX,
        labels=PAWSX_LABELS,
        sizes=dict.fromkeys(_PAWSX, 2000),
        training="pawsx",
        split="test, 2,000 pairs a language; fine-tuned on PAWS-X's English training set",
        detail="do two sentences of nearly the same words mean the same?",
    ),
    _tagging(
        "udpos",
        "UD part-of-speech",
        benchmark="XTREME",
        measure="f1",
        options=("raw UPOS", "fused"),
        languages=_UDPOS,
        labels=UPOS_TAGS,
        training="udpos",
        needs_data=True,
        split="test; fine-tuned on all English treebanks",
        detail=f"{_UPOS}Multi-word tokens are fused, as in XTREME's files.",
    ),
    _tagging(
        "panx",
        "PAN-X",
        benchmark="XTREME",
        measure="f1",
        options=("spans",),
        languages=_PANX,
        labels=PANX_TAGS,
        training="panx",
        split="test; fine-tuned on 20,000 English sentences",
        detail=_SPANS,
    ),
    _qa(
        "xquad",
        "XQuAD",
        benchmark="XTREME",
        parallel=True,
        languages=_XQUAD,
        sizes=dict.fromkeys(_XQUAD, 1190),
        normaliser="SQuAD v1.1",
        training="squad",
        split="1,190 questions a language; fine-tuned on SQuAD v1.1",
    ),
    _qa(
        "mlqa",
        "MLQA",
        benchmark="XTREME",
        languages=_MLQA,
        normaliser="MLQA",
        training="squad",
        split="test, question and passage in one language; fine-tuned on SQuAD v1.1",
    ),
    _qa(
        "tydiqa",
        "TyDiQA-GoldP",
        benchmark="XTREME",
        languages=_TYDIQA,
        sizes=_TYDIQA_SIZES,
        normaliser="SQuAD v1.1",
        training="tydiqa",
        split=f"dev; fine-tuned on the English part of the training set alone, {_HELD_OUT}",
    ),
    _classification(
        "xnli_from_dev",
        "XNLI, fine-tuned on its dev set",
        parallel=True,
        languages=_XNLI,
        labels=XNLI_LABELS,
        sizes=dict.fromkeys(_XNLI, 5010),
        training="xnli_dev",
        split="test, 5,010 pairs a language; fine-tuned on the 2,490 English pairs of the dev set, "
        f"{_HELD_OUT}",
        detail="does the first sentence entail or contradict the second, or neither? Not XTREME's XNLI, "
        "whose training set is MNLI.",
    ),
    _classification(
        "pawsx_from_dev",
        "PAWS-X, fine-tuned on its dev set",
        languages=_PAWSX,
        sizes={language: 2000 if language == "de" else 1968 for language in _PAWSX},
        labels=PAWSX_LABELS,
        training="pawsx_dev",
        needs_data=True,
        split="test without the rows whose label is uncertain in the raw files; fine-tuned on the 2,000 "
        f"English pairs of the dev set, {_HELD_OUT}",
        detail="do two sentences of nearly the same words mean the same? Not XTREME's PAWS-X, which has its "
        "own training set.",
    ),
    _tagging(
        "udpos_dev",
        "UD part-of-speech, dev",
        measure="f1",
        options=("raw UPOS", "fused"),
        languages=tuple(_UDPOS_DEV_SIZES),
        sizes=_UDPOS_DEV_SIZES,
        labels=UPOS_TAGS,
        training="udpos_dev",
        needs_data=True,
        split=f"dev; fine-tuned on all English treebanks, {_HELD_OUT}",
        detail=f"{_UPOS}{_DEV}",
    ),
    _tagging(
        "udpos_hub",
        "UD part-of-speech, words split",
        measure="f1",
        options=("raw UPOS", "split"),
        languages=_UDPOS,
        labels=UPOS_TAGS,
        training="udpos_hub",
        split="test as on the Hub; fine-tuned on all English treebanks",
        detail=f"{_UPOS}The Hub's text, which splits multi-word tokens where XTREME's files fuse them: "
        "not an XTREME score.",
    ),
    _tagging(
        "panx_dev",
        "PAN-X, dev",
        measure="f1",
        options=("spans",),
        languages=tuple(_PANX_DEV_SIZES),
        sizes=_PANX_DEV_SIZES,
        labels=PANX_TAGS,
        training="panx_dev",
        split=f"dev; fine-tuned on 20,000 English sentences, {_HELD_OUT}",
        detail=f"{_SPANS} {_DEV}",
    ),
    _qa(
        "mlqa_dev",
        "MLQA, dev",
        languages=_MLQA,
        sizes=_MLQA_DEV_SIZES,
        normaliser="MLQA",
        training="squad",
        split="dev, question and passage in one language; fine-tuned on SQuAD v1.1",
        detail=_DEV,
    ),
)
