"""What earlier builds made of the same bytes, kept on disk; whatever is not found is made again.

One SQLite file a folder of submissions, in the cache: safe to delete, never needed. All of it is the work of
one version of the generator and is dropped by any other. What it holds is found by the content that it was
made of, so that a key that is there is right; a blob that is damaged on disk does not decompress and counts
as missing.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

import harness
import site_gen
import templates
from harness import catalog
from harness.cache import cache_folder

_TABLES = """
CREATE TABLE IF NOT EXISTS made_by (generator TEXT);
CREATE TABLE IF NOT EXISTS folders (slug TEXT PRIMARY KEY, state BLOB, key BLOB);
CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, packed BLOB);
CREATE TABLE IF NOT EXISTS shared (key BLOB PRIMARY KEY, text TEXT);
CREATE TABLE IF NOT EXISTS parts (key BLOB, name TEXT, packed BLOB, PRIMARY KEY (key, name));
CREATE TABLE IF NOT EXISTS files (site TEXT, path TEXT, key BLOB, size INTEGER, changed INTEGER, inode INTEGER, PRIMARY KEY (site, path));
"""
_NAMES = ("made_by", "folders", "entries", "shared", "parts", "files")
# What the bytes of a page hang on beside the sources.
_PACKAGES = ("Babel", "Jinja2", "MarkupSafe", "numpy", "pillow", "plotly", "pydantic", "PyYAML", "scipy")

# Of a file of a site: the key of what it was made of, its size, its time of change, its number on the disk.
FileRow = tuple[bytes, int, int, int]


class Shelf:
    """The kept things of one folder of submissions; they are at hand while it is open, which is one transaction."""

    def __init__(self, submissions: Path) -> None:
        """Take the folder."""
        self._submissions = submissions
        self._connection: sqlite3.Connection

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Open it; where it cannot be written, or another build holds it, it is empty and not kept."""
        with _path(self._submissions) as path:
            self._connection = _connected(path)
            try:
                yield
                self._connection.commit()
            finally:
                self._connection.close()

    def folders(self) -> dict[str, tuple[bytes, bytes]]:
        """Return of each slug the state of its files when they were read, and the key of their content."""
        return {
            slug: (state, key)
            for slug, state, key in self._connection.execute("SELECT slug, state, key FROM folders")
        }

    def keep_folders(self, folders: Mapping[str, tuple[bytes, bytes]]) -> None:
        """Replace what is known of the folders, and forget whatever belongs to none of them."""
        before = self.folders()
        gone = {key for (key,) in self._connection.execute("SELECT key FROM entries")} - {
            key for _, key in folders.values()
        }
        self._connection.executemany(
            "DELETE FROM folders WHERE slug = ?", ((slug,) for slug in before.keys() - folders.keys())
        )
        new = ((slug, *each) for slug, each in folders.items() if each != before.get(slug))
        self._connection.executemany("INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", new)
        self._connection.executemany("DELETE FROM entries WHERE key = ?", ((key,) for key in gone))
        self._connection.executemany("DELETE FROM parts WHERE key = ?", ((key,) for key in gone))

    def entries(self, but: Collection[bytes]) -> Iterator[tuple[bytes, bytes]]:
        """Yield the key and the packed entry of all submissions but some, of which the keys are given."""
        if not but:
            yield from self._connection.execute("SELECT key, packed FROM entries")
            return
        for key in [key for (key,) in self._connection.execute("SELECT key FROM entries") if key not in but]:
            yield self._connection.execute("SELECT key, packed FROM entries WHERE key = ?", (key,)).fetchone()

    def shared(self) -> dict[bytes, str]:
        """Return the texts that many entries name."""
        return dict(self._connection.execute("SELECT key, text FROM shared"))

    def keep(
        self,
        slug: str,
        state: bytes,
        key: bytes,
        packed: bytes,
        shared: Mapping[bytes, str],
        parts: Mapping[str, bytes],
    ) -> None:
        """Keep an entry with its parts, which are compressed already, and what is known of its folder."""
        self._connection.execute("INSERT OR REPLACE INTO folders VALUES (?, ?, ?)", (slug, state, key))
        self._connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?)", (key, packed))
        self._connection.executemany("INSERT OR IGNORE INTO shared VALUES (?, ?)", shared.items())
        self.keep_parts(key, parts)

    def keep_parts(self, key: bytes, parts: Mapping[str, bytes]) -> None:
        """Keep parts of an entry."""
        self._connection.executemany(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?)",
            ((key, name, data) for name, data in parts.items()),
        )

    def part(self, key: bytes, name: str) -> bytes | None:
        """Return a part, or None where there is none that is sound."""
        found = self._connection.execute(
            "SELECT packed FROM parts WHERE key = ? AND name = ?", (key, name)
        ).fetchone()
        with suppress(zlib.error):
            return zlib.decompress(found[0]) if found else None
        return None

    def files(self, site: Path) -> dict[str, FileRow]:
        """Return what is known of each file that a build wrote into a site."""
        found = self._connection.execute(
            "SELECT path, key, size, changed, inode FROM files WHERE site = ?", (str(site),)
        )
        return {path: (key, size, changed, inode) for path, key, size, changed, inode in found}

    def keep_files(self, site: Path, files: Mapping[str, FileRow], before: Mapping[str, FileRow]) -> None:
        """Replace what is known of a site's files, of which `before` is what `files` returned."""
        gone = ((str(site), path) for path in before.keys() - files.keys())
        self._connection.executemany("DELETE FROM files WHERE site = ? AND path = ?", gone)
        new = ((str(site), path, *each) for path, each in files.items() if each != before.get(path))
        self._connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", new)

    def save(self) -> None:
        """Write what was kept so far."""
        self._connection.commit()


def packed(data: bytes) -> bytes:
    """Compress a part."""
    return zlib.compress(data, 1)


@contextmanager
def _path(submissions: Path) -> Iterator[Path | None]:
    """Hold the file of a folder against other builds, from one transaction to the next; there is none where that cannot be."""
    root = cache_folder() / "site"
    path = root / f"{hashlib.sha256(os.fsencode(submissions.resolve())).hexdigest()[:32]}.sqlite"
    lock = FileLock(path.with_suffix(".lock"), timeout=1)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError:  # another build holds it, which is a Timeout, or the disk is full or not to be written
        yield None
        return
    try:
        yield path
    finally:
        lock.release()


def _connected(path: Path | None) -> sqlite3.Connection:
    """Open the file, anew where it is damaged; without one, or where it cannot be written, what is kept goes with the connection."""
    if path is None:
        return _opened("")
    try:
        return _opened(path)
    except sqlite3.OperationalError:
        return _opened("")
    except sqlite3.DatabaseError:
        with suppress(OSError, sqlite3.Error):
            path.unlink()
            return _opened(path)
        return _opened("")


def _opened(path: Path | str) -> sqlite3.Connection:
    return _prepared(sqlite3.connect(path, timeout=1, isolation_level="IMMEDIATE"))


def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Make the tables, empty where another generator filled them, and take hold of the file."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "PRAGMA synchronous = OFF"
    )  # a build that is killed leaves a sound file; after a power cut it may be dropped
    connection.executescript(_TABLES)
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("SELECT generator FROM made_by").fetchall() != [(generator(),)]:
        for name in _NAMES:
            connection.execute(f"DELETE FROM {name}")  # noqa: S608  # a name of ours
        connection.execute("INSERT INTO made_by VALUES (?)", (generator(),))
    return connection


def generator() -> str:
    """Return the digest of all that turns results into a site: sources, templates, catalog and the packages below them."""
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
