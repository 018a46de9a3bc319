"""The experiment's account, written in Markdown → the text of a page; the only importer of markdown_it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

# A hyphen before a number, where no word, range or name is.
_MINUS = re.compile(r"(?<![^\s(\[/])-(?=\d)")


def account_html(text: str, repository: str, path: str) -> Markup:
    """Return an account as HTML: headings have ids, tables scroll, and no HTML of the text gets through.

    A hyphen before a number becomes a minus sign. Links to other files lead to the `repository`, in which the
    account is at `path`; without one they become plain text.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    _name_headings(tokens)
    _lower_headings(tokens)
    for token in tokens:
        if token.children:
            for child in token.children:
                if child.type == "text":
                    child.content = _MINUS.sub("−", child.content)
            token.children = _with_links(token.children, repository, posixpath.dirname(path))
    html = parser.renderer.render(tokens, parser.options, {})
    tables = iter(range(1, html.count("<table>") + 1))
    html = re.sub(
        "<table>",
        lambda _: f'<div class="scroll" tabindex="0" role="region" aria-label="Table {next(tables)}"><table>',
        html,
    )
    html = html.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
    # Numbers are aligned by a class: the pages allow no inline styles.
    html = re.sub(r' style="text-align:right"', ' class="number"', html)
    return Markup(re.sub(r' style="[^"]*"', "", html))  # noqa: S704  # rendered from Markdown without its HTML


def _lower_headings(tokens: Sequence[Token]) -> None:
    """Put every heading after the first one a level lower where there are several of the highest level."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    if sum(token.tag == "h1" for token in headings) > 2:
        for token in headings[2:]:
            token.tag = f"h{min(6, int(token.tag[1:]) + 1)}"


def _name_headings(tokens: Sequence[Token]) -> None:
    """Give each heading the id that GitHub gives it."""
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = re.sub(r"[^\w\- ]", "", inline.content.lower())
            opening.attrSet("id", words.replace(" ", "-"))


def _with_links(children: Sequence[Token], repository: str, folder: str) -> list[Token]:
    """Return the tokens of a line with links that lead somewhere from the site."""
    kept: list[Token] = []
    dropped = 0
    for token in children:
        if token.type == "link_open":
            address = str(token.attrGet("href") or "")
            if not address.startswith(("https://", "http://", "#")):
                if not repository:
                    dropped += 1
                    continue
                path = posixpath.normpath(posixpath.join(folder, address))
                token.attrSet("href", f"{repository}/blob/HEAD/{path}")
        elif token.type == "link_close" and dropped:
            dropped -= 1
            continue
        kept.append(token)
    return kept
