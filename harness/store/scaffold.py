"""Write new submissions: a scaffold with all keys explained, or one that a training fills in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import BadInput, Where
from harness.records import Checkpoint, Submission
from harness.store.files import no_link, plain_record, replace_file
from harness.store.renaming import with_key
from harness.store.results import results_lock
from harness.store.slugs import slug_taken
from harness.store.submission_folder import load_submission
from harness.store.submissions import SUBMISSION_FILE, parse_submission, slug_faults
from harness.store.yaml.parser import dump, refuse, scalar

_TEMPLATE = """\
{schema}# One recipe at one size; its checkpoints are its seeds. Replace everything in <angle brackets>,
# then run: stiltboard validate {slug}
schema: 1

# The row's name on the leaderboard, one line.
title: {title}

# Rows of one family are joined to a curve over model sizes: xlm-roberta, mbert, …
family: {family}

# The pretrained encoder before any further training, and the commit it was taken from (null if unknown).
{base}
# The training between pretraining and evaluation. For none:
# regime: none, tasks: [], languages: [], examples: 0
intermediate:
  regime: english               # none, english or multilingual
  tasks: [<task>]               # such as mnli
  languages: [en]               # [en] for english; two or more for multilingual
  examples: <number of training examples>
  continued_mlm: false          # masked language modelling continued next to the task
  translated: false             # the training data were machine-translated

# How a text becomes a vector. Where the checkpoint's folder says so (modules.json, as sentence-transformers
# saves it), write {{as: saved}}; what contradicts the folder needs departs_from_saved: true.
{encoding}
# One entry per seed, as hub + revision; for weights that are not public, path: a folder, relative to this
# file's.
{checkpoints}
# Every data set seen in training, compared with the targets and shown next to the score.
{trained_on}
# Who is responsible for this submission. The GitHub account of the url may open its pull request, and change
# it later; without one, every change needs a maintainer.
submitters:
  - name: <your name>
    url: <https://github.com/your-account>

{license}
# Optional: paper, code and other addresses that begin with https://
links: {{}}
"""
_SCHEMA = "# yaml-language-server: $schema={}\n"
_SCHEMA_FILE = Path("docs/schema/submission.json")


@dataclass(frozen=True)
class Parts:
    """The parts of a scaffold as YAML, each ending with a line break; by default placeholders to fill in."""

    base: str = """\
base:
  id: <organisation/model>
  revision: <40 hexadecimal digits>
"""
    encoding: str = """\
encoding:
  layer: last                   # last, or an index into hidden_states: 0 is the embedding output
  pooling: mean                 # mean over all tokens, cls (the first token), lasttoken, …
  prefix: ""                    # put before every text; e5 models expect "query: "
  max_length: 512               # in tokens, special tokens included
"""
    checkpoints: str = """\
checkpoints:
  - seed: 0
    hub: <organisation/model>
    revision: <40 hexadecimal digits>
"""
    trained_on: str = "trained_on: [<task>]\n"
    license: str = "license: <SPDX identifier of the weights' licence>\n"


def scaffold(
    slug: str, title: str = "", family: str = "", parts: Parts | None = None, root: Path = Path()
) -> str:
    """Return a submission to fill in; `stiltboard validate` reports every placeholder that remains.

    Where the board around `root`, the folder of submissions, has the schema, its first line tells editors.
    """
    schema = root.absolute().parent / _SCHEMA_FILE
    return _TEMPLATE.format(
        slug=slug,
        title=scalar(title) if title else "<the row's name>",
        family=scalar(family) if family else "<family>",
        schema=_SCHEMA.format(f"../../{_SCHEMA_FILE.as_posix()}") if schema.is_file() else "",
        **asdict(parts or Parts()),
    )


def new_submission(
    root: Path, slug: str, *, title: str = "", family: str = "", parts: Parts | None = None
) -> Path:
    """Scaffold a submission with every key explained, and return its file; raises BadInput if it exists."""
    folder = root / slug
    _refuse_folder(folder, slug)
    path = folder / SUBMISSION_FILE
    if path.exists() or path.is_symlink():
        raise BadInput(
            "the submission exists already",
            where=Where(str(path)),
            cure="choose another slug, or edit the file",
        )
    if root.is_dir() and (taken := slug_taken(root, slug)):
        raise BadInput(taken, where=Where(str(folder)), cure="choose another slug")
    try:
        text = scaffold(slug, title, family, parts, root)
    except ValueError as error:
        raise BadInput(str(error), cure="leave the character out") from None
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.encode())
    return path


def new_trained_submission(folder: Path, submission: Submission) -> bool:
    """Write a generated submission atomically; return False, without writing, if there is one already."""
    _refuse_folder(folder, folder.name)
    path = folder / SUBMISSION_FILE
    if path.exists() or path.is_symlink():
        return False
    if folder.parent.is_dir() and (taken := slug_taken(folder.parent, folder.name)):
        raise BadInput(taken, where=Where(str(folder)), cure="choose another slug in the recipe")
    text = dump(plain_record(submission)).encode()
    parse_submission(text, str(path))
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(path, text)
    return True


def declare_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Add a seed to the checkpoints of a submission that lacks it; the rest of its file stays as it is.

    Raises BadInput where the submission names other weights for that seed.
    """
    path = folder / SUBMISSION_FILE
    with results_lock(folder):
        existing = load_submission(folder)
        checkpoints = existing.checkpoints if isinstance(existing, Submission) else ()
        if checkpoint in checkpoints:
            return
        if not checkpoints or any(other.seed == checkpoint.seed for other in checkpoints):
            raise BadInput(
                f"does not name the weights of seed {checkpoint.seed}",
                where=Where(str(path)),
                cure=f"add to checkpoints: {{seed: {checkpoint.seed}, path: {checkpoint.path}}}",
            )
        declared = sorted((*checkpoints, checkpoint), key=lambda one: one.seed)
        text = with_key(
            path.read_text(encoding="utf-8"), "checkpoints", [plain_record(one) for one in declared]
        ).encode()
        parse_submission(text, str(path))
        replace_file(path, text)


def _refuse_folder(folder: Path, slug: str) -> None:
    """Raise BadInput for a folder that is a link, or whose name is not a slug."""
    no_link(folder)
    if faults := slug_faults(slug, str(folder)):
        refuse(faults)
