"""The size of a model as people name it; pure."""

from __future__ import annotations

from harness.records import Encoding
from site_gen.board.board import Cell, Row
from site_gen.formatting import compact


def depth(row: Row, cell: Cell) -> int | None:
    """Return the number of layers; None where the result does not tell.

    A vector that is read from the last layer names that layer in its signature.
    """
    encoding, view = row.submission.encoding_for(cell.target.name), cell.result.signature.view
    is_last = isinstance(encoding, Encoding) and encoding.layer == "last"
    return view.layer if is_last and view is not None else None


def size_words(row: Row, cell: Cell) -> str:
    """Return the depth, where it is known, and the parameters outside the embeddings: 12 layers, 21.3 M."""
    layers = depth(row, cell)
    words = [] if layers is None else [f"{layers} layer{'' if layers == 1 else 's'}"]
    words += [] if cell.parameters is None else [compact(cell.parameters.body)]
    return ", ".join(words)
