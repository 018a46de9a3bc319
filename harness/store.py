"""The only reader and writer of submissions/: strict YAML in, atomic files out."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from filelock import FileLock, Timeout
from pydantic import ValidationError

from harness.catalog import TARGETS
from harness.characters import shown, visible
from harness.consistency import Finding, placeholders, result_findings, submission_findings
from harness.errors import BadInput, CheckFailed, Fault, Where
from harness.faults import PATTERNS, schema_faults
from harness.records import SLUG, Outcomes, Record, Result, Submission
from harness.scaffold import scaffold
from harness.strict_yaml import DEFAULT_LIMIT, MAX_FAULTS, Document, dump, parse, refuse

if TYPE_CHECKING:
    import pyarrow as pa

SUBMISSION_FILE = "submission.yaml"
RESULTS_FOLDER = "results"
LOCK_FILE = ".results.lock"
RESULT_LIMIT = 8 * 1024 * 1024
RESULT_EVENTS = RESULT_LIMIT // 4
_LOCK_SECONDS = 60.0
_NEXT = ".next"
_AnyRecord = TypeVar("_AnyRecord", bound=Record)


# ---- submissions -------------------------------------------------------------------------------


def find_submissions(root: Path) -> tuple[str, ...]:
    """Return the sorted slugs under a folder: the names of the folders that hold a submission.yaml."""
    if not root.is_dir():
        raise BadInput(f"no folder {root}", cure="name the folder of the submissions with --submissions")
    folders = [folder for folder in sorted(root.iterdir()) if not folder.name.startswith(".") and (folder / SUBMISSION_FILE).exists()]
    if links := [_link_fault(folder) for folder in folders if folder.is_symlink()]:
        refuse(links)
    return tuple(folder.name for folder in folders)


def locate(name: str, root: Path) -> Path:
    """Return the folder that a slug under `root`, a folder, or a path to a submission.yaml means, whether or not it exists."""
    path = Path(name)
    if re.fullmatch(SLUG, name) and ((root / name).is_dir() or not path.exists()):
        return root / name
    return path.parent if path.name == SUBMISSION_FILE else path


def load_submission(folder: Path) -> Submission:
    """Read and check a folder's submission.yaml; its slug is the folder's name."""
    if faults := _folder_faults(folder, folder.absolute().name):
        refuse(faults)
    path = folder / SUBMISSION_FILE
    return parse_submission(_read(path, DEFAULT_LIMIT, f"stiltboard new {folder.name} scaffolds one"), str(path))


def parse_submission(data: bytes, file: str) -> Submission:
    """Check the text of a submission; `file` names it in messages."""
    document = parse(data, file)
    unfilled = _located(placeholders(document.value), document)
    if len(unfilled) > MAX_FAULTS:
        refuse(unfilled)
    faults: list[Fault] = []
    submission = _record(Submission, document, faults)
    at = {fault.where for fault in unfilled}  # what the schema says of a placeholder helps nobody
    faults = unfilled + [fault for fault in faults if fault.where not in at]
    if submission is not None:
        faults += _located(submission_findings(submission), document)
    if submission is None or faults:
        refuse(faults)
    return submission


def submission_faults(folder: Path) -> tuple[Fault, ...]:
    """Return everything that is wrong with a submission, its results and their outcomes files."""
    if folder.is_symlink():
        return (_link_fault(folder),)
    faults: list[Fault] = []
    try:
        load_submission(folder)
    except BadInput as error:
        faults += error.faults
    try:
        paths = find_results(folder)
    except BadInput as error:
        return (*faults, *error.faults)
    for path in paths:
        try:
            load_outcomes(path, load_result(path))
        except BadInput as error:
            faults += error.faults
    return tuple(faults)


def new_submission(root: Path, slug: str, *, title: str = "", family: str = "") -> Path:
    """Scaffold a submission with every key explained and return the path of its file; what exists is never overwritten."""
    folder = root / slug
    if faults := _folder_faults(folder, slug):
        refuse(faults)
    path = folder / SUBMISSION_FILE
    if path.exists() or path.is_symlink():
        raise BadInput("the submission exists already", where=Where(str(path)), cure="choose another slug, or edit the file")
    try:
        text = scaffold(slug, title, family)
    except ValueError as error:
        raise BadInput(str(error), cure="leave the character out") from None
    folder.mkdir(parents=True, exist_ok=True)
    _replace(path, text.encode())
    return path


# ---- results -----------------------------------------------------------------------------------


def find_results(folder: Path) -> tuple[Path, ...]:
    """Return the paths of a submission's results in the order of the catalog; a file of no known target is a fault."""
    results = folder / RESULTS_FOLDER
    _no_link(results)
    if not results.is_dir():
        return ()
    paths = {path.stem: path for path in sorted(results.glob("*.yaml")) if not path.name.startswith(".")}
    names = [target.name for target in TARGETS]
    if unknown := [path for name, path in paths.items() if name not in names]:
        refuse([Fault(f"no target is named {path.stem!r}", Where(str(path)), f"remove it; one of: {', '.join(names)}") for path in unknown])
    return tuple(paths[name] for name in names if name in paths)


