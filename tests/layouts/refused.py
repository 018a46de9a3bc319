"""Layouts that are refused, each with its message and a way out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.layouts import matrix as m
from tests.layouts import vocabularies as v
from tests.layouts.encoders import make
from tests.layouts.matrix import Change, Refused
from tests.layouts.opened import WEIGHTS, also, beside, renamed, settings, with_code

_OWN_CODE = "this architecture exists only as the repository's own code, which is never run"
_NOTHING: Change = lambda folder, model: None  # noqa: E731
_JSON = "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) writes tokenizer.json; "


def weights_as(*names: str) -> Change:
    """Return the change that leaves weights under other names only."""

    def change(folder: Path, model: Any) -> None:
        data = (folder / WEIGHTS).read_bytes()
        (folder / WEIGHTS).unlink()
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(data)

    return change


def _in_a_folder(folder: Path, model: Any) -> None:
    inner = folder / "0_Transformer"
    inner.mkdir()
    for path in list(folder.iterdir()):
        if path.is_file():
            path.rename(inner / path.name)
    (folder / "modules.json").write_text(
        json.dumps(
            [
                {
                    "idx": 0,
                    "name": "0",
                    "path": "0_Transformer",
                    "type": "sentence_transformers.models.Transformer",
                }
            ]
        )
    )


def _as_snapshot(folder: Path, model: Any) -> None:
    """Make the folder a snapshot of the Hub's cache, which holds links."""
    blobs = folder.parent / "blobs"
    blobs.mkdir()
    for number, path in enumerate(sorted(folder.iterdir())):
        shutil.move(path, blobs / f"{number:040x}")
        path.symlink_to(f"../blobs/{number:040x}")


def _llama_pieces(folder: Path) -> None:
    (folder / "tokenizer.model").write_bytes(v.pieces(model_type="bpe", byte_fallback=True))


def _xlm_files(folder: Path) -> None:
    v.byte_pair_lists(
        tokenizer_class="XLMTokenizer",
        unk_token="<unk>",
        bos_token="<s>",
        sep_token="</s>",
        pad_token="<pad>",
        cls_token="</s>",
        mask_token="<mask>",
    )(folder)


