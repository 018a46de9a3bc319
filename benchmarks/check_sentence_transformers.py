"""Compare the vectors of folders that sentence-transformers saved with its own vectors; print a table.

    pip install sentence-transformers==6.2.0
    python benchmarks/check_sentence_transformers.py

Each folder is an encoder of transformers' own class with small random weights and a tokenizer that is trained
here, with the modules and prompts of a published one, saved by sentence-transformers, and a second time with
the names and settings that its versions up to 5 write. Texts, queries and passages are encoded by both;
exits with 1 where a cosine is below 0.99999.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from harness.models.checkpoint import verify
from harness.models.checkpoint.folder_encoding import POOLING_FLAGS
from harness.models.encoder import Encoder
from harness.models.encoding_choice import choose_encoding
from harness.models.vector_cache import Vectors
from harness.records import SavedEncoding, TextRole

LEAST = 0.99999
HIDDEN, LENGTH = 64, 128
TEXTS = (
    "The ferry leaves at noon.", "Die Fähre fährt um zwölf.", "Où est la gare ?", "Поезд опаздывает.",
    "猫が屋根で寝ている。", "दिन लंबा है।", "قهوة", "x", "ＦＵＬＬ ½ …", "ein langer Satz " * 12,
)  # fmt: skip
SIZES = {"hidden_size": HIDDEN, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 128}


@dataclass(frozen=True)
class Published:
    """An encoder's configuration with what follows it, as in a published folder."""

    name: str
    config: Callable[[int], Any]
    pooling: Sequence[str]
    maps: tuple[tuple[int, int, str], ...] = ()  # in, out, activation
    prompts: dict[str, str] = field(default_factory=dict)
    default: str | None = None
    include_prompt: bool = True
    norm: bool = False
    earlier: dict[str, Any] = field(default_factory=dict)  # settings of versions up to 5


def _bert(vocabulary: int) -> Any:
    return transformers.BertConfig(**SIZES, vocab_size=vocabulary, max_position_embeddings=LENGTH)


def _xlmr(vocabulary: int) -> Any:
    ids = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0, "type_vocab_size": 1}
    return transformers.XLMRobertaConfig(
        **SIZES, **ids, vocab_size=vocabulary, max_position_embeddings=LENGTH + 1
    )


def _qwen(vocabulary: int) -> Any:
    return transformers.Qwen3Config(
        **SIZES, vocab_size=vocabulary, num_key_value_heads=2, head_dim=16, max_position_embeddings=LENGTH
    )


def _gemma(vocabulary: int) -> Any:
    heads = {"num_key_value_heads": 2, "head_dim": 16, "query_pre_attn_scalar": 16, "sliding_window": 64}
    return transformers.Gemma3TextConfig(
        **SIZES,
        **heads,
        vocab_size=vocabulary,
        max_position_embeddings=LENGTH,
        use_bidirectional_attention=True,
    )


GEMMA = {"query": "task: search result | query: ", "document": "title: none | text: "}
PUBLISHED = (
    Published("LaBSE", _bert, ("cls",), ((HIDDEN, HIDDEN, "Tanh"),)),
    Published("multilingual E5", _xlmr, ("mean",)),
    Published(
        "multilingual E5 with prompts",
        _xlmr,
        ("mean",),
        prompts={"query": "query: ", "passage": "passage: ", "document": "passage: "},
        default="query",
    ),
    Published("gte", _bert, ("mean",)),
    Published("BGE-M3", _xlmr, ("cls",)),
    Published(
        "Qwen3-Embedding",
        _qwen,
        ("lasttoken",),
        prompts={"query": "Instruct: find what answers\nQuery:", "document": ""},
    ),
    Published(
        "EmbeddingGemma", _gemma, ("mean",), ((HIDDEN, 96, "Identity"), (96, HIDDEN, "Identity")), GEMMA
    ),
    Published("SGPT", _qwen, ("weightedmean",)),
    Published("three poolings in one vector", _bert, ("cls", "max", "mean"), ((3 * HIDDEN, 32, "ReLU"),)),
    Published("root of the length", _bert, ("mean_sqrt_len_tokens",), ((HIDDEN, 48, "GELU"),), norm=True),
    Published(
        "a prompt that is not pooled",
        _bert,
        ("mean",),
        prompts={"query": "find the answer: "},
        default="query",
        include_prompt=False,
    ),
    Published(
        "lower case, 32 tokens", _bert, ("mean",), earlier={"do_lower_case": True, "max_seq_length": 32}
    ),
)


