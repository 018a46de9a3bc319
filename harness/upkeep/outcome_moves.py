"""Move outcomes between git and the place where a board keeps them, and check what is there."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInput, Fault, StiltboardError, Unreachable, Where
from harness.object_store import DigestStore
from harness.records import Result
from harness.reporter import Reporter
from harness.store import RESULTS_FOLDER, on_disk
from harness.store.files import read_file, replace_file
from harness.store.kept_outcomes import KEPT_CURE, OUTCOMES_LIMIT, evaluated_again
from harness.store.results import results_lock

# Transfers at the same time: each waits for the network most of its time.
_TRANSFERS = 8


@dataclass(frozen=True)
class StoredOutcomes:
    """A result's outcomes: the file next to it, which need not exist, and the digest that it states."""

    folder: Path
    result: Result

    @property
    def path(self) -> Path:
        """Return the path of the file next to the result."""
        return self.folder / RESULTS_FOLDER / self.result.outcomes.file

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the outcomes in hexadecimal."""
        return self.result.outcomes.sha256

    def local(self) -> bytes:
        """Return the content next to the result; raises BadInput where it is not what the result names."""
        data = read_file(self.path, OUTCOMES_LIMIT, evaluated_again(self.result))
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.digest:
            raise BadInput(
                f"sha256 is {digest}, but the result names {self.digest}",
                where=Where(str(self.path)),
                cure=evaluated_again(self.result),
            )
        return data


@dataclass(frozen=True)
class MoveReport:
    """How many files were moved or checked, were there already, and were removed; and every fault."""

    moved: int = 0
    present: int = 0
    removed: int = 0
    faults: tuple[Fault, ...] = ()


def outcomes_of(folders: Iterable[Path]) -> list[StoredOutcomes]:
    """Return the outcomes of all results of submissions; raises BadInput where one cannot be read."""
    found = []
    for path in folders:
        folder = on_disk(path)
        found += [StoredOutcomes(path, folder.result(target)) for target in folder.targets()]
    return found


def push(
    outcomes: Sequence[StoredOutcomes],
    store: DigestStore,
    reporter: Reporter,
    *,
    read_back: bool = False,
    remove: bool = False,
) -> MoveReport:
    """Bring the files next to results into their place; what is there with its size is not sent again.

    With `read_back`, or `remove`, each file is then read from its place, and sent again if it is another one
    there; with `remove` it is deleted here once it came back the same. Raises Unreachable where the place
    cannot be listed.
    """
    local = [one for one in outcomes if one.path.exists()]
    sizes = store.sizes(writing=True) if local else {}

    def sent(one: StoredOutcomes) -> MoveReport:
        data = one.local()
        present = sizes.get(one.digest) == len(data)
        if not present:
            store.write(one.digest, data)
        if not (read_back or remove):
            return MoveReport(moved=not present, present=present)
        try:
            store.fetched(one.digest, OUTCOMES_LIMIT, KEPT_CURE)
        except Unreachable:
            raise
        except BadInput:  # of that size, and damaged: the result's own content replaces it
            store.write(one.digest, data)
            present = False
            store.fetched(one.digest, OUTCOMES_LIMIT, KEPT_CURE)
        if remove:
            with results_lock(one.folder):
                one.path.unlink(missing_ok=True)
        return MoveReport(moved=not present, present=present, removed=remove)

    return _summed(sent, local, reporter, "pushed")


def pull(
    outcomes: Sequence[StoredOutcomes], store: DigestStore, reporter: Reporter, *, into_folders: bool = False
) -> MoveReport:
    """Bring outcomes that are not next to their result into the cache, or next to the result."""

    def fetched(one: StoredOutcomes) -> MoveReport:
        held = store.holds(one.digest)
        data = store.read(one.digest, OUTCOMES_LIMIT, KEPT_CURE)
        if into_folders:
            with results_lock(one.folder):
                replace_file(one.path, data)
        return MoveReport(moved=into_folders or not held, present=held and not into_folders)

    missing = [one for one in outcomes if not one.path.exists()]
    report = _summed(fetched, missing, reporter, "pulled")
    present = report.present + len(outcomes) - len(missing)
    return MoveReport(report.moved, present, 0, report.faults)


def check(
    outcomes: Sequence[StoredOutcomes], store: DigestStore, reporter: Reporter, *, listing: bool = False
) -> MoveReport:
    """Read all outcomes that are not next to their result from their place, not from the cache.

    With `listing` they are only looked for in the place's list of files. Results whose file lies next to them
    are `present`.
    """
    elsewhere = [one for one in outcomes if not one.path.exists()]
    sizes = store.sizes() if listing else {}

    def checked(one: StoredOutcomes) -> MoveReport:
        if not listing:
            store.fetched(one.digest, OUTCOMES_LIMIT, KEPT_CURE)
        elif one.digest not in sizes:
            raise BadInput(
                f"the outcomes with sha256 {one.digest} are not in {store.where}",
                where=Where(str(one.path)),
                cure=KEPT_CURE,
            )
        return MoveReport(moved=1)

    report = _summed(checked, elsewhere, reporter, "checked")
    return MoveReport(report.moved, len(outcomes) - len(elsewhere), 0, report.faults)


def _summed(
    move: Callable[[StoredOutcomes], MoveReport],
    outcomes: Sequence[StoredOutcomes],
    reporter: Reporter,
    word: str,
) -> MoveReport:
    """Move several at once, and add up the reports; a place that does not answer ends it with Unreachable."""
    total = MoveReport()
    with ThreadPoolExecutor(_TRANSFERS) as pool:
        try:
            for number, report in enumerate(pool.map(_collecting(move), outcomes), start=1):
                total = MoveReport(
                    total.moved + report.moved,
                    total.present + report.present,
                    total.removed + report.removed,
                    (*total.faults, *report.faults),
                )
                if number % 100 == 0 or number == len(outcomes):
                    reporter.report(f"{word} {number:,} of {len(outcomes):,}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return total


def _collecting(move: Callable[[StoredOutcomes], MoveReport]) -> Callable[[StoredOutcomes], MoveReport]:
    def collected(one: StoredOutcomes) -> MoveReport:
        try:
            return move(one)
        except Unreachable:
            raise
        except BadInput as error:
            return MoveReport(faults=tuple(_located(error, one)))

    return collected


def _located(error: StiltboardError, one: StoredOutcomes) -> Iterator[Fault]:
    for fault in error.faults:
        yield Fault(fault.message, fault.where or Where(str(one.path)), fault.cure)
