"""Fetch all that an evaluation needs, start the child process that evaluates, and read its reply."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from harness.data.hub import XTREME_HUB, prepared_folder
from harness.data.sentence_pairs import MNLI_HUB
from harness.errors import CheckFailed
from harness.evaluation.estimate import Estimate
from harness.evaluation.isolated.child import REPLY
from harness.evaluation.isolated.protocol import Reply, Request, report_line
from harness.evaluation.plan import Plan, make_plan
from harness.evaluation.provenance import harness_origin
from harness.evaluation.resume import result_path, resume
from harness.evaluation.run import Options
from harness.evaluation.sandbox import Confinement, Limits, find_mechanism, interpreter, run_confined
from harness.records import Result
from harness.reporter import Reporter
from harness.store import load_outcomes, load_result
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import no_link
from harness.store.results import LOCK_FILE

_ROOT = Path(__file__).resolve().parents[3]
_REPLY_LIMIT = 64 * 2**20
# The only variables passed to the sandbox: those that numbers and speed depend on.
_INHERITED = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUDA_VISIBLE_DEVICES")
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
_SANDBOX_CACHES = {"HF_HOME": "/tmp/huggingface", "HF_DATASETS_CACHE": "/tmp/datasets"}  # noqa: S108 - the sandbox has its own /tmp


@dataclass(frozen=True)
class Apart:
    """How the child process is isolated: in a sandbox or not, and its resource limits."""

    sandbox: bool
    limits: Limits


def evaluate_apart(
    folder: Path,
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    reporter: Reporter,
    isolation: Apart,
) -> tuple[Result, ...]:
    """Evaluate as `evaluate` does, in an isolated child process; in a sandbox no score on disk is kept.

    Raises what `evaluate` raises, CheckFailed before anything is fetched when no sandbox holds, and
    CheckFailed when the child reaches a limit or writes an invalid reply.
    """
    options = _in_isolation(options, isolation)
    plan, reply = _run_apart(folder, targets, languages, options, reporter, isolation)
    return _results(plan, reply)


def estimate_apart(
    folder: Path,
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    reporter: Reporter,
    isolation: Apart,
) -> Estimate:
    """Estimate as `estimate` does, in an isolated child process, what `evaluate_apart` would take.

    No result is written. Raises what `evaluate_apart` raises before it encodes.
    """
    options = _in_isolation(options, isolation)
    results = folder / RESULTS_FOLDER
    exists = results.is_dir()
    try:
        _, reply = _run_apart(folder, targets, languages, options, reporter, isolation, only_estimate=True)
    finally:
        if not exists and results.is_dir() and not any(results.iterdir()):
            results.rmdir()
    reply.raise_error()
    if reply.estimate is None:
        raise CheckFailed("the evaluation returned no estimate", cure="estimate again")
    return reply.estimate


def _in_isolation(options: Options, isolation: Apart) -> Options:
    """Return options by which a sandbox keeps no score on disk, which would pass for one of this run."""
    return replace(options, overwrite=True, untrusted=True) if isolation.sandbox else options


def _run_apart(
    folder: Path,
    targets: Sequence[str],
    languages: Sequence[str],
    options: Options,
    reporter: Reporter,
    isolation: Apart,
    *,
    only_estimate: bool = False,
) -> tuple[Plan, Reply]:
    """Fetch what the child process needs, run it, and return the plan and what it replied."""
    mechanism = find_mechanism(Confinement()) if isolation.sandbox else None
    plan = make_plan(folder, targets, languages, options, reporter)
    resume(plan)  # raises early what the child would refuse, and fetches the text that heads are trained on
    cache = _submission_cache(plan) if isolation.sandbox else plan.run.cache
    cache.mkdir(parents=True, exist_ok=True)
    _remove(cache / REPLY)
    with tempfile.TemporaryDirectory(prefix="stiltboard-") as folder_name:
        request = Path(folder_name) / "request.json"
        fetched = {files.source: files for files in plan.opened}
        child_options = replace(
            options, cache=cache, device=plan.run.device, dtype=plan.run.dtype, fetched=fetched
        )
        requested = Request(folder, tuple(targets), tuple(languages), child_options, only_estimate)
        request.write_bytes(requested.to_json())
        command, confinement = _command(plan, request, cache, sandbox=isolation.sandbox)
        if mechanism:  # its sandbox held without these folders, and is tested again with them
            mechanism = find_mechanism(confinement, [mechanism])
        run_confined(
            command, confinement, isolation.limits, mechanism, lambda line: report_line(line, reporter)
        )
    for files in plan.opened:
        files.check_unchanged()
    return plan, Reply.from_json(_read_reply(cache / REPLY))


def _submission_cache(plan: Plan) -> Path:
    """Return the sandbox's cache folder, one per submission: in a common one it could forge vectors."""
    digests = sorted({files.digest for files in plan.opened})
    return (
        plan.run.cache / "sandboxed" / sha256("\n".join([plan.run.slug, *digests]).encode()).hexdigest()[:32]
    )


