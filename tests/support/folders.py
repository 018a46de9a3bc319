"""Where the repository and the fixtures of the tests lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
SUBMISSIONS = ROOT / "tests" / "fixtures" / "submissions"
SITE = ROOT / "tests" / "fixtures" / "site"
SITE_SUBMISSIONS = SITE / "submissions"


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
