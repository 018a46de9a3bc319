"""Make a submission of an evaluated model: what is known is filled in, the results are copied."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.errors import BadInput, Where
from harness.records import Submission
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import no_link, plain_record, replace_file
from harness.store.renaming import with_slug
from harness.store.results import results_lock
from harness.store.scaffold import Parts, scaffold
from harness.store.slugs import slug_taken
from harness.store.submission_folder import find_results, load_submission
from harness.store.submissions import SUBMISSION_FILE, slug_faults
from harness.store.yaml.parser import dump, refuse


def refuse_taken(root: Path, slug: str) -> None:
    """Raise BadInput for a slug that is none, or that is or was in use."""
    folder = root / slug
    no_link(folder)
    if faults := slug_faults(slug, str(folder)):
        refuse(faults)
    if root.is_dir() and (taken := slug_taken(root, slug)):
        raise BadInput(taken, where=Where(str(folder)), cure="choose another slug")


def save_as_submission(evaluated: Path, root: Path, slug: str) -> Path:
    """Make a submission of the folder of an evaluated model, and return the path of its submission.yaml.

    The source of the weights and the encoding are filled in; what only a person knows is left as
    placeholders, which `stiltboard validate` lists. Results and outcomes are copied under the slug.
    """
    refuse_taken(root, slug)
    submission = load_submission(evaluated)
    assert isinstance(submission, Submission)  # no model is evaluated from published numbers
    record = plain_record(submission)
    assert isinstance(record, dict)
    parts = Parts(**{name: dump({name: record[name]}) for name in ("encoding", "checkpoints")})
    folder = root / slug
    (folder / RESULTS_FOLDER).mkdir(parents=True, exist_ok=True)
    with results_lock(evaluated):
        for name, data in with_slug(evaluated, slug).items():
            replace_file(folder / name, data)
        for result in find_results(evaluated):
            shutil.copyfile(
                result.with_suffix(".parquet"), folder / RESULTS_FOLDER / f"{result.stem}.parquet"
            )
    path = folder / SUBMISSION_FILE
    replace_file(path, scaffold(slug, submission.title, parts=parts, root=root).encode())
    return path
