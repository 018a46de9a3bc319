"""What a folder of sentence-transformers says of how its texts become vectors, read as data.

Its modules.json lists modules: the encoder, a pooling, and what follows. Each has its settings in a file, and
some have weights. Versions up to 5 and version 6 name the modules' classes differently; settings of both are
read. A module, a setting or a value that is not known here is refused by name where the folder's word counts:
what sentence-transformers would do with it may change vectors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint.headers import TensorEntry, read_header
from harness.models.checkpoint.listing import ENCODER_SETTINGS, MODULE_FOLDER, MODULES, PROMPTS, Listing
from harness.models.checkpoint.strict_json import read_object
from harness.models.checkpoint.weights import FLOATS, SINGLE
from harness.records import Pooling
from harness.records.encoding import LONGEST_PREFIX

_DEPART = "state layer and pooling, and departs_from_saved: true, to read its vectors in another way"
_CLASS = re.compile(r"sentence_transformers\.(?:\w+\.)*(\w+)")
# pooling_mode_… in the order in which sentence-transformers concatenates.
POOLING_FLAGS = {
    "pooling_mode_cls_token": Pooling.CLS,
    "pooling_mode_max_tokens": Pooling.MAX,
    "pooling_mode_mean_tokens": Pooling.MEAN,
    "pooling_mode_mean_sqrt_len_tokens": Pooling.MEAN_SQRT_LEN,
    "pooling_mode_weightedmean_tokens": Pooling.WEIGHTED_MEAN,
    "pooling_mode_lasttoken": Pooling.LAST_TOKEN,
}
# Torch's activations, by the end of their names; all have their default arguments.
ACTIVATIONS = ("Identity", "Tanh", "ReLU", "GELU", "SiLU", "Sigmoid", "LeakyReLU", "ELU", "Softplus")
_ACTIVATION = re.compile(r"torch\.nn\.(?:modules\.(?:activation|linear)\.)?(\w+)")
# Settings that have no effect on the vector of a text, such as how a batch is padded.
_WITHOUT_EFFECT = {"padding_side", "attn_implementation", "torch_dtype", "dtype", "unpad_inputs", "use_fast"}
_EMBEDDING = "sentence_embedding"


class Unsupported(Exception):
    """Something in the folder that is not known here; `cure` says what to do about it."""

    def __init__(self, message: str, cure: str = _DEPART) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True)
class VectorModule:
    """A module after the pooling: `dense`, `layernorm` or `normalize`.

    `weights` holds its tensors; `activation` is that of `dense`, and with `residual` its input, mapped by a
    second matrix where widths differ, is added to its output.
    """

    kind: str
    weights: Path | None = None
    width: int = 0
    activation: str = "Identity"
    residual: bool = False

    def __str__(self) -> str:
        if self.kind != "dense":
            return self.kind
        activation = "" if self.activation == "Identity" else f"-{self.activation.lower()}"
        return f"dense{self.width}{activation}{'-residual' if self.residual else ''}"


@dataclass(frozen=True)
class FolderEncoding:
    """How the folder's makers meant its vectors to be read, from the last layer.

    `prompt` precedes a text by default; it, `query` and `passage` are None where the folder names no prompt,
    or an empty one, which sentence-transformers writes where its makers said nothing. `max_length` is None
    where no file bounds the number of tokens.
    """

    poolings: tuple[Pooling, ...]
    include_prompt: bool = True
    modules: tuple[VectorModule, ...] = ()
    prompt: str | None = None
    query: str | None = None
    passage: str | None = None
    max_length: int | None = None
    lower_case: bool = False


@dataclass(frozen=True)
class Unreadable:
    """Why what the folder says is not supported, and what to do about it."""

    message: str
    cure: str


def read_folder_encoding(listing: Listing, width: int) -> FolderEncoding | Unreadable | None:
    """Return what the folder says, why it is not supported, or None without a modules.json.

    `width` is the encoder's hidden size, 0 where it is unknown. Raises BadInput for files that are malformed.
    """
    if MODULES not in listing.paths:
        return None
    try:
        return _read(listing, width)
    except Unsupported as reason:
        return Unreadable(f"{listing.folder / MODULES}: {reason}", reason.cure)


def _read(listing: Listing, width: int) -> FolderEncoding:
    chain = _modules(listing)
    names = [name for name, _ in chain]
    if names[:2] != ["Transformer", "Pooling"] or chain[0][1]:
        raise Unsupported(
            f"its modules are {', '.join(names)}; expected a Transformer in the folder itself, then a Pooling"
        )
    settings = _settings(listing, chain[1][1])
    poolings = _poolings(settings)
    include_prompt = settings.get("include_prompt", True)
    if type(include_prompt) is not bool or (not include_prompt and Pooling.CLS in poolings):
        # The first token of the text or of the prompt: versions of sentence-transformers differ.
        raise Unsupported(f"{chain[1][1]}/config.json says include_prompt: {shown(include_prompt)} with cls")
    dimension = settings.get("embedding_dimension", settings.get("word_embedding_dimension"))
    if width and dimension not in (width, None):
        raise Unsupported(f"its Pooling expects {shown(dimension)} dimensions, the encoder has {width}")
    modules: list[VectorModule] = []
    size = width * len(poolings)
    for name, path in chain[2:]:
        if name in _READERS:
            modules.append(_READERS[name](listing, path, size))
            size = modules[-1].width or size
        elif name != "Dropout":  # which changes nothing outside of training
            raise Unsupported(f"the module {name} is not supported here")
    while modules and modules[-1].kind == "normalize":  # vectors are compared by cosine
        modules.pop()
    lower_case, length = _transformer(listing)
    prompt, query, passage = _prompts(listing)
    return FolderEncoding(
        poolings, include_prompt, tuple(modules), prompt, query, passage, length, lower_case
    )


def _modules(listing: Listing) -> list[tuple[str, str]]:
    """Return class and folder of every module, in order."""
    data, path = listing.read(MODULES), listing.folder / MODULES
    # A list of objects; strict parsing is for one object.
    entries = read_object(b'{"modules":' + data + b"}", f"{path} is not JSON")["modules"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadInput(f"{path} is no list of modules", cure="save it again with sentence-transformers")
    chain: list[tuple[str, str]] = []
    for entry in entries:
        kind, folder = str(entry.get("type")), entry.get("path")
        match = _CLASS.fullmatch(kind)
        if match is None:
            raise Unsupported(f"the module {shown(kind)} is the repository's own code, which is never run")
        if entry.get("kwargs"):
            raise Unsupported(f"the module {match[1]} takes arguments: {shown(entry['kwargs'])}")
        if not isinstance(folder, str) or (folder and not MODULE_FOLDER.fullmatch(folder) and chain):
            if match[1] in (*_READERS, "Pooling", "Dropout"):
                raise Unsupported(
                    f"the files of {match[1]} are in {shown(folder)}",
                    f"save it again with sentence-transformers: in {len(chain)}_{match[1]}",
                )
            raise Unsupported(f"the module {match[1]} is not supported here")
        chain.append((match[1], folder))
    return chain


def _settings(listing: Listing, folder: str) -> dict[str, Any]:
    name = f"{folder}/config.json"
    if name not in listing.paths:
        raise Unsupported(f"{name} is missing", "download or save the whole folder again")
    return read_object(listing.read(name), f"{listing.folder / name} is not JSON")


def _refuse_unknown(settings: Mapping[str, Any], known: set[str], name: str) -> None:
    if unknown := sorted(set(settings) - known):
        raise Unsupported(f"{name} says {unknown[0]}: {shown(settings[unknown[0]])}, which is not known here")


# ---- pooling -----------------------------------------------------------------------------------


def _poolings(settings: Mapping[str, Any]) -> tuple[Pooling, ...]:
    """Return the poolings in the order of concatenation; `pooling_mode` is version 6, the flags earlier."""
    known = {"word_embedding_dimension", "embedding_dimension", "include_prompt", *POOLING_FLAGS}
    _refuse_unknown(settings, known | {"pooling_mode"}, "its Pooling")
    modes = settings.get("pooling_mode")
    if modes is None:
        chosen = [mode for flag, mode in POOLING_FLAGS.items() if settings.get(flag) is True]
        return tuple(chosen or [Pooling.MEAN])
    names = [modes] if isinstance(modes, str) else modes
    if not isinstance(names, list) or not names or not all(name in list(Pooling) for name in names):
        raise Unsupported(f"its Pooling says pooling_mode: {shown(modes)}")
    return tuple(Pooling(name) for name in names)


# ---- what follows the pooling ------------------------------------------------------------------


def _dense(listing: Listing, folder: str, size: int) -> VectorModule:
    settings, name = _settings(listing, folder), f"{folder}/config.json"
    ends = {"module_input_name", "module_output_name"}
    sizes = {"in_features", "out_features", "bias"}
    _refuse_unknown(settings, {*sizes, "activation_function", "use_residual", *ends}, name)
    _refuse_other_ends(settings, name)
    written = settings.get("activation_function", "torch.nn.modules.activation.Tanh")
    match = _ACTIVATION.fullmatch(written) if isinstance(written, str) else None
    if match is None or match[1] not in ACTIVATIONS:
        raise Unsupported(
            f"{name} says activation_function: {shown(written)}; known: {', '.join(ACTIVATIONS)}"
        )
    inner, width = settings.get("in_features"), settings.get("out_features")
    bias, residual = settings.get("bias", True), settings.get("use_residual", False)
    if type(inner) is not int or type(width) is not int or width < 1 or (size and inner != size):
        raise Unsupported(
            f"{name} maps {shown(inner)} to {shown(width)} dimensions, {size or 'none'} reach it"
        )
    shapes: dict[str, tuple[int, ...]] = {"linear.weight": (width, inner)}
    shapes |= {"linear.bias": (width,)} if bias else {}
    shapes |= {"residual.weight": (width, inner)} if residual and width != inner else {}
    return VectorModule("dense", _weights(listing, folder, shapes), width, match[1], bool(residual))


def _layer_norm(listing: Listing, folder: str, size: int) -> VectorModule:
    settings = _settings(listing, folder)
    _refuse_unknown(settings, {"dimension"}, f"{folder}/config.json")
    width = settings.get("dimension")
    if type(width) is not int or (size and width != size):
        raise Unsupported(f"{folder} normalises {shown(width)} dimensions, {size} reach it")
    shapes = {"norm.weight": (width,), "norm.bias": (width,)}
    return VectorModule("layernorm", _weights(listing, folder, shapes), width)


def _normalize(listing: Listing, folder: str, size: int) -> VectorModule:
    if f"{folder}/config.json" in listing.paths:
        settings, name = _settings(listing, folder), f"{folder}/config.json"
        _refuse_unknown(settings, {"module_input_name", "module_output_name"}, name)
        _refuse_other_ends(settings, name)
    return VectorModule("normalize")


_READERS = {"Dense": _dense, "LayerNorm": _layer_norm, "Normalize": _normalize}


def _refuse_other_ends(settings: Mapping[str, Any], name: str) -> None:
    for key in ("module_input_name", "module_output_name"):
        if settings.get(key) not in (None, _EMBEDDING):
            raise Unsupported(f"{name} says {key}: {shown(settings[key])}, only {_EMBEDDING} is supported")


def _weights(listing: Listing, folder: str, shapes: Mapping[str, tuple[int, ...]]) -> Path:
    """Return a module's weight file, which must hold tensors of these shapes and no others."""
    name = f"{folder}/{SINGLE}"
    if name not in listing.paths:
        raise Unsupported(
            f"{name} is missing; a pytorch_model.bin in its place is a pickle, which is never opened",
            "open the folder with sentence-transformers and save it again, which writes safetensors",
        )
    tensors: dict[str, TensorEntry] = read_header(listing.paths[name])
    found = {name: entry.shape for name, entry in tensors.items()}
    if found != dict(shapes) or any(entry.dtype not in FLOATS for entry in tensors.values()):
        raise Unsupported(
            f"{name} holds {shown(found)}, its settings expect {shown(dict(shapes))}", "save the folder again"
        )
    return listing.paths[name]


