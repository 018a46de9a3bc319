"""Tatoeba results in the format of mteb's result files; pure.

The direction differs: mteb's Tatoeba retrieves the English sentence for each foreign one. That is this
board's `accuracy_to_english` and `f1_to_english`, not its headline accuracy.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from babel.core import get_global

from harness.catalog import TATOEBA_ISO3
from site_gen.board.language_scores import LanguageLine, language_line
from site_gen.board.whole import WholeCell, WholeRow

_TARGET = "tatoeba"
_FIELDS = {"accuracy": "accuracy_to_english", "f1": "f1_to_english"}
# Scripts for which mteb does not use CLDR's default.
_SCRIPTS = {"ko": "Hang"}


def is_known(row: WholeRow) -> bool:
    """Tell whether a submission has the scores of mteb's Tatoeba task."""
    return _TARGET in row.cells and any(True for _ in _lines(row.cells[_TARGET]))


def mteb_json(row: WholeRow) -> bytes:
    """Return a submission's Tatoeba scores in mteb's format: 0 to 1, main score F1, means over seeds.

    `mteb_version` is null because mteb did not measure them; precision and recall are missing because results
    do not hold them.
    """
    cell = row.cells[_TARGET]
    date = cell.result.measured_at
    document = {
        # A required key; the text was checked by fingerprint, and no revision of mteb's copy was used.
        "dataset_revision": "no_revision_available",
        "task_name": "Tatoeba",
        "mteb_version": None,
        "scores": {"test": [_scores(line) for line in _lines(cell)]},
        "evaluation_time": None,
        "kg_co2_emissions": None,
        "date": date.timestamp() if date else None,
    }
    return (json.dumps(document, indent=2) + "\n").encode()


def _lines(cell: WholeCell) -> Iterator[LanguageLine]:
    lines = (
        language_line(cell.target, cell.result, language)
        for language in cell.target.languages
        if language in TATOEBA_ISO3
    )
    return (
        line
        for line in lines
        if line.score is not None and all(name in line.secondary for name in _FIELDS.values())
    )


def _scores(line: LanguageLine) -> dict[str, object]:
    iso3 = TATOEBA_ISO3[line.code]
    scores = {name: round(line.secondary[ours] / 100, 6) for name, ours in _FIELDS.items()}
    script = _SCRIPTS.get(line.code) or get_global("likely_subtags")[line.code].split("_")[1]
    return {
        **scores,
        "main_score": scores["f1"],
        "hf_subset": f"{iso3}-eng",
        "languages": [f"{iso3}-{script}", "eng-Latn"],
    }
