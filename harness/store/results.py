"""Read and write results, <slug>/results/<target>.yaml, and their outcomes; only the harness writes them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from harness.catalog import TARGETS, is_own, target_of
from harness.characters import shown
from harness.errors import BadInput, CheckFailed, Fault, Where
from harness.git_lfs import POINTER, unfetched
from harness.locks import lock_of
from harness.records import Outcomes, Result
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import located, no_link, plain, read_file, replace_file, typed
from harness.store.kept_outcomes import OUTCOMES_LIMIT, evaluated_again, outcome_bytes
from harness.store.memory import bounded_memory
from harness.store.result_consistency import result_findings
from harness.store.seal import broken_seal, sealed
from harness.store.yaml.parser import YamlDocument, dump, parse, refuse

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SWEEP_SUFFIX, STEPS_SUFFIX = ".layers.yaml", ".steps.yaml"
SIDE_SUFFIXES = (SWEEP_SUFFIX, STEPS_SUFFIX)
"""How the names of records end that are kept next to a result."""
LOCK_FILE = ".results.lock"
RESULT_LIMIT = 8 * 1024 * 1024
RESULT_EVENTS = RESULT_LIMIT // 4
_LOCK_SECONDS = 60.0
_NEXT = ".next"
# A compressed outcomes file of a few kilobytes may expand to any number of rows.
_ROWS_LIMIT = 20_000_000
# Sizes in a file's metadata are claims: kilobytes can hold a list of 10⁹ numbers, or a long text 10⁶ times.
# A hundred seeds on Tatoeba take half of this limit.
_MEMORY = 2**30
_UNCOMPRESSED_LIMIT = 2**31
_ROWS_IN_GROUP = 2**20
# Ranks and numbers of answers are nearly all of a file. With their first bytes next to each other and at this
# level, that of an untouched encoder on XQuAD-R is a fifth smaller; it takes a tenth of a second.
_COMPRESSION = 19


def has_suffix(name: str, suffix: str = ".yaml", excluded: tuple[str, ...] = SIDE_SUFFIXES) -> bool:
    """Tell whether a file's name has a suffix but no excluded one; by default, if it is a result's."""
    return name.endswith(suffix) and not name.startswith(".") and not name.endswith(excluded)


def catalog_order(files: Mapping[str, str]) -> tuple[str, ...]:
    """Return targets in the catalog's order, then user-provided ones; raises BadInput for unknown ones.

    `files` maps targets to their files, for the messages.
    """
    names = [target.name for target in TARGETS]
    names += [name for name in files if is_own(name)]
    if unknown := [name for name in files if name not in names]:
        cure = f"remove it; one of: {', '.join(names)}"
        refuse([Fault(f"no target is named {name!r}", Where(files[name]), cure) for name in unknown])
    return tuple(name for name in names if name in files)


def load_result(path: Path) -> Result:
    """Read and check <slug>/results/<target>.yaml, which must name that slug and that target."""
    data = read_file(path, RESULT_LIMIT, "stiltboard evaluate writes it")
    return parse_result_of(data, str(path), path.absolute().parent.parent.name, path.stem)


def parse_result_of(data: bytes, file: str, slug: str, target: str) -> Result:
    """Parse and check a result, which must name the slug and the target of its path."""
    result, document = _parse_result(data, file)
    faults = []
    for key, actual, expected in (("submission", result.submission, slug), ("target", result.target, target)):
        if actual != expected:
            message = f"{key}: expected {shown(expected)[1:-1]} as in the file's path, found {shown(actual)}"
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
    """Parse and check a result wherever it comes from, such as another revision."""
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
    """Read a result's outcomes, one row per example; raises BadInput if the result is not computed from them.

    With `columns` only these are read, which saves most of the time where the others hold whole sentences of
    tags.
    """
    path = result_path.parent / result.outcomes.file
    return parse_outcomes(outcome_bytes(result_path, result), result, str(path), columns)


def parse_outcomes(data: bytes, result: Result, file: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Check an outcomes file against its result, including all scores; return its table or some columns."""
    import pyarrow as pa  # noqa: PLC0415  # takes a third of a second

    from harness.scoring.recount import disagreements  # noqa: PLC0415  # numpy and pyarrow too

    where = Where(file)
    cure = evaluated_again(result)
    if len(data) > OUTCOMES_LIMIT:
        message = f"the file is longer than the {OUTCOMES_LIMIT:,} bytes allowed"
        raise BadInput(message, where=where, cure=cure)
    if data.startswith(POINTER):
        raise unfetched(Path(file))
    digest = hashlib.sha256(data).hexdigest()
    if digest != result.outcomes.sha256:
        raise BadInput(
            f"sha256 is {digest}, but the result names {result.outcomes.sha256}", where=where, cure=cure
        )
    pa.allocate_buffer(
        1
    )  # an allocator other than the system's reserves its gigabyte before memory is bounded
    try:
        with bounded_memory(_MEMORY):
            table = _parquet_table(data, result, where, cure, columns)
            faults = [
                Fault(reason, where, cure) for reason in disagreements(target_of(result), result, table)
            ]
    except MemoryError:
        raise BadInput("needs more memory than is available", where=where, cure=cure) from None
    if faults:
        refuse(faults)
    return table