def load_results(folder: Path) -> tuple[Result, ...]:
    """Read and check all results of a submission, in the order of the catalog."""
    return tuple(load_result(path) for path in find_results(folder))


def load_result(path: Path) -> Result:
    """Read and check <slug>/results/<target>.yaml, which names that slug and that target."""
    result, document = _parse_result(_read(path, RESULT_LIMIT, "stiltboard evaluate writes it"), str(path))
    slug = path.absolute().parent.parent.name
    faults = []
    for key, found, expected in (("submission", result.submission, slug), ("target", result.target, path.stem)):
        if found != expected:
            message = f"{key}: expected {expected} as in the file's path, found {shown(found)}"
            faults.append(Fault(message, document.where((key,)), "results are not copied between submissions; run stiltboard evaluate"))
    if faults:
        refuse(faults)
    return result


def parse_result(data: bytes, file: str) -> Result:
    """Check the text of a result that need not stand in its folder, such as one from another revision."""
    return _parse_result(data, file)[0]


def _parse_result(data: bytes, file: str) -> tuple[Result, Document]:
    cure = "only the harness writes results; run stiltboard evaluate with --overwrite"
    document = parse(data, file, limit=RESULT_LIMIT, max_events=RESULT_EVENTS)
    faults: list[Fault] = []
    result = _record(Result, document, faults, cure)
    if result is not None:
        faults += _located(result_findings(result), document, cure)
    if result is None or faults:
        refuse(faults)
    return result, document


def load_outcomes(result_path: Path, result: Result) -> pa.Table:
    """Read the outcomes that a result names, one row per example; refuse a file that is not the one it was computed from."""
    path = result_path.parent / result.outcomes.file
    cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
    return parse_outcomes(_read(path, None, cure), result, str(path))


