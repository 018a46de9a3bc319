"""Open a checkpoint's tokenizer as its files say.

Where there is a tokenizer.json, its ids are those that the tokenizers library makes of that file: normaliser,
pre-tokeniser, model, tokens around a text, added tokens. transformers 5 builds the tokenizers of many classes
anew and keeps only a part of the file; its class gives names and limits here, and the ids that it would give
are compared with the file's. Where there is a SentencePiece model alone, sentencepiece itself is the measure.
Other vocabularies are read by transformers.

tokenizers builds tables that may be hundreds of times larger than a file: a vocabulary of long pieces in 4 MB
of text takes 1.4 GB. It ends its process where memory runs out, and cannot be stopped from within. So the
file is opened in another process first, which may take as much as the largest honest vocabulary needs.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import transformers
from tokenizers import Tokenizer

from harness.characters import shown
from harness.errors import BadInput, StiltboardError
from harness.models.checkpoint import SENTENCEPIECE_FILES, CheckpointFiles
from harness.models.sentencepiece_model import SentencePieceModel, find_family
from harness.models.tokenizer_comparison import Reading, TokenComparison, compare_with
from harness.models.transformers_errors import quiet

# XLM-R's 250,000 pieces take 290 MB and one second, a million pieces 2.2 GB.
_MEMORY = 4 * 2**30
_SECONDS = 300
_TRIAL = """
import resource, sys
_, hard = resource.getrlimit(resource.RLIMIT_DATA)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))
if sys.argv[1].endswith(".json"):
    from tokenizers import Tokenizer
    Tokenizer.from_file(sys.argv[1])
else:
    from sentencepiece import SentencePieceProcessor
    from tokenizers.models import Unigram
    model = SentencePieceProcessor(model_file=sys.argv[1])
    Unigram([(model.id_to_piece(i), model.get_score(i)) for i in range(model.get_piece_size())], 0, False)
"""
_opened: set[str] = set()  # digests of the files that passed, since seeds share a tokenizer
_TOKENIZER, _WORD_PIECES = "tokenizer.json", "vocab.txt"
_READER = f"transformers {transformers.__version__}"
# Parts of a tokenizer that decide which ids a text gets, besides its vocabulary.
_PARTS = ("normalizer", "pre_tokenizer", "post_processor")


def open_tokenizer(files: CheckpointFiles) -> Any:
    """Return the tokenizer of a verified checkpoint; nothing is loaded from another place.

    Raises BadInput where its file takes too much memory or time, or leaves open how it is read, and what
    transformers raises.
    """
    folder = files.folder.resolve()
    with quiet():
        if (folder / _TOKENIZER).is_file():
            _try(files, folder / _TOKENIZER)
            return _open_as_saved(folder)
        for name in SENTENCEPIECE_FILES:
            # M2M100 numbers its pieces in vocab.json, and transformers reads both with sentencepiece.
            if (folder / name).is_file() and not (folder / "vocab.json").is_file():
                return _open_pieces(files, folder / name)
        tokenizer = _open_with_transformers(folder)
        if (folder / _WORD_PIECES).is_file() and getattr(tokenizer, "do_lower_case", False):
            _refuse_unsaid_case(files, folder)
        return tokenizer


def _open_with_transformers(folder: Path) -> Any:
    return transformers.AutoTokenizer.from_pretrained(
        str(folder), local_files_only=True, trust_remote_code=False
    )


# ---- tokenizer.json ----


def _open_as_saved(folder: Path) -> Any:
    """Return the tokenizer of tokenizer.json; the class of transformers gives its names and limits."""
    saved = Tokenizer.from_file(str(folder / _TOKENIZER))
    saved.no_truncation()
    saved.no_padding()
    other: Reading | None = None
    try:
        tokenizer = _open_with_transformers(folder)
    except (StiltboardError, KeyboardInterrupt):
        raise
    except Exception:  # noqa: BLE001 - the file is whole, and all that is needed besides are names
        tokenizer = None
    if tokenizer is not None and not tokenizer.is_fast:
        other, tokenizer = _slow(tokenizer), None
    if tokenizer is None:
        tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    elif not _read_alike(tokenizer, saved):
        other = _ids(tokenizer._tokenizer)
    # There is no public way to give a class another backend; everything that it does goes through this one.
    tokenizer._tokenizer = saved
    if other is not None:
        compare_with(tokenizer, TokenComparison(_TOKENIZER, _READER, _ids(saved), other))
    return tokenizer


def _read_alike(tokenizer: Any, saved: Any) -> bool:
    """Tell whether a tokenizer has the same parts as the file's, so that no text can differ."""
    backend = tokenizer._tokenizer
    if backend.get_added_tokens_decoder() != saved.get_added_tokens_decoder():
        return False
    # The general class takes the vocabulary from the file; comparing a large one takes a second.
    parts = _PARTS if type(tokenizer) is transformers.PreTrainedTokenizerFast else (*_PARTS, "model")
    return all(_state(getattr(backend, part)) == _state(getattr(saved, part)) for part in parts)


