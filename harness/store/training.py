"""Read recipes of intermediate training; read and write its records: <slug>/training.yaml."""

from __future__ import annotations

from pathlib import Path

from harness.errors import Fault
from harness.records import Training, TrainingRecipe
from harness.store.files import parse_of_submission, plain_record, read_file, replace_file, typed
from harness.store.yaml.parser import DEFAULT_LIMIT, dump, parse, refuse

TRAINING_FILE = "training.yaml"
_CURE = "only the harness writes it; run stiltboard train again"


def load_recipe(path: Path) -> TrainingRecipe:
    """Read and check a recipe; raises BadInput with file, line and column of every fault."""
    document = parse(
        read_file(path, DEFAULT_LIMIT, "name a recipe, such as experiments/reference/sts-english.yaml"),
        str(path),
    )
    faults: list[Fault] = []
    recipe = typed(TrainingRecipe, document, faults)
    if recipe is None:
        refuse(faults)
    return recipe


def load_training(folder: Path) -> Training | None:
    """Read and check a submission's training record; None if it has none."""
    path = folder / TRAINING_FILE
    if not path.exists() and not path.is_symlink():
        return None
    return parse_training(read_file(path, DEFAULT_LIMIT, _CURE), str(path), folder.absolute().name)


def parse_training(data: bytes, file: str, slug: str) -> Training:
    """Parse and check a training record, which must name the slug of its folder."""
    return parse_of_submission(Training, data, file, slug, _CURE)


def write_training(folder: Path, training: Training) -> Path:
    """Write a training record atomically, after parsing the text to be written, and return its path."""
    path = folder / TRAINING_FILE
    text = dump(plain_record(training)).encode()
    parse_training(text, str(path), folder.absolute().name)
    replace_file(path, text)
    return path