def save(published: Published, folder: Path) -> None:
    """Save the folder with sentence-transformers."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - only this tool needs it
    from sentence_transformers.sentence_transformer.modules import (  # noqa: PLC0415
        Dense,
        LayerNorm,
        Normalize,
        Transformer,
    )
    from sentence_transformers.sentence_transformer.modules import Pooling as Pool  # noqa: PLC0415

    encoder = folder / "encoder"
    tokenizer = _tokenizer()
    tokenizer.save_pretrained(encoder)
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(published.config(len(tokenizer)))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
    model.save_pretrained(encoder)
    modules: list[Any] = [Transformer(str(encoder)), Pool(HIDDEN, tuple(published.pooling))]
    modules[1].include_prompt = published.include_prompt
    modules += [Dense(a, b, activation_function=getattr(torch.nn, name)()) for a, b, name in published.maps]
    modules += [LayerNorm(published.maps[-1][1])] if published.norm else []
    prompts = published.prompts or None
    saved = SentenceTransformer(
        modules=[*modules, Normalize()], prompts=prompts, default_prompt_name=published.default, device="cpu"
    )
    saved.save_pretrained(str(folder / "saved"))


def _tokenizer() -> Any:
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))  # noqa: S106 - no password
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(TEXTS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=LENGTH, **names)


def as_earlier(folder: Path, settings: dict[str, Any]) -> None:
    """Give a saved folder the names and settings of sentence-transformers up to version 5."""
    modules = json.loads((folder / "modules.json").read_text())
    for module in modules:
        kind = module["type"].rpartition(".")[2]
        module["type"] = f"sentence_transformers.models.{kind}"
        if kind == "Pooling":
            path = folder / module["path"] / "config.json"
            new = json.loads(path.read_text())
            modes = [new["pooling_mode"]] if isinstance(new["pooling_mode"], str) else new["pooling_mode"]
            old = {flag: mode.value in modes for flag, mode in POOLING_FLAGS.items()}
            size = {"word_embedding_dimension": new["embedding_dimension"]}
            path.write_text(json.dumps({**size, **old, "include_prompt": new["include_prompt"]}))
    (folder / "modules.json").write_text(json.dumps(modules))
    bert = {"max_seq_length": LENGTH, "do_lower_case": False} | settings
    (folder / "sentence_bert_config.json").write_text(json.dumps(bert))


def ours(folder: Path, role: TextRole) -> tuple[Vectors, str]:
    """Return our vectors of the texts, and the view that they were read by."""
    files = verify(folder, folder.name)
    encoding = choose_encoding(SavedEncoding(), files)
    encoder = Encoder(
        files,
        [encoding.view],
        max_length=encoding.max_length,
        lower_case=encoding.lower_case,
        dtype="float32",
        device="cpu",
    )
    vectors = np.zeros((len(TEXTS), encoder.width(encoding.view)), np.float32)
    encoder.encode(
        TEXTS,
        prefix=encoding.prefix_of(role),
        sink=lambda _view, indices, rows: vectors.__setitem__(indices, rows),
    )
    return vectors, str(encoding.view)


def least_cosines(folder: Path) -> tuple[list[float], str]:
    """Return the least cosine of texts, of queries and of passages, and the view."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    model = SentenceTransformer(str(folder), device="cpu")
    encoders = {
        TextRole.TEXT: model.encode,
        TextRole.QUERY: model.encode_query,
        TextRole.PASSAGE: model.encode_document,
    }
    cosines, view = [], ""
    for role, encode in encoders.items():
        vectors, view = ours(folder, role)
        theirs = np.asarray(encode(list(TEXTS)), np.float32)
        theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
        cosines.append(float((vectors * theirs).sum(axis=1).min()))
    return cosines, view


def main() -> int:
    """Print the table, and return 1 where a cosine is too small."""
    worst = 1.0
    print("| folder | layout | read as | texts | queries | passages |\n| :-- | :-- | :-- | --: | --: | --: |")
    for published in PUBLISHED:
        with tempfile.TemporaryDirectory() as temporary:
            save(published, Path(temporary))
            folder = Path(temporary) / "saved"
            layouts = ["up to 5"] if published.earlier else ["6", "up to 5"]
            for layout in layouts:
                if layout != "6":
                    as_earlier(folder, published.earlier)
                cosines, view = least_cosines(folder)
                worst = min(worst, *cosines)
                numbers = " | ".join(f"{cosine:.7f}" for cosine in cosines)
                print(f"| {published.name} | {layout} | `{view}` | {numbers} |", flush=True)
    return int(worst < LEAST)


if __name__ == "__main__":
    sys.exit(main())
