"""Targets that compare vectors, without a trained head."""

from __future__ import annotations

from harness.catalog.ntrex_files import NTREX_FILES
from harness.records import HubBitext, Mining, Target

# XTREME's two-letter code → the ISO 639-3 code in Tatoeba's file and configuration names.
TATOEBA_ISO3 = {
    "ar": "ara", "he": "heb", "vi": "vie", "id": "ind", "jv": "jav", "tl": "tgl", "eu": "eus", "ml": "mal",
    "ta": "tam", "te": "tel", "af": "afr", "nl": "nld", "de": "deu", "el": "ell", "bn": "ben", "hi": "hin",
    "mr": "mar", "ur": "urd", "fa": "pes", "fr": "fra", "it": "ita", "pt": "por", "es": "spa", "bg": "bul",
    "ru": "rus", "ja": "jpn", "ka": "kat", "ko": "kor", "th": "tha", "sw": "swh", "zh": "cmn", "kk": "kaz",
    "tr": "tur", "et": "est", "fi": "fin", "hu": "hun",
}  # fmt: skip
_TATOEBA_SMALLER = {"jv": 205, "ka": 746, "kk": 575, "ml": 687, "sw": 390, "ta": 307, "te": 234, "th": 548}

# Language → the locale of JupyterLab's language pack, and the number of pairs that harness/data/jupyterlab.py
# keeps of it.
JUPYTERLAB_LOCALES = {
    "fr": "fr_FR", "zh": "zh_CN", "ru": "ru_RU", "pl": "pl_PL", "ko": "ko_KR", "ja": "ja_JP", "he": "he_IL",
    "pt": "pt_BR", "es": "es_ES", "fi": "fi_FI", "it": "it_IT", "de": "de_DE",
}  # fmt: skip

_JUPYTERLAB_SIZES = {
    "fr": 1245, "zh": 1243, "ru": 787, "pl": 746, "ko": 744, "ja": 486,
    "he": 410, "pt": 260, "es": 252, "fi": 242, "it": 233, "de": 216,
}  # fmt: skip

# XTREME's two-letter code → the name in NTREX-128's files, in XTREME's order.
NTREX_NAMES = {
    language: NTREX_FILES[language]
    for language in (
        "ar", "he", "vi", "id", "eu", "ta", "te", "de", "hi", "fr", "es", "ru", "ja", "ka", "ko", "th",
        "sw", "zh", "tr", "et", "fi",
    )
}  # fmt: skip

RETRIEVAL_SECONDARY = ("accuracy_to_english", "f1", "f1_to_english")

_XQUAD_LANGUAGES = ("en", "es", "de", "el", "ru", "tr", "ar", "vi", "th", "zh", "hi")
_MLQA_R_QUESTIONS = {"en": 1148, "es": 500, "de": 512, "ar": 517, "hi": 507, "vi": 511, "zh": 504}
_LAREQA_SECONDARY = (
    "map_mono", "map_cross", "recall_1_mono", "recall_10_mono", "recall_1_cross", "recall_10_cross",
    "recall_1_multi", "recall_10_multi", "full_map_mono", "full_map_cross", "full_map_multi",
)  # fmt: skip
# mAP without a cut-off, as Elmahdy et al. publish it, counted again from outcomes that were there.
_LAREQA_ADDED = dict.fromkeys(("full_map_mono", "full_map_cross", "full_map_multi"), "2026-11-30")
_LAREQA_PROTOCOL = (
    "Every question searches the sentences of all languages at once, by cosine; the sentence that answers it "
    "is correct in every language that has it. The score is mAP@20, in points: per question the sum of the "
    "precision at every correct sentence among the first 20, over the smaller of 20 and the number of "
    "correct sentences. Also reported: mono (only the sentences of the question's language), cross (those of "
    "one other language, averaged over these), recall, mAP without a cut-off (full mAP), and the language "
    "bias: the worst minus the best rank among a question's correct sentences, in ranks. Ties go to the "
    "lower index in the catalog's order of languages; a question without an answer in a language is left "
    "out there."
)
_LAREQA_CITATION = (
    "Uma Roy, Noah Constant, Rami Al-Rfou, Aditya Barua, Aaron Phillips and Yinfei Yang. LAReQA: "
    "Language-Agnostic Answer Retrieval from a Multilingual Pool. arXiv 2004.05484. Language bias as in "
    "Elmahdy et al. 2024, arXiv 2408.10536."
)
_LAREQA_HOMEPAGE = "https://github.com/google-research-datasets/lareqa"

