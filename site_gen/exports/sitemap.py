"""The sitemap and robots.txt for search engines; only where the site's address is known; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET

from site_gen import paths
from site_gen.board.board import Board
from site_gen.board.run_info import newest_run

# The sitemap protocol allows at most this many addresses in one file.
_MOST = 50_000


def sitemap(board: Board, pages: Iterable[str], base_url: str) -> bytes:
    """Return the sitemap; pages of submissions have the newest result's date.

    404.html and the pages of former slugs and of withdrawn submissions are left out.
    """
    left_out = {"404.html", *map(paths.page, board.former_slugs)}
    left_out |= {paths.page(tombstone.submission) for tombstone in board.withdrawn}
    dates = {
        paths.page(row.slug): newest.date().isoformat()
        for row in board.rows
        if (newest := newest_run([row])) is not None
    }
    urls = ET.Element("urlset", {"xmlns": "http://www.sitemaps.org/schemas/sitemap/0.9"})
    ordered = sorted(set(pages) - left_out, key=lambda path: (path.count("/"), path))
    for path in ordered[:_MOST]:
        url = ET.SubElement(urls, "url")
        ET.SubElement(url, "loc").text = base_url if path == "index.html" else f"{base_url}{path}"
        if path in dates:
            ET.SubElement(url, "lastmod").text = dates[path]
    ET.indent(urls, " ")
    document: bytes = ET.tostring(urls, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def robots(base_url: str) -> bytes:
    """Return a robots.txt that allows everything and names the sitemap."""
    return f"User-agent: *\nAllow: /\n\nSitemap: {base_url}{paths.SITEMAP}\n".encode()


def sitemap_files(board: Board, pages: Iterable[str], base_url: str) -> Mapping[str, bytes]:
    """Return both files, or none where the site's address is not known."""
    return (
        {paths.SITEMAP: sitemap(board, pages, base_url), paths.ROBOTS: robots(base_url)} if base_url else {}
    )
