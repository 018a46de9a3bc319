"""Targets on user-provided text."""

from __future__ import annotations

from harness.catalog.retrieval import RETRIEVAL_SECONDARY
from harness.records import Target

# Judged queries without a relevant document count as 0, as in trec_eval; else they are left out.
ALL_JUDGED = "all_judged"
# BEIR's name of the option that a document is not ranked for the query of the same id.
IGNORE_IDENTICAL_IDS = "ignore_identical_ids"
# The options of test collections that a user chooses, in the order of a signature.
CONVENTIONS = (ALL_JUDGED, IGNORE_IDENTICAL_IDS)

# Templates of the targets `bitext.NAME`, `clir.NAME`, `labelled.NAME` and `tagged.NAME`, which are never
# ranked with XTREME. The part before the point is the name of the option that gives their folder.
OWN_KINDS = {
    "bitext": Target(
        name="bitext",
        title="Own bitext",
        kind="retrieval",
        metric="accuracy",
        secondary=RETRIEVAL_SECONDARY,
        measure="acc",
        options=("cos",),
        direction="yy→xx",
        languages=(),
        group=None,
        benchmark=None,
        sizes={},
        version=1,
        split="all pairs of the given files",
        protocol=(
            "User-provided parallel files, scored as Tatoeba is: every sentence of the second side is a "
            "query among those of the first. Comparable only with results on the same text; outside every "
            "benchmark."
        ),
        licence="as declared by its owner",
        citation="",
        homepage="https://github.com/facebookresearch/LASER",
    ),
    "clir": Target(
        name="clir",
        title="Own collection",
        kind="clir",
        metric="map",
        secondary=(
            "map_whole",
            "map_average",
            "map_top3",
            "ndcg_10_whole",
            "ndcg_10_best",
            "ndcg_10_average",
            "ndcg_10_top3",
            "recall_100_whole",
            "recall_100_best",
            "recall_100_average",
            "recall_100_top3",
            "mrr_whole",
            "mrr_best",
            "mrr_average",
            "mrr_top3",
        ),
        added=dict.fromkeys(("mrr_whole", "mrr_best", "mrr_average", "mrr_top3"), "2026-12-01"),
        measure="map",
        options=("best.c512",),
        direction="yy→xx",
        languages=(),
        group=None,
        benchmark=None,
        sizes={},
        unit="queries",
        version=1,
        split="all judged queries of the given collection",
        protocol=(
            "A user-provided test collection. Documents are cut at sentence ends into chunks of at most 512 "
            "characters, the first of which begins with the title. Every query ranks all documents by their "
            "best chunk (best). Also reported: the mean of the three best chunks (top3), the normalised mean "
            "of all (average), and the document embedded at once, truncated at the encoder's length (whole). "
            "The score is mean average precision over queries with a relevant document, without a cut-off "
            "rank, in points; with all_judged, the default, as in trec_eval, also over queries that were "
            "judged without a relevant document, which count as 0. With ignore_identical_ids, the default "
            "for BEIR's format, a document is not ranked for the query of the same id, unless it is "
            "relevant. Comparable only with results on the same text; outside every benchmark."
        ),
        licence="as declared by its owner",
        citation="",
        homepage="https://arxiv.org/abs/2112.11031",
    ),
    "labelled": Target(
        name="labelled",
        title="Own labelled task",
        kind="classification",
        metric="accuracy",
        secondary=(),
        measure="acc",
        direction="train⇒xx",
        languages=(),
        group=None,
        benchmark=None,
        sizes={},
        unit="examples",
        version=1,
        split="all examples of the given test files; fine-tuned on the given training file",
        protocol=(
            "User-provided labelled texts, or pairs of texts. The whole encoder is fine-tuned on the given "
            "training file with a head that predicts every language; the evaluation that is best on the dev "
            "file is kept, or on the last tenth of the training file where there is none. Accuracy is the "
            "share of correct labels, in points; the score is the unweighted mean over the languages. "
            "Comparable only with results on the same text; outside every benchmark."
        ),
        licence="as declared by its owner",
        citation="",
        homepage="https://github.com/google-research/xtreme",
    ),
    "tagged": Target(
        name="tagged",
        title="Own tagging",
        kind="tagging",
        metric="f1",
        secondary=("accuracy",),
        measure="f1",
        direction="train⇒xx",
        languages=(),
        group=None,
        benchmark=None,
        sizes={},
        unit="sentences",
        version=1,
        split="all sentences of the given test files; fine-tuned on the given training file",
        protocol=(
            "User-provided tagged sentences. The whole encoder is fine-tuned on the given training file with "
            "a head that tags the first sub-word of every word; the evaluation that is best on the dev file "
            "is kept, or on the last tenth of the training file where there is none. F1 is seqeval's over "
            "chunks, micro-averaged, in points: spans with their type where tags begin with B- and I-, else "
            "runs of equal tags; accuracy over words is also reported. Comparable only with results on the "
            "same text; outside every benchmark."
        ),
        licence="as declared by its owner",
        citation="",
        homepage="https://github.com/google-research/xtreme",
    ),
}