_BUCC_PROTOCOL = (
    "Both sides of a comparable corpus are searched for translations: exact duplicates are dropped, each "
    "sentence is scored against its 4 nearest neighbours on the other side by the ratio of their cosine to "
    "the mean cosine of both neighbourhoods, the best candidates of both directions are matched one to one, "
    "sentences whose text repeats are dropped, and pairs above a threshold are kept. F1 is over pairs of "
    "ids, in points. "
)
_BUCC_CITATION = (
    "Pierre Zweigenbaum, Serge Sharoff and Reinhard Rapp. 2018. Overview of the Third BUCC Shared Task: "
    "Spotting Parallel Sentences in Comparable Corpora. BUCC Workshop, LREC. Used as in Junjie Hu et al. "
    "2020. XTREME. ICML."
)
_BUCC_HOMEPAGE = "https://comparable.limsi.fr/bucc2018/bucc2018-task.html"

RETRIEVAL_TARGETS = (
    Target(
        name="tatoeba",
        title="Tatoeba",
        kind="retrieval",
        metric="accuracy",
        secondary=RETRIEVAL_SECONDARY,
        measure="acc",
        options=("cos",),
        direction="en→xx",
        languages=tuple(TATOEBA_ISO3),
        group="retrieval",
        benchmark="XTREME",
        sizes={language: _TATOEBA_SMALLER.get(language, 1000) for language in TATOEBA_ISO3},
        hub=HubBitext(
            repository="google/xtreme",
            configuration="tatoeba.{code}",
            split="validation",
            foreign="source_sentence",
            english="target_sentence",
            codes=TATOEBA_ISO3,
        ),
        file_layout="laser",
        version=1,
        split="all 31,692 pairs",
        protocol=(
            "Every English sentence is a query; its nearest foreign sentence by cosine is the answer, and it "
            "is correct if it is the query's translation. Accuracy is the share of correct answers, in "
            "points; the target's score is the unweighted mean over the 36 languages. Ties go to the lowest "
            "index; no margin, no dictionary."
        ),
        licence="CC BY 2.0 FR",
        citation=(
            "Mikel Artetxe and Holger Schwenk. 2019. Massively Multilingual Sentence Embeddings for "
            "Zero-Shot Cross-Lingual Transfer and Beyond. TACL 7. Used as in Junjie Hu et al. 2020. XTREME. "
            "ICML."
        ),
        homepage="https://github.com/google-research/xtreme",
    ),
    Target(
        name="bucc2018",
        title="BUCC 2018",
        kind="mining",
        metric="f1",
        secondary=("precision", "recall"),
        quantities=("mined", "threshold"),
        measure="f1",
        options=("dev threshold",),
        direction="xx–en",
        languages=("de", "fr", "ru", "zh"),
        group="retrieval",
        benchmark="XTREME",
        sizes={"de": 9580, "fr": 9086, "ru": 14435, "zh": 1899},
        unit="gold pairs",
        mining=Mining(),
        needs_data=True,
        version=1,
        split="training split of the shared task (XTREME's test), threshold from its sample split "
        "(XTREME's dev)",
        protocol=_BUCC_PROTOCOL
        + "The threshold is the one of the best F1 on the dev split, applied unchanged to the test split.",
        licence="terms of the shared task",
        citation=_BUCC_CITATION,
        homepage=_BUCC_HOMEPAGE,
    ),
    Target(
        name="bucc2018_dev",
        title="BUCC 2018 dev, oracle threshold",
        kind="mining",
        metric="f1",
        secondary=("precision", "recall"),
        quantities=("mined", "threshold"),
        measure="f1",
        options=("oracle threshold",),
        direction="xx–en",
        languages=("de", "fr", "ru", "zh"),
        group=None,
        benchmark=None,
        sizes={"de": 1038, "fr": 929, "ru": 2374, "zh": 257},
        unit="gold pairs",
        mining=Mining(),
        needs_data=True,
        version=1,
        split="sample split of the shared task (XTREME's dev)",
        protocol=(
            _BUCC_PROTOCOL
            + "The threshold is the one of the best F1 on the very gold that is scored, an oracle's: the "
            "figure is an upper bound for this split and no BUCC score."
        ),
        licence="terms of the shared task",
        citation=_BUCC_CITATION,
        homepage=_BUCC_HOMEPAGE,
    ),
    Target(
        name="xquad_r",
        title="XQuAD-R",
        kind="question_retrieval",
        metric="map_20",
        secondary=_LAREQA_SECONDARY,
        added=_LAREQA_ADDED,
        quantities=("language_bias",),
        measure="mAP@20",
        options=("cos",),
        direction="xx→all",
        languages=_XQUAD_LANGUAGES,
        parallel=True,
        group=None,
        benchmark="LAReQA",
        sizes=dict.fromkeys(_XQUAD_LANGUAGES, 1190),
        unit="questions",
        needs_data=True,
        version=1,
        split="all 13,090 questions over 13,014 sentences of 11 languages",
        protocol=_LAREQA_PROTOCOL,
        licence="CC BY-SA 4.0",
        citation=_LAREQA_CITATION,
        homepage=_LAREQA_HOMEPAGE,
    ),
    Target(
        name="mlqa_r",
        title="MLQA-R",
        kind="question_retrieval",
        metric="map_20",
        secondary=_LAREQA_SECONDARY,
        added=_LAREQA_ADDED,
        quantities=("language_bias",),
        measure="mAP@20",
        options=("cos",),
        direction="xx→all",
        languages=tuple(_MLQA_R_QUESTIONS),
        group=None,
        benchmark="LAReQA",
        sizes=_MLQA_R_QUESTIONS,
        unit="questions",
        needs_data=True,
        version=1,
        split="MLQA's dev split: 4,199 questions over 20,534 sentences of 7 languages",
        protocol=_LAREQA_PROTOCOL,
        licence="CC BY-NC 4.0",
        citation=_LAREQA_CITATION,
        homepage=_LAREQA_HOMEPAGE,
    ),
    Target(
        name="ntrex_docs",
        title="NTREX documents",
        kind="clir",
        metric="map",
        secondary=(
            "map_average",
            "map_top3",
            "ndcg_10_best",
            "ndcg_10_average",
            "ndcg_10_top3",
            "recall_100_best",
            "recall_100_average",
            "recall_100_top3",
            "map_best_to_english",
            "map_average_to_english",
            "map_top3_to_english",
        ),
        measure="map",
        options=("best",),
        direction="en→xx",
        languages=tuple(NTREX_NAMES),
        parallel=True,
        group=None,
        benchmark=None,
        sizes=dict.fromkeys(NTREX_NAMES, 1997),
        unit="queries",
        needs_data=True,
        version=1,
        split="NTREX-128 (newstest2019), 1,997 sentences in 123 documents",
        protocol=(
            "Every English sentence is a query for the news document that contains it, among the 123 "
            "documents in the other language. For this query its translation is removed from the document, "
            "so that the rest of the document has to be recognised. A document's score is that of its best "
            "sentence (best); also reported are the mean of its three best (top3), the normalised mean of "
            "all (average), and the other direction. One document is relevant, so mean average precision, in "
            "points, is the mean of 1 / rank; ties go to the lower document."
        ),
        licence="CC BY-SA 4.0",
        citation=(
            "NTREX-128, MicrosoftTranslator/NTREX on GitHub. Document scoring after Robert Litschko et al. "
            "2022. arXiv 2112.11031."
        ),
        homepage="https://github.com/MicrosoftTranslator/NTREX",
    ),
    Target(
        name="jupyterlab",
        title="JupyterLab messages",
        kind="retrieval",
        metric="accuracy",
        secondary=RETRIEVAL_SECONDARY,
        measure="acc",
        options=("cos",),
        direction="en→xx",
        languages=tuple(JUPYTERLAB_LOCALES),
        group=None,
        benchmark=None,
        demonstration=True,
        sizes=_JUPYTERLAB_SIZES,
        version=1,
        split="messages of at least four words, language packs 4.5.post3",
        protocol=(
            "A demonstration, never averaged with XTREME: every English message of JupyterLab's interface is "
            "a query among the human translations, scored as Tatoeba is. Only messages of at least four "
            "words without placeholders, markup or backticks, whose translation differs, are included."
        ),
        licence="BSD-3-Clause",
        citation="Project Jupyter. JupyterLab language packs 4.5.post3.",
        homepage="https://github.com/jupyterlab/language-packs",
    ),
)
