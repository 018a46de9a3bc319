"""Read and write what only the harness writes: <slug>/results/<target>.yaml with its outcomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from harness.catalog import TARGETS, is_own, target_of
from harness.characters import shown
from harness.errors import BadInput, CheckFailed, Fault, Where
from harness.records import Outcomes, Result
from harness.store.consistency import result_findings
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import located, no_link, plain, read_file, replace_file, typed
from harness.store.seal import broken_seal, sealed
from harness.store.yaml.parser import YamlDocument, dump, parse, refuse

if TYPE_CHECKING:
    import pyarrow as pa

SWEEP_SUFFIX = ".layers.yaml"
LOCK_FILE = ".results.lock"
RESULT_LIMIT = 8 * 1024 * 1024
RESULT_EVENTS = RESULT_LIMIT // 4
_LOCK_SECONDS = 60.0
_NEXT = ".next"
# An outcomes file of a few kilobytes may stand for any number of rows.
_ROWS_LIMIT = 20_000_000


def is_named(name: str, suffix: str = ".yaml", but: str | None = SWEEP_SUFFIX) -> bool:
    """Tell whether a file's name ends in one suffix `but` not in another, which by default is a result's."""
    return name.endswith(suffix) and not name.startswith(".") and not (but and name.endswith(but))


def in_order(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return targets in the order of the catalog, then people's own, given where the file of each stands; an unknown one is a fault."""
    names = [target.name for target in TARGETS]
    names += [name for name in files if is_own(name)]
    if unknown := [name for name in files if name not in names]:
        cure = f"remove it; one of: {', '.join(names)}"
        refuse([Fault(f"no target is named {name!r}", Where(files[name]), cure) for name in unknown])
    return tuple(name for name in names if name in files)


def load_result(path: Path) -> Result:
    """Read and check <slug>/results/<target>.yaml, which names that slug and that target."""
    data = read_file(path, RESULT_LIMIT, "stiltboard evaluate writes it")
    return parse_placed(data, str(path), path.absolute().parent.parent.name, path.stem)


def parse_placed(data: bytes, file: str, slug: str, target: str) -> Result:
    """Check the text of a result that must name the slug and the target of its path."""
    result, document = _parse_result(data, file)
    faults = []
    for key, found, expected in (("submission", result.submission, slug), ("target", result.target, target)):
        if found != expected:
            message = f"{key}: expected {shown(expected)[1:-1]} as in the file's path, found {shown(found)}"
            faults.append(
                Fault(
                    message,
                    document.where((key,)),
                    "results are not copied between submissions; run stiltboard evaluate",
                )
            )
    if faults:
        refuse(faults)
    return result


def parse_result(data: bytes, file: str) -> Result:
    """Check the text of a result that need not stand in its folder, such as one from another revision."""
    return _parse_result(data, file)[0]


def _parse_result(data: bytes, file: str) -> tuple[Result, YamlDocument]:
    cure = "only the harness writes results; run stiltboard evaluate with --overwrite"
    document = parse(data, file, limit=RESULT_LIMIT, max_events=RESULT_EVENTS)
    faults: list[Fault] = []
    result = typed(Result, document, faults, cure)
    if result is not None:
        faults += located(result_findings(result), document, cure)
    if not faults and (reason := broken_seal(data)):
        faults.append(Fault(reason, Where(file), cure))
    if result is None or faults:
        refuse(faults)
    return result, document


def load_outcomes(result_path: Path, result: Result, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the outcomes that a result names, one row per example; refuse a file that is not the one it was computed from.

    With `columns` only these are read, which saves most of the time where whole sentences of tags stand
    beside the counts.
    """
    path = result_path.parent / result.outcomes.file
    cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
    return parse_outcomes(read_file(path, None, cure), result, str(path), columns)


def parse_outcomes(data: bytes, result: Result, file: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Check the bytes of an outcomes file against its result, its scores among that, and return its table, or some of its columns."""
    import pyarrow as pa  # noqa: PLC0415  # a third of a second, which most commands need not spend
    import pyarrow.parquet as pq  # noqa: PLC0415  # the same

    from harness.scoring.recount import disagreements  # noqa: PLC0415  # numpy and pyarrow too

    where = Where(file)
    cure = f"stiltboard evaluate {result.submission} -t {result.target} --overwrite measures it again"
    digest = hashlib.sha256(data).hexdigest()
    if digest != result.outcomes.sha256:
        raise BadInput(
            f"sha256 is {digest}, but the result names {result.outcomes.sha256}", where=where, cure=cure
        )
    try:
        whole = pq.ParquetFile(pa.BufferReader(data))
        if (rows := whole.metadata.num_rows) > _ROWS_LIMIT:
            raise BadInput(
                f"holds {rows:,} rows, more than the {_ROWS_LIMIT:,} allowed", where=where, cure=cure
            )
        lacking = [name for name in columns or () if name not in whole.schema_arrow.names]
        # In one thread: a pool of Arrow's, for files this small, costs more than it saves, and its end now
        # and then aborts a process that is done.
        table = whole.read(columns=None if columns is None or lacking else list(columns), use_threads=False)
    except MemoryError:
        raise BadInput("takes more memory than there is", where=where, cure=cure) from None
    except (pa.ArrowException, OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise BadInput(f"not a parquet file: {shown(first_line)[1:-1]}", where=where, cure=cure) from None
    if lacking:
        raise BadInput(f"has no column {lacking[0]!r}", where=where, cure=cure)
    if table.num_rows != result.outcomes.rows:
        raise BadInput(
            f"holds {table.num_rows} rows, but the result names {result.outcomes.rows}",
            where=where,
            cure=cure,
        )
    if faults := [Fault(reason, where, cure) for reason in disagreements(target_of(result), result, table)]:
        refuse(faults)
    return table


def write_result(folder: Path, result: Result, outcomes: pa.Table) -> Path:
    """Write a result and its outcomes into a submission's folder, each whole or not at all, and return the result's path.

    The outcomes wait beside until the result that names them is in place. A crash in between is finished by
    the next one who takes the lock, so that neither an old nor a new pair is ever lost. `result.outcomes` is
    replaced by the real file, digest and row count. What is written is read back first.
    """
    name = f"{result.target}.parquet"
    data = _parquet(outcomes)
    written = Outcomes(file=name, sha256=hashlib.sha256(data).hexdigest(), rows=outcomes.num_rows)
    result = result.model_copy(update={"outcomes": written})
    results = folder / RESULTS_FOLDER
    path = results / f"{result.target}.yaml"
    text = sealed(dump(plain(result)).encode())
    parse_result(text, str(path))
    no_link(results)
    results.mkdir(exist_ok=True)
    with results_lock(folder):
        side = results / f".{name}{_NEXT}"
        try:
            replace_file(side, data)
            replace_file(path, text)
        except CheckFailed:  # a full disk needs the room
            side.unlink(missing_ok=True)
            raise
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


def _parquet(table: pa.Table) -> bytes:
    """Write a table to bytes that depend on its content only: one chunk, fixed compression, nobody's metadata."""
    import pyarrow as pa  # noqa: PLC0415  # see parse_outcomes
    import pyarrow.parquet as pq  # noqa: PLC0415  # the same

    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(None).combine_chunks(), sink, compression="zstd", compression_level=9
    )
    return bytes(sink.getvalue())