def _state(part: Any) -> bytes:
    return b"" if part is None else part.__getstate__()


def _ids(backend: Any, *, special: bool = True) -> Reading:
    """Return how a backend reads whole texts; a call of its tokenizer sets its limits again."""

    def read(texts: Sequence[str]) -> list[list[int]]:
        backend.no_truncation()
        backend.no_padding()
        encoded = backend.encode_batch_fast(list(texts), add_special_tokens=special)
        return [encoding.ids for encoding in encoded]

    return read


def _slow(tokenizer: Any) -> Reading:
    # Without `verbose` nothing is said of texts longer than the positions.
    return lambda texts: [tokenizer(text, verbose=False)["input_ids"] for text in texts]


# ---- other files ----


def _open_pieces(files: CheckpointFiles, path: Path) -> Any:
    """Return the tokenizer of a SentencePiece model; raises BadInput where its family is not known."""
    _try(files, path)
    settings = _settings(path.parent)
    family = find_family(settings, str(files.config.get("model_type")))
    if family is None:
        raise BadInput(
            f"{files.source} holds {path.name} and no tokenizer.json, and how its pieces are numbered is not "
            f"known for {settings.get('tokenizer_class') or files.config.get('model_type')}",
            cure="AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes tokenizer.json; "
            "check its ids against the model's first",
        )
    model = SentencePieceModel(path, family, settings, _added(path.parent, settings))
    inputs = ["input_ids", *(["token_type_ids"] if model.family.types else []), "attention_mask"]
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=model.tokenizer, model_input_names=inputs, **model.names
    )
    tokenizer._tokenizer = model.tokenizer  # the constructor works on a copy, and adds to it
    apart = tuple(token.content for token in model.tokenizer.get_added_tokens_decoder().values())
    ours = _ids(model.tokenizer, special=False)
    compare_with(tokenizer, TokenComparison(path.name, "sentencepiece itself", ours, model.read, apart))
    return tokenizer


def _settings(folder: Path) -> dict[str, Any]:
    """Return the settings of a tokenizer; special_tokens_map.json says less than tokenizer_config.json."""
    settings: dict[str, Any] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        if (folder / name).is_file():
            settings |= json.loads((folder / name).read_bytes())
    return settings


def _added(folder: Path, settings: dict[str, Any]) -> dict[str, int]:
    """Return the tokens that were added to a vocabulary, with their numbers."""
    decoder = settings.get("added_tokens_decoder") or {}
    added = {str(token["content"]): int(number) for number, token in decoder.items()}
    if (path := folder / "added_tokens.json").is_file():
        added |= json.loads(path.read_bytes())
    return added


def _refuse_unsaid_case(files: CheckpointFiles, folder: Path) -> None:
    """Refuse a vocabulary with capitals whose text is lower-cased although nothing says so.

    That is the default of BERT's classes; no piece with a capital would ever be used.
    """
    if "do_lower_case" in _settings(folder):
        return
    lines = (folder / _WORD_PIECES).read_text(encoding="utf-8").splitlines()
    cased = [piece for piece in lines if piece != piece.lower() and not piece.startswith(("[", "<"))]
    if cased:
        raise BadInput(
            f"{files.source} holds vocab.txt with capitals, as in {shown(cased[0])}, and nothing says "
            f"do_lower_case: {_READER} would lower-case every text",
            cure='write {"do_lower_case": false} into tokenizer_config.json, or true where it was trained so',
        )


def _try(files: CheckpointFiles, path: Path) -> None:
    """Open a file in another process; errors other than its end are left to whoever opens it here."""
    digest = sha256(path.read_bytes()).hexdigest()
    if digest in _opened:
        return
    command = [sys.executable, "-I", "-c", _TRIAL, str(path), str(_MEMORY)]
    try:
        trial = subprocess.run(  # noqa: S603 - this interpreter, and a path of the harness
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _refusal(files, path, f"takes more than {_SECONDS} seconds to open") from None
    if trial.returncode < 0 or b"MemoryError" in trial.stderr:
        ending = signal.Signals(-trial.returncode).name if trial.returncode < 0 else "MemoryError"
        raise _refusal(files, path, f"cannot be opened within {_MEMORY:,} bytes of memory ({ending})")
    _opened.add(digest)


def _refusal(files: CheckpointFiles, path: Path, defect: str) -> BadInput:
    return BadInput(f"{path.name} of {files.source} {defect}", cure="the tokenizer of a known encoder")
