"""Trees and commits that git's own commands would not write, as descriptions from which a worker makes objects."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from hypothesis import strategies as st

from tests.fuzz.mutations import damaged
from tests.support.pull_requests import about


class Blob(NamedTuple):
    """A file's bytes."""

    data: bytes


class Hash(NamedTuple):
    """An object that is there already, or nowhere."""

    digest: str


class Raw(NamedTuple):
    """An object of any type and content."""

    kind: str
    data: bytes


class Tree(NamedTuple):
    """Entries: mode, name, object; written in this order."""

    entries: tuple[tuple[bytes, bytes, Node], ...]


class Nested(NamedTuple):
    """A tree within a tree within a tree: `width` entries of the same object on each of `depth` levels."""

    depth: int
    width: int
    inner: Node


class Example(NamedTuple):
    """A head commit: its root, and its text, in which {tree} and {base} are replaced."""

    root: Node
    text: bytes


Node = Blob | Hash | Raw | Tree | Nested
MINE = "submissions/new/submission.yaml"
TEXT = b"tree {tree}\nparent {base}\nauthor A <a@example.org> 1767225600 +0000\ncommitter A <a@example.org> 1767225600 +0000\n\nmade\n"
_MODES = (
    b"100644", b"100755", b"120000", b"160000", b"40000", b"040000", b"100664", b"100600", b"0", b"", b"777777", b"-1", b"+100644", b"1e3",
    b"0100644", b"9" * 30, b"100644\t", b"\xff", b"40000000000",
)  # fmt: skip
_NAMES = (
    b"submission.yaml", b"training.yaml", b"verification.yaml", b"results", b"new", b"jupyterlab.yaml", b"jupyterlab.parquet", b"tatoeba.layers.yaml",
    b"", b".", b"..", b".git", b".GIT", b"git~1", b"a/b", b"/", b"\\", b"\xff\xfe", b"\n", b"\t", b"\x1b[31m", "\u202e".encode(), "é".encode(), "e\u0301".encode(),
    "\u200b".encode(), b"con", b"NUL.yaml", b"-x", b"--", b"*", b":(top)", b"a" * 255, b"a" * 5000, b"Submission.yaml", b"SUBMISSION.YAML", b".gitattributes", b".gitmodules",
)  # fmt: skip
_DIGESTS = ("0" * 40, "f" * 40, hashlib.sha1(b"tree 0\0").hexdigest(), hashlib.sha1(b"blob 0\0").hexdigest())


# ---- descriptions ------------------------------------------------------------------------------


def tree_of(files: dict[str, bytes]) -> Tree:
    """Return the tree of files by path, in git's order."""
    folders: dict[str, dict[str, bytes]] = {}
    entries: list[tuple[bytes, bytes, Node]] = []
    for path, data in files.items():
        first, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(first, {})[rest] = data
        else:
            entries.append((b"100644", first.encode(), Blob(data)))
    entries += [(b"40000", name.encode(), tree_of(inner)) for name, inner in folders.items()]
    return Tree(tuple(sorted(entries, key=lambda entry: entry[1] + b"/" * (entry[0] == b"40000"))))


@st.composite
def examples(draw: st.DrawFn, base: dict[str, bytes], results: dict[str, bytes]) -> Example:
    """Return a pull request whose trees, files or commit were changed once or more."""
    files = {**base, MINE: about("new", "ada")}
    if draw(st.booleans()):
        files |= results
    root: Node = tree_of(files)
    text = TEXT
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 5)):
            root = changed(draw, root)
        else:
            text = _other_text(draw, text)
    return Example(root, text)


def changed(draw: st.DrawFn, node: Node) -> Node:
    """Change one node of a tree, mostly deep inside."""
    if isinstance(node, Tree) and node.entries and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(node.entries) - 1))
        mode, name, inner = node.entries[at]
        entry = (mode, name, changed(draw, inner))
        return Tree((*node.entries[:at], entry, *node.entries[at + 1 :]))
    if isinstance(node, Tree):
        return _other_entries(draw, node)
    if isinstance(node, Blob) and draw(st.booleans()):
        return Blob(damaged(draw, node.data))
    return _other_node(draw)


