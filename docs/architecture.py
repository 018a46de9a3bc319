"""Draw the rooms of the code and the imports between them, from the source, and write the glossary.

`python docs/architecture.py` prints the counts and the picture; `--write` puts the picture, and the glossary
that the site shows, into architecture.md; `--root DIR` reads the packages of another checkout. A room is a
package below `harness` or `site_gen`, its subpackages included, or a module next to them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import grimp
import networkx

from site_gen.board.glossary import GLOSSARY

PACKAGES = ("harness", "site_gen")
PAGE = Path(__file__).with_suffix(".md")
START, END = "<!-- drawn by docs/architecture.py -->\n", "<!-- end of the drawing -->\n"
GLOSSARY_HEAD = "| word | meaning |\n| :-- | :-- |\n"


def rooms_of(graph: grimp.ImportGraph) -> networkx.DiGraph[str]:
    """Return the rooms with an edge from each to every room that it imports from."""
    rooms: networkx.DiGraph[str] = networkx.DiGraph()
    for module in graph.modules:
        room = _room(module)
        rooms.add_node(room, package=rooms.nodes.get(room, {}).get("package", False) or module.count(".") > 1)
        for imported in map(_room, graph.find_modules_directly_imported_by(module)):
            if imported != room:
                rooms.add_edge(room, imported)
    return rooms


def counts(rooms: networkx.DiGraph[str]) -> str:
    """Return the numbers of rooms, floors and imports between rooms, and the circles of imports.

    A room is one floor above the highest room that it imports.
    """
    circles = [circle for circle in networkx.strongly_connected_components(rooms) if len(circle) > 1]
    floors = networkx.dag_longest_path_length(networkx.condensation(rooms)) + 1
    members = "".join(f": {', '.join(sorted(circle))}" for circle in circles)
    return (
        f"{len(rooms)} rooms on {floors} floors, {rooms.number_of_edges()} imports between rooms, "
        f"{len(circles)} circles{members}"
    )


def picture(rooms: networkx.DiGraph[str]) -> str:
    """Return a Mermaid flowchart of the packages.

    An arrow means "imports"; an arrow that follows from others is left out.
    """
    packages = rooms.subgraph([room for room, package in rooms.nodes(data="package") if package])
    lines = ["```mermaid", "flowchart TB"]
    for root in PACKAGES:
        inside = sorted(room for room in packages if room.startswith(f"{root}."))
        lines += [
            f"  subgraph {root}",
            *(f"    {room}[{room.partition('.')[2]}]" for room in inside),
            "  end",
        ]
    # The reduction exists only without circles, which the import contracts exclude.
    edges = sorted(networkx.transitive_reduction(packages).edges)
    lines += [f"  {importer} --> {imported}" for importer, imported in edges]
    return "\n".join([*lines, "```", ""])


def drawn(text: str, rooms: networkx.DiGraph[str]) -> str:
    """Return the page's text with picture and counts replaced; raises ValueError without its markers."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"{PAGE.name} must contain the lines {START.strip()} and {END.strip()}")
    return f"{before}{START}{picture(rooms)}\nNow: {counts(rooms)}.\n{END}{after}"


def with_glossary(text: str) -> str:
    """Return the page's text with the site's glossary as its last table; raises ValueError without it."""
    before, head, _ = text.partition(GLOSSARY_HEAD)
    if not head:
        raise ValueError(f"{PAGE.name} must contain the table's head {GLOSSARY_HEAD.splitlines()[0]}")
    return before + head + "".join(f"| {word} | {words} |\n" for word, words in GLOSSARY.items())


def _room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def main() -> None:
    """Read the imports, and print the picture or write it into the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=PAGE.parent.parent, help="the checkout to read")
    parser.add_argument("--write", action="store_true", help="put the picture into architecture.md")
    arguments = parser.parse_args()
    sys.path.insert(0, str(arguments.root.resolve()))
    rooms = rooms_of(grimp.build_graph(*PACKAGES, cache_dir=None))
    if arguments.write:
        PAGE.write_text(with_glossary(drawn(PAGE.read_text(), rooms)))
    else:
        print(counts(rooms), picture(rooms), sep="\n\n", end="")


if __name__ == "__main__":
    main()
