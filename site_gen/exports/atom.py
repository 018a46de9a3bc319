"""New and changed results as an Atom feed (RFC 4287); pure, and dated by the results alone."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nsmallest
from xml.etree import ElementTree as ET

from harness.clock import written
from site_gen import paths
from site_gen.board.board import Board, Cell, Row
from site_gen.board.run_info import run_dates
from site_gen.formatting import metric_name, points, rank_range
from site_gen.once import once

_ATOM = "http://www.w3.org/2005/Atom"
# Feed readers keep old entries: the feed lists only this many new ones.
NEWEST = 100
# Namespace of entry ids on a site without an address: an entry keeps its id in every build.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "stiltboard")
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Dated:
    """One result with its date."""

    date: datetime
    row: Row
    target: str

    @property
    def cell(self) -> Cell:
        """Return the result's cell on the board."""
        return self.row.cells[self.target]


def atom_feed(board: Board, base_url: str) -> bytes:
    """Return the feed of the newest results; a result measured again keeps its id and gets the new date."""
    dated = _newest(board)
    feed = ET.Element("feed", {"xmlns": _ATOM})
    _add(feed, "id", base_url or _urn("feed"))
    _add(feed, "title", f"{board.title}: new and changed results")
    # The format requires a date even without entries, and the clock would make two builds differ.
    _add(
        feed,
        "updated",
        _stamp(max((result.date for result in dated), default=datetime.fromtimestamp(0, UTC))),
    )
    ET.SubElement(_add(feed, "author"), "name").text = board.settings.authors
    if base_url:
        ET.SubElement(
            feed, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{base_url}{paths.FEED}"}
        )
    ET.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": base_url or "index.html"})
    for result in dated:
        _entry(feed, result, base_url)
    ET.indent(feed, " ")
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _newest(board: Board) -> list[_Dated]:
    """Return the newest results; those of the same time are ordered by slug and target."""
    rows = {row.slug: row for row in board.rows}
    newest = nsmallest(NEWEST, (key for row in board.rows for key in _dates(row)))
    return [_Dated(run_dates(rows[slug])[target], rows[slug], target) for _, slug, target in newest]


@once
def _dates(row: Row) -> tuple[tuple[float, str, str], ...]:
    """Return (negative Unix time, slug, target) for each dated result, so that the newest sorts first."""
    return tuple((-date.timestamp(), row.slug, target) for target, date in run_dates(row).items())


def _entry(feed: ET.Element, result: _Dated, base_url: str) -> None:
    row, cell = result.row, result.cell
    page = f"{base_url}submissions/{row.slug}.html#{cell.target.name}"
    entry = _add(feed, "entry")
    _add(entry, "id", page if base_url else _urn(f"{row.slug}/{cell.target.name}"))
    _add(entry, "title", f"{row.submission.title} on {cell.target.title}: {_score(cell)}")
    _add(entry, "updated", _stamp(result.date))
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": page})
    for submitter in row.submission.submitters:
        ET.SubElement(_add(entry, "author"), "name").text = _text(submitter.name)
    _add(entry, "summary", _summary(row, cell))


def _score(cell: Cell) -> str:
    return f"{cell.measured} of {cell.of} languages" if cell.score is None else points(cell.score)


def _summary(row: Row, cell: Cell) -> str:
    rank = f"rank {rank_range(*cell.ranks)}" if cell.ranks else f"not ranked: {cell.reason}"
    origin = f"family {row.submission.family}, regime {row.regime.value}"
    earlier = [each.entry.score for each in row.history if each.entry.target == cell.target.name]
    before = f"; before {points(earlier[-1])}" if earlier and earlier[-1] is not None else ""
    return f"{metric_name(cell.target.metric)}, {rank}{before}; {origin}; {cell.result.signature}"


def _add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = _text(text) if text is not None else None
    return element


def _text(text: str) -> str:
    """Remove characters that XML forbids even in escaped form."""
    return _NOT_IN_XML.sub("", text)


def _urn(name: str) -> str:
    return uuid.uuid5(_NAMESPACE, name).urn


def _stamp(date: datetime) -> str:
    return written(date)