def _command(plan: Plan, request: Path, cache: Path, *, sandbox: bool) -> tuple[list[str], Confinement]:
    """Return the command line of the child process and its confinement.

    It can read the submission, the verified checkpoints and the text, and write results and cache.
    """
    run = plan.run
    # -P: no module is imported from the working folder, which may hold a folder `harness`.
    command = [interpreter(), "-P", "-m", "harness.evaluation.isolated", str(request.resolve())]
    python_path = os.pathsep.join([str(_ROOT), *_absolute_module_paths()])
    if not sandbox:
        return command, Confinement(
            write=(run.folder / RESULTS_FOLDER, cache), environment={"PYTHONPATH": python_path}
        )
    results, lock = run.folder / RESULTS_FOLDER, run.folder / LOCK_FILE
    for path in (results, lock):  # a link would let the sandbox write to its target
        no_link(path)
    results.mkdir(exist_ok=True)
    lock.touch()
    datasets = _dataset_folders(plan)
    read = [
        run.folder / "submission.yaml",
        request,
        *(files.folder for planned in plan.targets for files in planned.checkpoints.values()),
    ]
    read += [path for path in (run.options.data, *run.options.own.values()) if path is not None]
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= _OFFLINE | _SANDBOX_CACHES | harness_origin()
    environment |= {"PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    confinement = Confinement(
        (*read, *datasets), (results, lock, cache), environment, gpu=run.device.startswith("cuda")
    )
    return [*command, *(str(path.resolve()) for path in datasets)], confinement


def _absolute_module_paths() -> list[str]:
    """Return the entries of PYTHONPATH that do not depend on the working folder."""
    return [
        entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if Path(entry).is_absolute()
    ]


def _dataset_folders(plan: Plan) -> list[Path]:
    """Return the folders of prepared text of the Hub that the plan may need; all others stay hidden."""
    hubs = [planned.target.hub for planned in plan.targets]
    repositories = {XTREME_HUB, MNLI_HUB, *(hub.repository for hub in hubs if hub)}
    return [folder for folder in map(prepared_folder, sorted(repositories)) if folder.is_dir()]


# ---- the reply ---------------------------------------------------------------------------------


def _remove(path: Path) -> None:
    """Remove what an earlier child left under the reply's name, whatever it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _read_reply(path: Path) -> bytes:
    """Read the untrusted reply file: not through a link, not from a FIFO, and not beyond the size limit."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as reason:
        raise CheckFailed(
            f"the evaluation wrote no reply: {reason.strerror}",
            cure="see the last lines of its output, and evaluate again",
        ) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CheckFailed("the evaluation wrote a reply that is not a file", cure="evaluate again")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(_REPLY_LIMIT + 1)
    if not 0 < len(data) <= _REPLY_LIMIT:
        raise CheckFailed(f"the evaluation wrote a reply of {len(data)} bytes", cure="evaluate again")
    return data


def _results(plan: Plan, reply: Reply) -> tuple[Result, ...]:
    """Return the results: read from the disk and validated, or in a trial, which writes none, from the reply.

    Raises the error that the reply carries, and CheckFailed for a result that was not requested.
    """
    reply.raise_error()
    results_folder = plan.run.folder / RESULTS_FOLDER
    for path in sorted(results_folder.iterdir()) if results_folder.is_dir() else ():
        if not stat.S_ISREG(path.lstat().st_mode):
            raise CheckFailed(f"the evaluation left {path}, which is not a file", cure="remove it")
    plans = {planned.target.name: planned for planned in plan.targets}
    digests = {files.digest for files in plan.opened}
    results = []
    for reported in reply.results:
        if reported.submission != plan.run.slug or reported.target not in plans:
            raise CheckFailed(
                f"the evaluation returned a result of {reported.submission} {reported.target}",
                cure="evaluate again",
            )
        result = reported
        if not plan.run.options.limit:
            path = result_path(plans[reported.target], plan.run)
            result = load_result(path)
            load_outcomes(path, result)
        if unknown := {checkpoint.weights for checkpoint in result.checkpoints} - digests:
            raise CheckFailed(
                f"{result.submission} {result.target} names the weights {min(unknown)}, "
                "which are not the submission's"
            )
        results.append(result)
    if missing := plans.keys() - {result.target for result in results}:
        raise CheckFailed(
            f"the evaluation returned no result of {', '.join(sorted(missing))}", cure="evaluate again"
        )
    return tuple(results)
