"""Read and write sweeps, the scores of all layers and poolings: <slug>/results/<target>.layers.yaml."""

from __future__ import annotations

from pathlib import Path

from harness.catalog import is_known, target_of
from harness.characters import shown
from harness.errors import Fault, Where
from harness.records import Sweep
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import located, no_link, plain, read_file, replace_file, typed
from harness.store.result_consistency import sweep_findings
from harness.store.results import RESULT_EVENTS, RESULT_LIMIT, SWEEP_SUFFIX, results_lock
from harness.store.yaml.parser import dump, parse, refuse

_CURE = "only the harness writes sweeps; run stiltboard evaluate with --layers all"


def sweep_path(folder: Path, target: str) -> Path:
    """Return the path of a target's sweep in a submission's folder."""
    return folder / RESULTS_FOLDER / f"{target}{SWEEP_SUFFIX}"


def load_sweep(path: Path) -> Sweep:
    """Read and check <slug>/results/<target>.layers.yaml, which must name that slug and that target."""
    data = read_file(path, RESULT_LIMIT, "stiltboard evaluate --layers all writes it")
    return parse_sweep(
        data, str(path), path.absolute().parent.parent.name, path.name.removesuffix(SWEEP_SUFFIX)
    )


def write_sweep(folder: Path, sweep: Sweep) -> Path:
    """Write a sweep atomically next to the result, and return its path."""
    path = sweep_path(folder, sweep.target)
    text = dump(plain(sweep)).encode()
    no_link(path.parent)
    path.parent.mkdir(exist_ok=True)
    parse_sweep(text, str(path), folder.absolute().name, sweep.target)
    with results_lock(folder):
        replace_file(path, text)
    return path


def parse_sweep(data: bytes, file: str, slug: str, target_name: str) -> Sweep:
    """Parse and check a sweep, which must name the slug and the target of its path."""
    document = parse(data, file, limit=RESULT_LIMIT, max_events=RESULT_EVENTS)
    faults: list[Fault] = []
    sweep = typed(Sweep, document, faults, _CURE)
    if sweep is None:
        refuse(faults)
    expected = {"submission": slug, "target": target_name}
    for key, value in expected.items():
        if (actual := getattr(sweep, key)) != value:
            faults.append(
                Fault(
                    f"{key}: expected {value} as in the file's path, found {shown(actual)}",
                    document.where((key,)),
                    _CURE,
                )
            )
    if not is_known(sweep.target) or faults:
        refuse(faults or [Fault(f"target: unknown target {sweep.target!r}", Where(file), _CURE)])
    target = target_of(sweep)
    faults += located(sweep_findings(sweep), document, _CURE)
    # Of languages that were added later, and of earlier versions of the protocol, only the sweep knows.
    earlier = target.is_former(sweep.signature) or sweep.of < len(target.languages)
    languages = set(sweep.data if earlier else target.languages)
    for checkpoint_index, checkpoint in enumerate(sweep.checkpoints):
        for view_index, view in enumerate(checkpoint.views):
            complete = set(view.scores) == languages and len(view.scores) == sweep.of
            mean = sum(view.scores.values()) / len(view.scores) if complete else None
            if (mean is None) != (view.score is None) or (
                mean is not None and view.score is not None and abs(mean - view.score) > 0.01
            ):
                faults.append(
                    Fault(
                        f"score: {view.score} is not the mean over the target's languages",
                        document.where(("checkpoints", checkpoint_index, "views", view_index, "score")),
                        _CURE,
                    )
                )
    if faults:
        refuse(faults)
    return sweep
