"""Bring everything that an evaluation needs, start the process that makes it, and read what it leaves."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from harness.data.hub import XTREME_HUB
from harness.data.sentence_pairs import MNLI_HUB
from harness.errors import CheckFailed
from harness.evaluation.isolated.child import REPLY
from harness.evaluation.isolated.protocol import Reply, Request, report_line
from harness.evaluation.plan import Plan, make_plan
from harness.evaluation.resume import result_path, resume
from harness.evaluation.run import Options
from harness.evaluation.sandbox import Confinement, Limits, find_mechanism, interpreter, run_apart
from harness.models.checkpoint import CheckpointFiles
from harness.records import Result
from harness.reporter import Reporter
from harness.store import load_outcomes, load_result
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import no_link
from harness.store.results import LOCK_FILE

_REPLY_LIMIT = 64 * 2**20
# Handed on to the sandbox: what numbers and speed depend on, and nothing else of the environment.
_HANDED_ON = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
_PLACES = {"HF_HOME": "/tmp/huggingface", "HF_DATASETS_CACHE": "/tmp/datasets"}  # noqa: S108 - the sandbox has its own /tmp


@dataclass(frozen=True)
class Apart:
    """How a process of its own is confined: in a sandbox or not, and what it may take."""

    sandbox: bool
    limits: Limits


def evaluate_apart(
    folder: Path,
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    reporter: Reporter,
    apart: Apart,
) -> tuple[Result, ...]:
    """Evaluate as `evaluate` does, in another process that is confined.

    Raises what `evaluate` raises, and CheckFailed when no sandbox holds, before anything is fetched, and when
    a limit ends it.
    """
    mechanism = find_mechanism(Confinement()) if apart.sandbox else None
    plan = make_plan(folder, targets, languages, options, reporter)
    resume(plan)  # what would be refused, and the text that heads are trained on, before anything is confined
    cache = _own_cache(plan) if apart.sandbox else plan.run.cache
    cache.mkdir(parents=True, exist_ok=True)
    (cache / REPLY).unlink(missing_ok=True)
    opened = [files for planned in plan.targets for files in planned.checkpoints.values()]
    with tempfile.TemporaryDirectory(prefix="stiltboard-") as room:
        request = Path(room) / "request.json"
        fetched = {files.source: files for files in opened}
        given = replace(options, cache=cache, device=plan.run.device, dtype=plan.run.dtype, fetched=fetched)
        request.write_bytes(Request(folder, tuple(targets), tuple(languages), given).to_json())
        command, view = _command(plan, request, cache, sandbox=apart.sandbox)
        if mechanism:  # what was shown to be tight without these folders is tried with them
            mechanism = find_mechanism(view, [mechanism])
        run_apart(command, view, apart.limits, mechanism, lambda line: report_line(line, reporter))
    for files in opened:
        files.check_unchanged()
    return _results(plan, Reply.from_json(_read_reply(cache / REPLY)), opened)


def _own_cache(plan: Plan) -> Path:
    """Return a cache for what is made in this submission's sandbox: in one for all, it could leave false vectors for the others."""
    digests = sorted({files.digest for planned in plan.targets for files in planned.checkpoints.values()})
    return (
        plan.run.cache / "sandboxed" / sha256("\n".join([plan.run.slug, *digests]).encode()).hexdigest()[:32]
    )


def _command(plan: Plan, request: Path, cache: Path, *, sandbox: bool) -> tuple[list[str], Confinement]:
    """Return the command, and what it may see: the submission, its verified files and the text; and write: results and cache."""
    run = plan.run
    command = [interpreter(), "-m", "harness.evaluation.isolated", str(request.resolve())]
    here = os.pathsep.join(
        [str(Path(__file__).resolve().parents[3]), *filter(None, [os.environ.get("PYTHONPATH", "")])]
    )
    if not sandbox:
        return command, Confinement(
            write=(run.folder / RESULTS_FOLDER, cache), environment={"PYTHONPATH": here}
        )
    results, lock = run.folder / RESULTS_FOLDER, run.folder / LOCK_FILE
    for each in (results, lock):  # a link would lend the sandbox the place where it leads
        no_link(each)
    results.mkdir(exist_ok=True)
    lock.touch()
    datasets = _prepared()
    read = [
        run.folder / "submission.yaml",
        request,
        *(files.folder for planned in plan.targets for files in planned.checkpoints.values()),
    ]
    read += [path for path in (run.options.data, *run.options.own.values()) if path is not None]
    environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ} | _OFFLINE | _PLACES
    environment |= {"PYTHONPATH": str(Path(__file__).resolve().parents[3]), "PYTHONDONTWRITEBYTECODE": "1"}
    view = Confinement(
        (*read, *datasets), (results, lock, cache), environment, gpu=run.device.startswith("cuda")
    )
    return [*command, *(str(path.resolve()) for path in datasets)], view


def _prepared() -> list[Path]:
    """Return where `datasets` keeps the text that the catalog's targets take from the Hub; what else it keeps stays hidden."""
    from datasets import config  # noqa: PLC0415 - heavy, and imported by whatever was loaded

    folders = [
        Path(config.HF_DATASETS_CACHE) / repository.replace("/", "___")
        for repository in (XTREME_HUB, MNLI_HUB)
    ]
    return [folder for folder in folders if folder.is_dir()]


# ---- what it left ------------------------------------------------------------------------------


def _read_reply(path: Path) -> bytes:
    """Read a file that may be anything: not through a link, not from a FIFO, not more than a report can be."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as reason:
        raise CheckFailed(
            f"the evaluation left no report: {reason.strerror}", cure="evaluate again; its last lines say why"
        ) from None
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_REPLY_LIMIT + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    if not 0 < len(data) <= _REPLY_LIMIT:
        raise CheckFailed(f"the evaluation left a report of {len(data)} bytes", cure="evaluate again")
    return data


def _results(plan: Plan, reply: Reply, opened: Sequence[CheckpointFiles]) -> tuple[Result, ...]:
    """Return the results: those on the disk, each checked with its outcomes, or in a trial, which writes none, those reported.

    Raises the error that the evaluation ended with, and CheckFailed for a result of something else than was
    asked.
    """
    reply.raise_error()
    planned = {target.target.name: target for target in plan.targets}
    digests = {files.digest for files in opened}
    results = []
    for reported in reply.results:
        if reported.submission != plan.run.slug or reported.target not in planned:
            raise CheckFailed(
                f"the evaluation left a result of {reported.submission} {reported.target}",
                cure="evaluate again",
            )
        result = reported
        if not plan.run.options.limit:
            path = result_path(planned[reported.target], plan.run)
            result = load_result(path)
            load_outcomes(path, result)
        if strange := {checkpoint.weights for checkpoint in result.checkpoints} - digests:
            raise CheckFailed(
                f"{result.submission} {result.target} names the weights {min(strange)}, which are not the submission's"
            )
        results.append(result)
    return tuple(results)