REFUSED: tuple[Refused, ...] = (
    # tokenizers
    Refused(
        "mBERT's vocab.txt alone", make("bert"), v.word_piece_list(lowercase=False), _NOTHING,
        r"w holds vocab\.txt with capitals, as in '.', and nothing says do_lower_case: transformers [\d.]+ would lower-case every text",
        'write {"do_lower_case": false} into tokenizer_config.json, or true where it was trained so',
    ),
    Refused(
        "SentencePiece of a family that is not known (XLNet)", make("bert"), v.piece_file("spiece.model", v.REMBERT), settings("tokenizer_config.json", tokenizer_class="XLNetTokenizer"),
        r"w holds spiece\.model and no tokenizer\.json, and how its pieces are numbered is not known for XLNetTokenizer",
        _JSON + "check its ids against the model's first",
    ),
    Refused(
        "SentencePiece of byte pairs alone", make("xlm-roberta"), v.piece_file("sentencepiece.bpe.model", {"model_type": "bpe"}), _NOTHING,
        r"sentencepiece\.bpe\.model is no unigram model of SentencePiece", "save the tokenizer again, so that tokenizer.json is next to the weights",
    ),
    Refused(
        "SentencePiece with other special tokens", make("xlm-roberta"), m.xlmr_pieces, settings("tokenizer_config.json", cls_token="[CLS]"),
        r"tokenizer_config\.json names '\[CLS\]' as cls_token, where '<s>' is known", "save the tokenizer again, so that tokenizer.json is next to the weights",
    ),
    Refused(
        "Llama's tokenizer.model alone", make("llama"), _llama_pieces, _NOTHING,
        r"{folder} holds no tokenizer; found tokenizer\.model, which is not opened alone",
        _JSON + "one of tokenizer.json, sentencepiece.bpe.model, spiece.model, spm.model, sentencepiece.model, vocab.txt, vocab.json is needed next to the weights",
    ),
    Refused(
        "XLM (its tokenizer needs sacremoses)", make("bert"), _xlm_files, _NOTHING,
        r"transformers cannot open w: ImportError: You need to install sacremoses .*", "pip install sacremoses",
    ),
    Refused(
        "more ids than embeddings", make("bert", vocab_size=600), v.word_piece_json(lowercase=True), _NOTHING,
        r"the tokenizer of w gives the id \d+, its embeddings have 600 rows", "resize_token_embeddings, then save again",
    ),
    # code
    Refused(
        "an architecture of a repository's own code", make("bert"), m.cased, with_code("mystery", "org/mystery"),
        r"w: transformers has no model_type 'mystery'", _OWN_CODE,
    ),
    Refused(
        "auto_map and a key that only its code reads", make("eurobert", pad_token_id=1), m.roberta_json, with_code("eurobert", "org/x", router_temperature=2.0),
        r"config\.json of w says router_temperature, which the repository's own code reads, and transformers' EuroBertConfig does not",
        f"where a key has no effect on the vectors, remove it; otherwise {_OWN_CODE}",
    ),
    Refused(
        "auto_map and weights that only its code reads", make("eurobert", pad_token_id=1), m.roberta_json,
        also(renamed(lambda name: name, {"gate.weight": (4, 4)}), with_code("eurobert", "org/x")),
        r"the weights of w hold 1 tensors that EuroBertModel does not read: gate\.weight …", "config.json and weights of one architecture: save the whole encoder again",
    ),
    Refused(
        "gte with scaled attention", make("gte"), m.xlmr_json, with_code("new", "Alibaba-NLP/new-impl", logn_attention_scale=True),
        r"{folder}/config\.json says logn_attention_scale: 'True', which transformers' gte does not compute", _OWN_CODE,
    ),
    Refused(
        "jina v3 with adapters", make("jina_embeddings_v3"), m.xlmr_json,
        also(renamed(lambda name: f"roberta.{name}", {"roberta.encoder.layers.0.mlp.fc1.parametrizations.weight.0.lora_A": (5, 4, 32)}), with_code("xlm-roberta", "jinaai/xlm-roberta-flash-implementation")),
        r"{folder}/model\.safetensors holds the adapter weights roberta\.encoder\.layers\.0\.mlp\.fc1\.parametrizations\.weight\.0\.lora_A",
        "merge the adapter into its base and save the whole encoder",
    ),
    Refused(
        "a request to trust code", make("bert"), m.cased, settings(trust_remote_code=True),
        r"{folder}/config\.json carries 'trust_remote_code': a checkpoint may not bring code", "remove 'trust_remote_code'; only architectures of transformers are opened",
    ),
    # weights
    Refused(
        "pytorch_model.bin alone", make("bert"), m.cased, weights_as("pytorch_model.bin"),
        r"{folder} holds no model\.safetensors; found pytorch_model\.bin, which are not opened: a pickle runs code",
        "where you trust the file: AutoModel.from_pretrained(FOLDER).save_pretrained(NEW), and the tokenizer the same way; "
        "on the Hub, https://huggingface.co/spaces/safetensors/convert writes model.safetensors",
    ),
    Refused(
        "model.fp16.safetensors alone", make("bert"), m.cased, weights_as("model.fp16.safetensors"),
        r"{folder} holds no model\.safetensors; found model\.fp16\.safetensors, which is not the name of an encoder's weights",
        "rename it to model.safetensors where it holds the whole encoder; shards need model.safetensors.index.json",
    ),
    Refused(
        "ONNX alone", make("bert"), m.cased, weights_as("model.onnx"),
        r"{folder} holds no model\.safetensors; found model\.onnx, which are not opened: an export computes in its own way",
        "evaluate the checkpoint that it was exported from",
    ),
    Refused(
        "ONNX in a folder", make("bert"), m.cased, weights_as("onnx/model.onnx"),
        r"{folder} holds no model\.safetensors; found onnx, which are not opened: an export computes in its own way",
        "evaluate the checkpoint that it was exported from",
    ),
    Refused(
        "TensorFlow alone", make("bert"), m.cased, weights_as("tf_model.h5"),
        r"{folder} holds no model\.safetensors; found tf_model\.h5, which are not opened: weights of TensorFlow or Flax",
        "with transformers 4: AutoModel.from_pretrained(FOLDER, from_tf=True) or from_flax=True, then save_pretrained(NEW)",
    ),
    Refused(
        "sentence-transformers 1", make("bert"), m.cased, _in_a_folder,
        r"{folder} holds its encoder in '0_Transformer', as sentence-transformers 1 saved it", "with a recent version: SentenceTransformer(FOLDER).save_pretrained(NEW)",
    ),
    Refused(
        "an adapter alone", make("bert"), m.cased, also(weights_as("adapter_model.safetensors"), beside("adapter_config.json")),
        r"{folder} holds adapter_config\.json: adapters are not opened", "merge the adapter into its base and save the whole encoder",
    ),
    Refused(
        "quantised weights", make("bert"), m.cased, settings(quantization_config={"bits": 4}),
        r"{folder}/config\.json carries 'quantization_config': quantised weights are not evaluated", "save dequantised weights",
    ),
    Refused(
        "more layers than config.json says", make("bert"), m.cased, settings(num_hidden_layers=1),
        r"the weights of w hold 16 tensors that BertModel does not read: encoder\.layer\.1\..* …", "config.json and weights of one architecture: save the whole encoder again",
        layer=1,
    ),
    Refused(
        "fewer layers than config.json says", make("bert"), m.cased, settings(num_hidden_layers=3),
        r"the weights of w lack 16 tensors of BertModel: encoder\.layer\.2\..* …", "they would be random: save the whole encoder",
    ),
    # architectures
    Refused(
        "rope_scaling of an unknown type", make("qwen3"), m.qwen_json, also(settings(drop=("rope_parameters",)), settings(rope_scaling={"type": "mystery", "factor": 2.0}, rope_theta=10000.0)),
        r"config\.json of w says rope_scaling of the type 'mystery', which transformers [\d.]+ does not know", "a later version may know it; until then this encoder is not evaluated",
    ),
    Refused(
        "layers that are shared (ALBERT)", make("albert"), m.cased, _NOTHING,
        r"w: AlbertModel has no stack of 2 layers", "only encoders with one list of layers are opened",
    ),
)  # fmt: skip