def parse_outcomes(data: bytes, result: Result, file: str) -> pa.Table:
    """Check the bytes of an outcomes file against its result and return its table."""
    import pyarrow as pa  # noqa: PLC0415  # a third of a second, which most commands need not spend
    import pyarrow.parquet as pq  # noqa: PLC0415  # the same

    where = Where(file)
    cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
    digest = hashlib.sha256(data).hexdigest()
    if digest != result.outcomes.sha256:
        raise BadInput(f"sha256 is {digest}, but the result names {result.outcomes.sha256}", where=where, cure=cure)
    try:
        table = pq.read_table(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise BadInput(f"not a parquet file: {shown(first_line)[1:-1]}", where=where, cure=cure) from None
    if table.num_rows != result.outcomes.rows:
        raise BadInput(f"holds {table.num_rows} rows, but the result names {result.outcomes.rows}", where=where, cure=cure)
    return table


@dataclass(frozen=True)
class Side:
    """A submission as one side of a comparison: its name, and per target the result with its outcomes."""

    name: str
    results: Mapping[str, Result]
    outcomes: Mapping[str, pa.Table]


def load_side(path: Path) -> Side:
    """Read every result of a submission's folder with its outcomes, or the one result whose file is named."""
    one = path.suffix == ".yaml"
    folder = path.absolute().parent.parent if one else path.absolute()
    if not folder.is_dir() or (one and not path.is_file()):
        raise BadInput(f"{path} does not exist", cure="name a slug under --submissions, a folder, or a results/<target>.yaml")
    paths = (path,) if one else find_results(folder)
    results = [load_result(result_path) for result_path in paths]
    outcomes = [load_outcomes(result_path, result) for result_path, result in zip(paths, results, strict=True)]
    targets = [result.target for result in results]
    return Side(folder.name, dict(zip(targets, results, strict=True)), dict(zip(targets, outcomes, strict=True)))


def write_result(folder: Path, result: Result, outcomes: pa.Table) -> Path:
    """Write a result and its outcomes into a submission's folder, each whole or not at all, and return the result's path.

    The outcomes wait beside until the result that names them is in place. A crash in between is finished by the next one
    who takes the lock, so that neither an old nor a new pair is ever lost.
    `result.outcomes` is replaced by the real file, digest and row count. What is written is read back first.
    """
    name = f"{result.target}.parquet"
    data = _parquet(outcomes)
    written = Outcomes(file=name, sha256=hashlib.sha256(data).hexdigest(), rows=outcomes.num_rows)
    result = result.model_copy(update={"outcomes": written})
    results = folder / RESULTS_FOLDER
    path = results / f"{result.target}.yaml"
    text = dump(_plain(result)).encode()
    parse_result(text, str(path))
    _no_link(results)
    results.mkdir(exist_ok=True)
    with results_lock(folder):
        side = results / f".{name}{_NEXT}"
        _replace(side, data)
        _replace(path, text)
        side.replace(results / name)
    return path


def _finish_interrupted(results: Path) -> None:
    """Put outcomes in place whose result is already there, and drop those whose result never came."""
    for side in sorted(results.glob(f".*.parquet{_NEXT}")):
        outcomes = results / side.name[1 : -len(_NEXT)]
        named = hashlib.sha256(side.read_bytes()).hexdigest()
        path = outcomes.with_suffix(".yaml")
        if path.is_file() and named.encode() in path.read_bytes():
            side.replace(outcomes)
        else:
            side.unlink()


@contextmanager
def results_lock(folder: Path) -> Iterator[None]:
    """Hold the results of a submission against other processes; the same thread may hold it twice."""
    lock = FileLock(folder / LOCK_FILE, timeout=_LOCK_SECONDS, is_singleton=True)
    try:
        lock.acquire()
    except Timeout:
        message = f"another process holds {folder / LOCK_FILE} for more than {_LOCK_SECONDS:.0f} seconds"
        raise CheckFailed(message, cure="wait for it, then evaluate again; finished cells are kept") from None
    try:
        _finish_interrupted(folder / RESULTS_FOLDER)
        yield
    finally:
        lock.release()


# ---- files -------------------------------------------------------------------------------------


def _folder_faults(folder: Path, slug: str) -> list[Fault]:
    _no_link(folder)
    if len(slug) <= 80 and re.fullmatch(SLUG, slug):
        return []
    message = f"the slug, which names the folder, must be {PATTERNS[SLUG][0]}, at most 80 characters; found {shown(slug)}"
    return [Fault(message, Where(str(folder)), PATTERNS[SLUG][1])]


def _no_link(path: Path) -> None:
    if path.is_symlink():
        refuse([_link_fault(path)])


def _link_fault(path: Path) -> Fault:
    return Fault("found a symbolic link", Where(str(path)), "put the files themselves there")


def _read(path: Path, limit: int | None, cure: str) -> bytes:
    """Read a regular file, and no more of it than it takes to see that it is too long."""
    _no_link(path)
    if not path.is_file():
        raise BadInput("the file does not exist" if not path.exists() else "not a file", where=Where(str(path)), cure=cure)
    with path.open("rb") as file:
        return file.read() if limit is None else file.read(limit + 1)


def _replace(path: Path, data: bytes) -> None:
    """Put a file in place whole: write beside it, flush to disk, rename. The lock makes the other name ours."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with partial.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _parquet(table: pa.Table) -> bytes:
    """Write a table to bytes that depend on its content only: one chunk, fixed compression, nobody's metadata."""
    import pyarrow as pa  # noqa: PLC0415  # see parse_outcomes
    import pyarrow.parquet as pq  # noqa: PLC0415  # the same

    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(None).combine_chunks(), sink, compression="zstd", compression_level=9)
    return bytes(sink.getvalue())


# ---- records and text --------------------------------------------------------------------------


def _record(record: type[_AnyRecord], document: Document, faults: list[Fault], cure: str = "") -> _AnyRecord | None:
    """Type a document; what the schema refuses goes to `faults`."""
    try:
        return record.model_validate(document.value)
    except ValidationError as error:
        faults += schema_faults(error, document, record, cure)
        return None


def _located(findings: Iterable[Finding], document: Document, cure: str = "") -> list[Fault]:
    return [Fault(finding.message, document.where(finding.path, key=finding.key), finding.cure or cure) for finding in findings]


def _plain(result: Result) -> dict[str, object]:
    """Turn a result into what the writer takes, `run` last, points rounded to four decimals, nothing unreadable in it."""
    fields = result.model_dump(by_alias=True)
    run = fields.pop("run")
    rounded = _writable(fields, decimals=4)
    assert isinstance(rounded, dict)
    return {**rounded, "run": _writable(run, decimals=None)}


def _writable(value: object, decimals: int | None) -> object:
    if isinstance(value, Mapping):
        return {visible(str(key)): _writable(inner, decimals) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_writable(inner, decimals) for inner in value]
    if isinstance(value, float) and decimals is not None:
        return round(float(value), decimals)
    return visible(value) if isinstance(value, str) else value