def _parquet_table(
    data: bytes, result: Result, where: Where, cure: str, columns: Sequence[str] | None
) -> pa.Table:
    """Read the columns of an outcomes file; raises BadInput where it is not laid out as the harness does."""
    import pyarrow as pa  # noqa: PLC0415  # see parse_outcomes
    import pyarrow.parquet as pq  # noqa: PLC0415  # the same

    try:
        parquet = pq.ParquetFile(pa.BufferReader(data))
        if (rows := parquet.metadata.num_rows) > _ROWS_LIMIT:
            raise BadInput(
                f"holds {rows:,} rows, more than the {_ROWS_LIMIT:,} allowed", where=where, cure=cure
            )
        unreadable = list(_layout_faults(parquet, result))
        if not unreadable:
            # In one thread: for files this small, Arrow's thread pool costs more than it saves, and its
            # shutdown occasionally aborts a finished process.
            table = parquet.read(columns=None if columns is None else list(columns), use_threads=False)
            table.validate(full=True)  # text that is not UTF-8 is otherwise found where a value is used
            return table
    except MemoryError:  # one of Arrow's exceptions as well
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        first_line = str(error).partition("\n")[0]
        raise BadInput(f"not a parquet file: {shown(first_line)[1:-1]}", where=where, cure=cure) from None
    refuse([Fault(reason, where, cure) for reason in unreadable])


def _layout_faults(parquet: pq.ParquetFile, result: Result) -> Iterator[str]:
    """Yield why a file's rows are not read: their number, their layout, their columns, or their size."""
    from harness.scoring.recount import schema_faults  # noqa: PLC0415  # see parse_outcomes

    metadata = parquet.metadata
    if metadata.num_rows != result.outcomes.rows:
        yield f"holds {metadata.num_rows} rows, but the result names {result.outcomes.rows}"
    if metadata.num_row_groups > 1 + metadata.num_rows // _ROWS_IN_GROUP:
        yield f"has {metadata.num_row_groups:,} row groups, more than the harness writes"
    if metadata.num_rows or parquet.schema_arrow.names:
        yield from schema_faults(target_of(result), parquet.schema_arrow)
    size = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    if size > _UNCOMPRESSED_LIMIT:
        yield f"would take {size:,} bytes, more than the {_UNCOMPRESSED_LIMIT:,} allowed"


def result_text(result: Result) -> bytes:
    """Return the content of a result's file, sealed."""
    return sealed(dump(plain(result)).encode())


def rewrite_result(folder: Path, result: Result) -> Path:
    """Replace a result whose outcomes remain, and return its path; the text is parsed before."""
    path = folder / RESULTS_FOLDER / f"{result.target}.yaml"
    text = result_text(result)
    parse_result(text, str(path))
    no_link(path)
    with results_lock(folder):
        replace_file(path, text)
    return path


def write_result(folder: Path, result: Result, outcomes: pa.Table) -> Path:
    """Write a result and its outcomes atomically into a submission's folder, and return the result's path.

    The outcomes are written under a temporary name until the result that names them is in place. After a
    crash in between, the next holder of the lock completes the write, so that no pair of files is lost.
    `result.outcomes` is replaced by the actual file, digest and row count. The text is parsed before it is
    written.
    """
    name = f"{result.target}.parquet"
    data = _parquet(outcomes)
    written = Outcomes(file=name, sha256=hashlib.sha256(data).hexdigest(), rows=outcomes.num_rows)
    result = result.model_copy(update={"outcomes": written})
    results = folder / RESULTS_FOLDER
    path = results / f"{result.target}.yaml"
    text = result_text(result)
    parse_result(text, str(path))
    no_link(results)
    results.mkdir(exist_ok=True)
    with results_lock(folder):
        pending = results / f".{name}{_NEXT}"
        try:
            replace_file(pending, data)
            replace_file(path, text)
        except CheckFailed:  # a full disk needs the room
            pending.unlink(missing_ok=True)
            raise
        pending.replace(results / name)
    return path


def _finish_interrupted(results: Path) -> None:
    """Put pending outcomes in place if their result was written, else delete them."""
    for pending in sorted(results.glob(f".*.parquet{_NEXT}")):
        outcomes = results / pending.name[1 : -len(_NEXT)]
        path = outcomes.with_suffix(".yaml")
        try:
            digest = hashlib.sha256(read_file(pending, OUTCOMES_LIMIT, "")).hexdigest()
            named = digest.encode() in read_file(path, RESULT_LIMIT, "")
        except BadInput:  # no file that a write left, or no result that names it
            named = False
        if named:
            pending.replace(outcomes)
        else:
            pending.unlink()


@contextmanager
def results_lock(folder: Path) -> Iterator[None]:
    """Lock a submission's results against other processes, for at most 60 s; reentrant within a thread.

    Raises CheckFailed when another process holds the lock for longer.
    """
    lock = lock_of(folder / LOCK_FILE, _LOCK_SECONDS, is_singleton=True)
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
    """Return a table as parquet that depends only on its rows: one chunk, fixed compression, no metadata."""
    import pyarrow as pa  # noqa: PLC0415  # see parse_outcomes
    import pyarrow.parquet as pq  # noqa: PLC0415  # the same

    sink = pa.BufferOutputStream()
    plain_table = table.replace_schema_metadata(None).combine_chunks()
    numbers = [name for name, of in _columns(plain_table) if of == pa.int32() and name != "seed"]
    pq.write_table(
        plain_table,
        sink,
        compression="zstd",
        compression_level=_COMPRESSION,
        use_dictionary=[name for name, _ in _columns(plain_table) if name not in numbers],
        column_encoding=dict.fromkeys(numbers, "BYTE_STREAM_SPLIT"),
    )
    return bytes(sink.getvalue())


def _columns(table: pa.Table) -> list[tuple[str, pa.DataType]]:
    """Return the path in a parquet file and the type of each column; of a list, those of its elements."""
    import pyarrow as pa  # noqa: PLC0415  # see parse_outcomes

    return [
        (f"{column.name}.list.element", column.type.value_type)
        if pa.types.is_list(column.type)
        else (column.name, column.type)
        for column in table.schema
    ]
