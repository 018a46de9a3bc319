"""Compare the ids of every layout on real texts: `python -m tests.layouts.tokens --data DIR [FOLDER …]`.

DIR/tatoeba/v1 holds Tatoeba's files. The vocabularies are trained on them, and 2,000 texts in 36 languages are read.
Further folders of checkpoints with a tokenizer.json are compared with that file.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.models.checkpoint import fetch
from harness.models.tokenization import ids_of_texts
from harness.models.tokenizer_comparison import differences
from harness.models.tokenizer_opening import open_tokenizer
from harness.records import Checkpoint
from tests.layouts import vocabularies
from tests.layouts.matrix import Ids, of_tokenizer_json
from tests.layouts.opened import OPENED

TEXTS, SIZE = 2_000, 8_000


def main() -> None:
    """Print how many texts differ for each layout, and fail where any does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("folders", type=Path, nargs="*")
    arguments = parser.parse_args()
    texts, training = _texts(arguments.data / "tatoeba/v1")
    vocabularies.TRAINING, vocabularies.SIZE = training, SIZE
    different = 0
    with TemporaryDirectory() as name:
        for number, layout in enumerate(OPENED):
            folder = Path(name) / f"{number}/w"
            folder.mkdir(parents=True)
            model = layout.model()
            model.save_pretrained(folder)
            layout.tokenizer(folder)
            layout.change(folder, model)
            different += _compare(layout.name, Checkpoint(path="w"), folder, layout.ids, texts)
        bundled = Checkpoint(bundled="multilingual-e5-small", layers=1)
        different += _compare("bundled", bundled, Path(name) / "none", of_tokenizer_json, texts)
        for folder in arguments.folders:
            path = Checkpoint(path=str(folder.resolve()))
            different += _compare(folder.name, path, folder, of_tokenizer_json, texts)
    sys.exit(different > 0)


def _compare(name: str, checkpoint: Checkpoint, folder: Path, ids: Ids, texts: Sequence[str]) -> int:
    with TemporaryDirectory() as cache:
        files = fetch(checkpoint, folder.parent, Path(cache))
        tokenizer = open_tokenizer(files)
        found = [row.tolist() for row in ids_of_texts(tokenizer, texts, 10**6)]
        meant = ids(files.folder, texts)
        different = sum(a != b for a, b in zip(found, meant, strict=True))
        unlike = len(differences(tokenizer))
    print(f"{name:50} {len(texts):,} texts, {different} differ{'; transformers differs' if unlike else ''}")
    return different


def _texts(folder: Path) -> tuple[list[str], tuple[str, ...]]:
    """Return texts of all languages in equal parts, and all texts."""
    languages = [
        path.read_text(encoding="utf-8").splitlines()
        for path in sorted(folder.glob("tatoeba.*"))
        if not path.name.endswith(".eng")
    ]
    draw = random.Random(0)
    share = -(-TEXTS // len(languages))
    texts = [text for lines in languages for text in draw.sample(lines, share)]
    return texts[:TEXTS], tuple(text for lines in languages for text in lines)


if __name__ == "__main__":
    main()
