"""What a newer result lacks, beyond seeds, languages and examples."""

from __future__ import annotations

from harness.review.losses import shrinkage
from tests.support.boards import result


def test_fewer_languages_of_a_target_and_a_lost_score_are_listed() -> None:
    old = result("toy", [{"de": 50, "fi": 60}])
    assert shrinkage(old, old) == []
    assert shrinkage(old, old.model_copy(update={"of": 1})) == ["1 of the target's 2 languages"]
    assert shrinkage(old, old.model_copy(update={"score": None})) == ["the score over all languages"]
