"""Turn a checkpoint's record into verified local files; refuse what is unsafe before a tensor is read.

fetching → listing (which files may be opened) → staging (a private copy of them) → attributes, settings,
native_config, config, headers, weights (checks of their content), folder_encoding (how its vectors are meant
to be read) → checkpoint_files (the description that is opened).
"""

from harness.models.checkpoint.attributes import CONFIG
from harness.models.checkpoint.checkpoint_files import CheckpointFiles, describe_unsaved, verify
from harness.models.checkpoint.config import DEPTH
from harness.models.checkpoint.fetching import at_hand, download, fetch, why_gone
from harness.models.checkpoint.folder_encoding import FolderEncoding, Unreadable, VectorModule
from harness.models.checkpoint.headers import TensorEntry, read_header
from harness.models.checkpoint.listing import ALLOWED, TOKENIZER_FILES
from harness.models.checkpoint.missing_files import SENTENCEPIECE_FILES
from harness.models.checkpoint.native_config import CODE
from harness.models.checkpoint.parameters import HEADS, count_parameters
from harness.models.checkpoint.weights import FLOATS

__all__ = [
    "ALLOWED",
    "CODE",
    "CONFIG",
    "DEPTH",
    "FLOATS",
    "HEADS",
    "SENTENCEPIECE_FILES",
    "TOKENIZER_FILES",
    "CheckpointFiles",
    "FolderEncoding",
    "TensorEntry",
    "Unreadable",
    "VectorModule",
    "at_hand",
    "count_parameters",
    "describe_unsaved",
    "download",
    "fetch",
    "read_header",
    "verify",
    "why_gone",
]
