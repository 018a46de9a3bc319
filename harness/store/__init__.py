"""The only package that reads and writes submissions/: strict YAML in, atomic writes out."""

from __future__ import annotations

from harness.store.file_tree import RESULTS_FOLDER
from harness.store.naming import existing_submission
from harness.store.results import (
    load_outcomes,
    load_result,
    parse_outcomes,
    parse_result,
    results_lock,
    write_result,
)
from harness.store.revisions import Changes, changed_submissions, is_range, load_side_at, split_revision
from harness.store.scaffold import declare_checkpoint, new_submission, new_trained_submission
from harness.store.side_files import SIDE_FILES, STEP_CURVES, SWEEPS
from harness.store.sides import Side, load_side
from harness.store.slugs import locate
from harness.store.submission_folder import (
    checked_submission,
    find_results,
    load_results,
    load_submission,
    on_disk,
    submission_faults,
)
from harness.store.submissions import (
    SUBMISSION_FILE,
    find_submissions,
    parse_submission,
)
from harness.store.training import load_recipe, load_training, write_training
from harness.store.verification import (
    VERIFICATION_FILE,
    add_verified,
    load_verification,
    parse_verification,
    result_digest,
)

__all__ = [
    "RESULTS_FOLDER",
    "SIDE_FILES",
    "STEP_CURVES",
    "SUBMISSION_FILE",
    "SWEEPS",
    "VERIFICATION_FILE",
    "Changes",
    "Side",
    "add_verified",
    "changed_submissions",
    "checked_submission",
    "declare_checkpoint",
    "existing_submission",
    "find_results",
    "find_submissions",
    "is_range",
    "load_outcomes",
    "load_recipe",
    "load_result",
    "load_results",
    "load_side",
    "load_side_at",
    "load_submission",
    "load_training",
    "load_verification",
    "locate",
    "new_submission",
    "new_trained_submission",
    "on_disk",
    "parse_outcomes",
    "parse_result",
    "parse_submission",
    "parse_verification",
    "result_digest",
    "results_lock",
    "split_revision",
    "submission_faults",
    "write_result",
    "write_training",
]