def _other_entries(draw: st.DrawFn, tree: Tree) -> Node:
    entries = list(tree.entries) or [(b"100644", b"a", Blob(b""))]
    at = draw(st.integers(0, len(entries) - 1))
    mode, name, inner = entries[at]
    match draw(st.integers(0, 8)):
        case 0:
            entries[at] = (draw(st.sampled_from(_MODES)), name, inner)
        case 1:
            entries[at] = (
                mode,
                draw(st.one_of(st.sampled_from(_NAMES), st.binary(max_size=8).map(_without_nul))),
                inner,
            )
        case 2:
            entries[at : at + 1] = [entries[at]] * draw(st.sampled_from([0, 2, 3]))
        case 3:
            entries.reverse()
        case 4:
            entries.insert(
                at, (draw(st.sampled_from(_MODES)), draw(st.sampled_from(_NAMES)), _other_node(draw))
            )
        case 5:
            count = draw(st.sampled_from([10, 10, 10, 1001, 1001, 20_000]))
            entries += [(b"100644", f"f{number:06}".encode(), Blob(b"")) for number in range(count)]
        case 6:
            return Raw(
                "tree",
                damaged(
                    draw, b"".join(mode + b" " + name + b"\0" + b"\x11" * 20 for mode, name, _ in entries)
                ),
            )
        case 7:
            entries[at] = (mode, name, Tree(tuple(entries)))
        case _:
            return _other_node(draw)
    return Tree(tuple(entries))


def _other_node(draw: st.DrawFn) -> Node:
    match draw(st.integers(0, 5)):
        case 0:
            return Hash(draw(st.sampled_from(_DIGESTS)))
        case 1:
            return Nested(draw(st.sampled_from([3, 3, 50, 50, 50, 2100])), 1, Blob(b"x"))
        case 2:
            return Nested(draw(st.sampled_from([2, 2, 3, 3, 4, 9])), 10, Blob(b"x"))
        case 3:
            return Raw(
                draw(st.sampled_from(["commit", "tag", "tree", "blob"])),
                draw(st.sampled_from([b"", b"\0" * 21, b"100644 a\0" + b"\0" * 20, b"x" * 100])),
            )
        case 4:
            return Blob(
                draw(
                    st.sampled_from(
                        [b"", b"\xff", b"a: b\n", b"[" * 5000, b"x" * 70_000, b"PAR1" + b"\0" * 30 + b"PAR1"]
                    )
                )
            )
        case _:
            return Tree(())


def _without_nul(name: bytes) -> bytes:
    return name.replace(b"\0", b"?")


_LINES = (
    b"parent {base}\n", b"parent " + b"1" * 40 + b"\n", b"parent {tree}\n", b"tree {tree}\n", b"tree {base}\n", b"tree " + b"z" * 40 + b"\n",
    b"encoding \xff\xfe\n", b"gpgsig -----BEGIN\n x\n", b"author\n", b"committer A <a> 99999999999999999999 +9999\n", b"committer A <a@b> -1 +0000\n",
    b"mergetag object {base}\n", b"\n", b"\0", b"x" * 100_000 + b"\n",
)  # fmt: skip


def _other_text(draw: st.DrawFn, text: bytes) -> bytes:
    lines = text.splitlines(keepends=True)
    at = draw(st.integers(0, len(lines) - 1)) if lines else 0
    match draw(st.integers(0, 3)):
        case 0:
            del lines[at : at + 1]
        case 1:
            lines.insert(at, draw(st.sampled_from(_LINES)))
        case 2:
            lines[at : at + 1] = [draw(st.sampled_from(_LINES))]
        case _:
            return damaged(draw, text)
    return b"".join(lines)


# ---- objects -----------------------------------------------------------------------------------


class Store:
    """Write loose objects into a repository, and remove them again."""

    def __init__(self, repository: Path) -> None:
        self._objects = repository / ".git" / "objects"
        self._written: list[Path] = []

    def commit(self, example: Example, base: str) -> str:
        """Write an example, and return the hash of its commit."""
        tree = self.node(example.root)
        text = example.text.replace(b"{tree}", tree.encode()).replace(b"{base}", base.encode())
        return self.put("commit", text)

    def node(self, node: Node) -> str:
        match node:
            case Blob(data):
                return self.put("blob", data)
            case Hash(digest):
                return digest
            case Raw(kind, data):
                return self.put(kind, data)
            case Tree(entries):
                return self.put("tree", b"".join(self._entries(entries)))
            case Nested(depth, width, inner):
                mode, digest = b"100644", self.node(inner)
                for _ in range(depth):
                    entries = (
                        mode + f" {number}\0".encode() + bytes.fromhex(digest) for number in range(width)
                    )
                    mode, digest = b"40000", self.put("tree", b"".join(entries))
                return digest

    def _entries(self, entries: tuple[tuple[bytes, bytes, Node], ...]) -> Iterator[bytes]:
        for mode, name, inner in entries:
            yield mode + b" " + name + b"\0" + bytes.fromhex(self.node(inner))

    def put(self, kind: str, data: bytes) -> str:
        raw = f"{kind} {len(data)}\0".encode() + data
        digest = hashlib.sha1(raw).hexdigest()
        path = self._objects / digest[:2] / digest[2:]
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(zlib.compress(raw, 1))
            self._written.append(path)
        return digest

    def clear(self) -> None:
        """Remove what was written since the last time."""
        for path in self._written:
            path.unlink()
        self._written.clear()
