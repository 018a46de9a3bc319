"""The workflows and forms of a new board, from this repository's own: `python -m tests.support.own_board` writes them."""

from __future__ import annotations

from pathlib import Path

from tests.support.folders import ROOT

TEMPLATES = ROOT / "templates" / "own_board"
# Where a file of this repository lies, by its name among the templates.
SOURCES = {
    **{
        f"{name}.yml": f".github/workflows/{name}.yml"
        for name in ("comment", "evaluate", "pages", "submission", "weights")
    },
    "request.yml": ".github/ISSUE_TEMPLATE/submission.yml",
    "wrong-result.yml": ".github/ISSUE_TEMPLATE/result.yml",
    "pull-request.md": ".github/PULL_REQUEST_TEMPLATE.md",
}
# This repository installs itself, and a board the version that it pins; and a board has no docs/ of its own.
CHANGES = (
    (
        """      - name: Build the documentation beside it
        run: |
          python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt '.[docs]'
          NO_MKDOCS_2_WARNING=1 mkdocs build --strict --site-dir public/docs
""",
        "",
    ),
    ("--constraint constraints.txt '.[eval]'", "--requirement requirements.txt 'stiltboard[eval]'"),
    ("--constraint constraints.txt .", "--requirement requirements.txt"),
    ("Install the base's stiltboard", "Install the stiltboard that the base pins"),
    ("on the main branch's code", "by the version that the main branch pins"),
    ("The code of the base branch judges", "The version of stiltboard that the base branch pins judges"),
    ("for the base's code to build", "to build"),
    ("a pull request is faster: docs/submitting.md explains each step.", "a pull request is faster: README.md says how."),
    ("docs/submitting.md lists what it checks.", "`stiltboard review` says the same before."),
    (" / code\n", "\n"),
    ("\n<!-- Code: what changes for whom, and how you tested it. `make check test` is what every change must pass. -->\n", ""),
)  # fmt: skip


def adapted(text: str) -> str:
    """Return a file of this repository as a board of its own needs it."""
    for old, new in CHANGES:
        text = text.replace(old, new)
    return text


def files() -> dict[Path, str]:
    return {TEMPLATES / name: adapted((ROOT / path).read_text()) for name, path in SOURCES.items()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
