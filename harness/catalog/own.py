"""What people score on text of their own."""

from __future__ import annotations

from harness.catalog.retrieval import RETRIEVAL_SECONDARY
from harness.records import Target

# What people score on text of their own: `bitext.NAME` and `clir.NAME`, never ranked with XTREME.
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
            "Parallel files that somebody scored on their own, as Tatoeba is scored: every sentence of the second side is a query "
            "among those of the first. Comparable only with results on the same text; outside every benchmark."
        ),
        licence="as its owner says",
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
        ),
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
            "A test collection that somebody scored on their own. Documents are cut at sentence ends into chunks of at most 512 "
            "characters, the title opening the first. Every query ranks all documents by their best chunk (best); the mean of the "
            "three best chunks (top3), the normalised mean of all (average) and the document embedded at once, cut at the "
            "encoder's length (whole), stand beside it. The score is mean average precision over queries with a relevant document, "
            "uncut, in points. Comparable only with results on the same text; outside every benchmark."
        ),
        licence="as its owner says",
        citation="",
        homepage="https://arxiv.org/abs/2112.11031",
    ),
}
