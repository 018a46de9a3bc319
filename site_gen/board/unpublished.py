"""Name the weights that were published, and those that were not; pure."""

from __future__ import annotations

from site_gen.board.board import Cell, Row
from site_gen.formatting import listed


def weights_links(row: Row) -> tuple[str, ...]:
    """Return the address of each seed's weights on the Hub, at the measured revision."""
    published = (checkpoint for checkpoint in row.submission.checkpoints if checkpoint.hub)
    return tuple(f"https://huggingface.co/{each.hub}/tree/{each.revision}" for each in published)


def unpublished_weights(row: Row) -> str:
    """Return a sentence about the seeds whose weights only ever lay in a folder; empty if there are none."""
    checkpoints = row.submission.checkpoints
    if own_code := checkpoints[0].own_code:
        return f"Measured by its submitters’ own code, {own_code}, which is not run to verify a result."
    seeds = [str(checkpoint.seed) for checkpoint in checkpoints if checkpoint.path is not None]
    if not seeds:
        return ""
    these = "these weights" if len(seeds) == len(checkpoints) else f"the weights of seed {listed(seeds)}"
    if any(_is_rerun(cell) for cell in row.cells.values()):
        return f"Only the submitters, and who has rerun a result, have {these}: they were never published."
    return f"Nobody else has {these}: they were never published, so that nobody can measure them again."


def only_submitters_have(row: Row, cell: Cell) -> bool:
    """Tell whether a result is of weights that were never published, and that nobody else has measured."""
    own_head = row.submission.finetuned.get(cell.target.name)
    checkpoints = row.submission.checkpoints if own_head is None else (own_head,)
    return not _is_rerun(cell) and any(checkpoint.path is not None for checkpoint in checkpoints)


def _is_rerun(cell: Cell) -> bool:
    return cell.trust.verification is not None and cell.trust.verification.how == "rerun"
