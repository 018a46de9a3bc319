"""The precision of a run that states none: that of the stored results which it goes on with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from harness.errors import BadInput
from harness.evaluation.run import Run
from harness.models.device import has_dtype
from harness.store import RESULTS_FOLDER, load_result


def follow_stored(run: Run, languages: Mapping[str, Collection[str]]) -> Run:
    """Return the run with the dtype that stored results were measured in, where `auto` would choose another.

    `languages` are those that the run measures, by target. A result that is replaced as a whole has no say;
    neither has any where they differ, or where this device lacks the dtype: such results are then refused.
    """
    options = run.options
    if options.dtype != "auto" or options.limit or options.untrusted:
        return run
    stored: dict[str, str] = {}
    for target, measured in languages.items():
        path = run.folder / RESULTS_FOLDER / f"{target}.yaml"
        try:
            result = load_result(path) if path.is_file() else None
        except BadInput:  # damaged: it is measured again
            continue
        if result is None or (options.overwrite and set(result.languages) <= set(measured)):
            continue
        if result.last_run is not None and result.last_run.dtype is not None:
            stored[str(path)] = result.last_run.dtype
    if len(set(stored.values())) != 1:
        return run
    file, dtype = next(iter(stored.items()))
    if dtype == run.dtype or not has_dtype(dtype, run.device):
        return run
    run.reporter.report(
        f"{dtype}, in which {file} was measured; a new result here would be measured in {run.dtype}"
    )
    return replace(run, dtype=dtype)
