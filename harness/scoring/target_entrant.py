"""Outcomes of a submission on one target → its entrant: the one input of ranks, pages and comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from harness.records import Target
from harness.scoring.statistics.entrant import Entrant, entrant
from harness.scoring.statistics.samples import Sample
from harness.scoring.tables import TABLES, units


def target_entrant(
    target: Target,
    outcomes: Mapping[str, Sequence[pa.Table]],
    *,
    trained: bool,
    regime: str,
    design: str | None = None,
) -> Entrant:
    """Return the entrant of outcomes by language, one table for each seed.

    `trained` tells whether another training would give other weights, `regime` names the prior of its seeds'
    variance, `design` the trainings whose seeds are matched. Raises ValueError where the seeds' tables do not
    have the same examples.
    """
    table = TABLES[target.kind]
    sample = Sample([units(target, tables) for tables in outcomes.values()], target.parallel, trained, design)
    keys = [
        keys + target.languages.index(language) * 2.0**48
        for language, tables in outcomes.items()
        if (keys := table.keys(tables)) is not None
    ]
    return entrant(sample, regime, np.concatenate(keys) if keys else None)