# ---- the encoder's settings and prompts --------------------------------------------------------


def _transformer(listing: Listing) -> tuple[bool, int | None]:
    """Return whether texts are lower-cased, and the number of tokens that they are cut at."""
    name = next((name for name in ENCODER_SETTINGS if name in listing.paths), None)
    settings: dict[str, Any] = (
        {} if name is None else read_object(listing.read(name), f"{listing.folder / name} is not JSON")
    )
    _refuse_other_transformer(settings, str(name))
    length = settings.get("max_seq_length")
    if length is None and "tokenizer_config.json" in listing.paths:
        path = listing.folder / "tokenizer_config.json"
        written = read_object(listing.read(path.name), f"{path} is not JSON").get("model_max_length")
        # Tokenizers without a bound have 10^30.
        length = written if type(written) is int and written <= 2**24 else None
    if length is not None and (type(length) is not int or length < 1):
        raise Unsupported(f"{name} says max_seq_length: {shown(length)}")
    return settings.get("do_lower_case", False) is True, length


def _refuse_other_transformer(settings: Mapping[str, Any], name: str) -> None:
    """Refuse settings by which the Transformer module does something else than read a text's last layer."""
    forward = {"method": "forward", "method_output_name": "last_hidden_state"}
    expected = {"transformer_task": "feature-extraction", "module_output_name": "token_embeddings"}
    for key, value in settings.items():
        if key in ("max_seq_length", "do_lower_case", *_WITHOUT_EFFECT) or value in (None, {}, []):
            continue
        if key in expected and value == expected[key]:
            continue
        if key == "modality_config" and isinstance(value, dict) and value.get("text") == forward:
            continue
        inner = set(value) - _WITHOUT_EFFECT if isinstance(value, dict) else {key}
        if key.endswith(("_args", "_kwargs")) and isinstance(value, dict) and not inner:
            continue
        raise Unsupported(f"{name} says {key}: {shown(value)}, which is not known here")


