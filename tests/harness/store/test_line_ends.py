"""A clone on a machine whose git writes CR LF: .gitattributes keeps submissions and fixtures as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.store import write_result
from tests.support.folders import ROOT, tree
from tests.support.pull_requests import git, measured
from tests.support.submissions import write_submission


def cloned(folder: Path, attributes: bool) -> Path:
    """Return a clone, by a git with core.autocrlf, of a repository with one submission and its result."""
    original = folder / "original"
    write_result(write_submission(original / "submissions/toy"), *measured("toy"))
    if attributes:
        shutil.copy(ROOT / ".gitattributes", original)
    git(folder, "init", "-q", str(original))
    git(original, "add", ".")
    git(original, "commit", "-q", "-m", "A board")
    git(folder, "-c", "core.autocrlf=true", "-c", "core.eol=crlf", "clone", "-q", str(original), "clone")
    return folder / "clone/submissions"


@pytest.mark.parametrize("attributes", [True, False], ids=["with .gitattributes", "without"])
def test_a_clone_with_crlf_is_validated_without_a_fault(tmp_path: Path, attributes: bool) -> None:
    submissions = cloned(tmp_path, attributes)
    outcome = CliRunner().invoke(main, ["validate", "--submissions", str(submissions)])
    if attributes:
        assert outcome.exit_code == 0, outcome.output
        assert tree(submissions) == tree(tmp_path / "original/submissions")
    else:  # what the file is for
        assert outcome.exit_code == 3
        assert "save the file with Unix line endings (LF)" in outcome.output
