"""Turn a checkpoint's record into verified local files; refuse what is unsafe before a tensor is read.

fetching → listing (which files may be opened) → staging (a private copy of them) → attributes, settings,
config, headers, weights (checks of their content) → checkpoint_files (the description that is opened).
"""

from harness.models.checkpoint.attributes import CONFIG
from harness.models.checkpoint.checkpoint_files import CheckpointFiles, verify
from harness.models.checkpoint.config import DEPTH
from harness.models.checkpoint.fetching import at_hand, download, fetch, why_gone
from harness.models.checkpoint.headers import TensorEntry, read_header
from harness.models.checkpoint.listing import ALLOWED, TOKENIZER_FILES
from harness.models.checkpoint.parameters import HEADS, count_parameters

__all__ = [
    "ALLOWED",
    "CONFIG",
    "DEPTH",
    "HEADS",
    "TOKENIZER_FILES",
    "CheckpointFiles",
    "TensorEntry",
    "at_hand",
    "count_parameters",
    "download",
    "fetch",
    "read_header",
    "verify",
    "why_gone",
]