def _prompts(listing: Listing) -> tuple[str | None, str | None, str | None]:
    """Return the prompts of a text by default, of a query and of a passage."""
    if PROMPTS not in listing.paths:
        return None, None, None
    path = listing.folder / PROMPTS
    settings = read_object(listing.read(PROMPTS), f"{path} is not JSON")
    known = {"__version__", "prompts", "default_prompt_name", "similarity_fn_name", "model_type"}
    _refuse_unknown(settings, known | {"requirements", "truncate_dim"}, PROMPTS)
    for key, only in (("model_type", "SentenceTransformer"), ("truncate_dim", None)):
        if settings.get(key) not in (None, only):
            raise Unsupported(f"{PROMPTS} says {key}: {shown(settings[key])}")
    prompts = settings.get("prompts") or {}
    if not isinstance(prompts, dict) or not all(
        text is None or isinstance(text, str) for text in prompts.values()
    ):
        raise Unsupported(f"{PROMPTS} says prompts: {shown(prompts)}, expected text by name")
    default = settings.get("default_prompt_name")
    if default is not None and default not in prompts:
        raise Unsupported(f"{PROMPTS} names the default prompt {shown(default)}, which it does not hold")

    def first(*names: str) -> str | None:
        return next((prompts[name] for name in names if prompts.get(name)), None)

    # The names that sentence-transformers' encode_query and encode_document look for.
    chosen = (first(default) if default else None, first("query"), first("document", "passage", "corpus"))
    for prompt in chosen:
        if prompt is not None and len(prompt) > LONGEST_PREFIX:
            raise Unsupported(
                f"{PROMPTS} has a prompt of {len(prompt)} characters, the most is {LONGEST_PREFIX}"
            )
    return chosen
