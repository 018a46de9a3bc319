"""The build cache: results of earlier builds on disk; whatever is missing is computed again.

There is one SQLite file per submissions folder; it is always safe to delete. It belongs to one version of the
generator, and any other version clears it. Keys are digests of the input, so that an entry under a key is
never outdated; a blob that is damaged on disk does not decompress and counts as missing.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import harness
import site_gen
import templates
from harness import catalog
from harness.cache import cache_folder
from harness.locks import lock_of

_TABLES = """
CREATE TABLE IF NOT EXISTS made_by (generator TEXT);
CREATE TABLE IF NOT EXISTS folders (slug TEXT PRIMARY KEY, state BLOB, key BLOB);
CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, packed BLOB);
CREATE TABLE IF NOT EXISTS shared (key BLOB PRIMARY KEY, text TEXT);
CREATE TABLE IF NOT EXISTS parts (key BLOB, name TEXT, packed BLOB, PRIMARY KEY (key, name));
CREATE TABLE IF NOT EXISTS files (
  site TEXT, path TEXT, key BLOB, size INTEGER, changed INTEGER, inode INTEGER, PRIMARY KEY (site, path)
);
"""
_NAMES = ("made_by", "folders", "entries", "shared", "parts", "files")
# Packages, besides our sources, whose versions affect the bytes of a page.
_PACKAGES = (
    "Babel",
    "Jinja2",
    "markdown-it-py",
    "MarkupSafe",
    "numpy",
    "pillow",
    "plotly",
    "pydantic",
    "PyYAML",
    "scipy",
)

# A written file: key of its inputs, size, modification time in ns, inode.
FileRow = tuple[bytes, int, int, int]
_Answer = TypeVar("_Answer")


class BuildCache:
    """The cache of one submissions folder; usable only in `run_opened`, which is one transaction."""

    def __init__(self, submissions: Path, part: Collection[str] | None = None) -> None:
        """Take the submissions folder, or a part of its submissions by slug; nothing is opened yet."""
        self._name = os.fsencode(submissions.resolve())
        if part is not None:  # it must not forget what the whole board keeps
            self._name += b"\0" + ",".join(sorted(part)).encode()
        self._connection: sqlite3.Connection

    def run_opened(self, work: Callable[[], _Answer]) -> _Answer:
        """Open the cache, and return the answer of `work`, which uses it.

        If the cache is not writable or another build holds it, an empty, temporary one is used; if its disk
        is full while entries are stored, `work` is called again, with an empty one in memory.
        """
        with _locked_path(self._name) as path, suppress(sqlite3.OperationalError):
            return self._run(_open_or_recreate(path), work)
        return self._run(_open(":memory:"), work)

    def _run(self, connection: sqlite3.Connection, work: Callable[[], _Answer]) -> _Answer:
        self._connection = connection
        try:
            answer = work()
            with suppress(sqlite3.OperationalError):  # what is not kept is computed again
                connection.commit()
            return answer
        finally:
            with suppress(sqlite3.OperationalError):
                connection.close()

    def folders(self) -> dict[str, tuple[bytes, bytes]]:
        """Return, by slug, the state of its files when they were read, and the key of their content."""
        return {
            slug: (state, key)
            for slug, state, key in self._connection.execute("SELECT slug, state, key FROM folders")
        }

    def replace_folders(self, folders: Mapping[str, tuple[bytes, bytes]]) -> None:
        """Replace the stored folders, and delete entries and parts that belong to none of them."""
        before = self.folders()
        gone = {key for (key,) in self._connection.execute("SELECT key FROM entries")} - {
            key for _, key in folders.values()
        }
        self._connection.executemany(
            "DELETE FROM folders WHERE slug = ?", ((slug,) for slug in before.keys() - folders.keys())
        )
        new = ((slug, *row) for slug, row in folders.items() if row != before.get(slug))
        self._connection.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", new)
        self._connection.executemany("DELETE FROM entries WHERE key = ?", ((key,) for key in gone))
        self._connection.executemany("DELETE FROM parts WHERE key = ?", ((key,) for key in gone))

    def entries(self, exclude: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the key and the packed entry of all submissions except those with the given keys."""
        if not exclude:
            yield from self._connection.execute("SELECT key, packed FROM entries")
            return
        for key in [
            key for (key,) in self._connection.execute("SELECT key FROM entries") if key not in exclude
        ]:
            yield self._connection.execute("SELECT key, packed FROM entries WHERE key = ?", (key,)).fetchone()

    def shared(self) -> dict[bytes, str]:
        """Return the texts that entries refer to, by digest."""
        return dict(self._connection.execute("SELECT key, text FROM shared"))

    def store_entry(
        self,
        slug: str,
        state: bytes,
        key: bytes,
        packed: bytes,
        shared: Mapping[bytes, str],
        parts: Mapping[str, bytes],
    ) -> None:
        """Store an entry, the state of its folder, its shared texts and its parts, compressed already."""
        self._connection.execute("INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", (slug, state, key))
        self._connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?)", (key, packed))
        self._connection.executemany("INSERT OR IGNORE INTO shared VALUES (?, ?)", shared.items())
        self.store_parts(key, parts)

    def store_parts(self, key: bytes, parts: Mapping[str, bytes]) -> None:
        """Store parts of an entry, compressed already, by name."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?)",
            ((key, name, data) for name, data in parts.items()),
        )

    def part(self, key: bytes, name: str) -> bytes | None:
        """Return a part, decompressed; None where it is missing or damaged."""
        row = self._connection.execute(
            "SELECT packed FROM parts WHERE key = ? AND name = ?", (key, name)
        ).fetchone()
        with suppress(zlib.error):
            return zlib.decompress(row[0]) if row else None
        return None

    def files(self, site: Path) -> dict[str, FileRow]:
        """Return the stored row of each file that a build wrote into a site, by path."""
        rows = self._connection.execute(
            "SELECT path, key, size, changed, inode FROM files WHERE site = ?", (str(site),)
        )
        return {path: (key, size, changed, inode) for path, key, size, changed, inode in rows}

    def replace_files(self, site: Path, files: Mapping[str, FileRow], before: Mapping[str, FileRow]) -> None:
        """Replace the stored files of a site, which is written; `before` is what `files` returned."""
        gone = ((str(site), path) for path in before.keys() - files.keys())
        new = ((str(site), path, *row) for path, row in files.items() if row != before.get(path))
        with suppress(sqlite3.OperationalError):  # on a full disk they are written again next time
            self._connection.executemany("DELETE FROM files WHERE site = ? AND path = ?", gone)
            self._connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", new)

    def commit(self) -> None:
        """Write to disk what was stored so far."""
        self._connection.commit()


def packed(data: bytes) -> bytes:
    """Compress a part for `BuildCache.store_parts`."""
    return zlib.compress(data, 1)


@contextmanager
def _locked_path(name: bytes) -> Iterator[Path | None]:
    """Lock a cache file by what it is of and yield its path; yield None where that is not possible."""
    root = cache_folder() / "site"
    path = root / f"{hashlib.sha256(name).hexdigest()[:32]}.sqlite"
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = lock_of(path.with_suffix(".lock"), 1)
        lock.acquire()
    except OSError:  # locked by another build (Timeout), disk full or read-only
        yield None
        return
    try:
        yield path
    finally:
        lock.release()


def _open_or_recreate(path: Path | None) -> sqlite3.Connection:
    """Open the file, a new one if it is damaged; use a temporary database if there is none or it fails."""
    if path is None:
        return _open("")
    try:
        return _open(path)
    except sqlite3.OperationalError:
        return _open("")
    except sqlite3.DatabaseError:
        with suppress(OSError, sqlite3.Error):
            path.unlink()
            return _open(path)
        return _open("")


def _open(path: Path | str) -> sqlite3.Connection:
    return _prepare(sqlite3.connect(path, timeout=1, isolation_level="IMMEDIATE"))


def _prepare(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Create the tables, cleared if another generator filled them, and begin a write transaction."""
    connection.execute("PRAGMA journal_mode = WAL")
    # A killed build leaves an intact file; after a power failure it may be damaged and is then recreated.
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(_TABLES)
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("SELECT generator FROM made_by").fetchall() != [(generator(),)]:
        for name in _NAMES:
            connection.execute(f"DELETE FROM {name}")  # noqa: S608  # a constant above
        connection.execute("INSERT INTO made_by VALUES (?)", (generator(),))
    return connection


def generator() -> str:
    """Return the digest of the generator: its sources, templates, catalog and package versions."""
    digest = hashlib.sha256(repr([(name, version(name)) for name in _PACKAGES]).encode())
    digest.update(repr(catalog.TARGETS).encode())
    for root in _roots():
        for path in sorted(path for path in root.rglob("*") if path.suffix in _SOURCES and path.is_file()):
            digest.update(
                path.relative_to(root).as_posix().encode()
                + b"\0"
                + hashlib.sha256(path.read_bytes()).digest()
            )
    return digest.hexdigest()


_SOURCES = frozenset({".py", ".html", ".js", ".css", ".svg", ".xml", ".txt"})


def _roots() -> Iterable[Path]:
    return (Path(str(package.__file__)).parent for package in (harness, site_gen, templates))
