"""Checkpoints that mean harm: each is the toy encoder with one thing changed, and the reason that must be given for it."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import re
import socket
import tarfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
Change = Callable[[Path], object]


class Canary:
    """What a pickle runs when it is loaded: it makes a file and calls a socket."""

    def __init__(self, file: Path, port: int) -> None:
        self.code = f"open({str(file)!r}, 'w').close(); import socket; socket.create_connection(('127.0.0.1', {port}), 1).close()"

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, (self.code,)


def load_canary(canary: Canary) -> None:
    """Do what a reader of pickles does, so that a test can see that the canary sings at all."""
    pickle.loads(pickle.dumps(canary))


# ---- changes -----------------------------------------------------------------------------------


def settings(name: str = "config.json", **values: Any) -> Change:
    """Add keys to a JSON file, which may not be there yet."""

    def change(folder: Path) -> None:
        path = folder / name
        path.write_text(json.dumps((json.loads(path.read_text()) if path.exists() else {}) | values))

    return change


def text(name: str, content: str | bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(
        content.encode() if isinstance(content, str) else content
    )


def both(first: Change, second: Change) -> Change:
    return lambda folder: (first(folder), second(folder))


def no_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def split(folder: Path) -> tuple[dict[str, Any], bytes]:
    """Return the header and the tensors of the weights."""
    data = (folder / WEIGHTS).read_bytes()
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def join(path: Path, header: dict[str, Any] | bytes, tensors: bytes) -> None:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(raw).to_bytes(8, "little") + raw + tensors)


def header(edit: Callable[[dict[str, Any]], object], more: bytes = b"") -> Change:
    """Edit the header of the weights."""

    def change(folder: Path) -> None:
        found, tensors = split(folder)
        edit(found)
        join(folder / WEIGHTS, found, tensors + more)

    return change


def raw_header(replace: Callable[[bytes], bytes]) -> Change:
    """Edit the header's text."""

    def change(folder: Path) -> None:
        found, tensors = split(folder)
        join(folder / WEIGHTS, replace(json.dumps(found).encode()), tensors)

    return change


def tensor(name: str, dtype: str, value: bytes) -> Change:
    """Add a tensor of one element."""

    def change(folder: Path) -> None:
        found, tensors = split(folder)
        found[name] = {
            "dtype": dtype,
            "shape": [1],
            "data_offsets": [len(tensors), len(tensors) + len(value)],
        }
        join(folder / WEIGHTS, found, tensors + value)

    return change


def shards(
    edit: Callable[[dict[str, str]], object], names: tuple[str, ...] = ("model-00001-of-00001.safetensors",)
) -> Change:
    """Turn the weights into one shard with an index, written under all of the names."""

    def change(folder: Path) -> None:
        found, _ = split(folder)
        whole = (folder / WEIGHTS).read_bytes()
        (folder / WEIGHTS).unlink()
        for name in names:
            (folder / name).write_bytes(whole)
        weight_map = {tensor: names[0] for tensor in found if tensor != "__metadata__"}
        edit(weight_map)
        (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}))

    return change


def instead(name: str, make: Callable[[Path], object]) -> Change:
    """Put something of another kind in a file's place; the file moves beside the folder."""

    def change(folder: Path) -> None:
        (folder / name).rename(folder.with_name("elsewhere"))
        make(folder / name)

    return change


def listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def sparse(name: str, size: int) -> Change:
    def change(folder: Path) -> None:
        with (folder / name).open("r+b") as file:
            file.truncate(size)

    return change


def many(folder: Path) -> None:
    for number in range(10_001):
        (folder / f"{number}.txt").touch()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data)


def zipped(data: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", data)
    return file.getvalue()


def tarred(data: bytes) -> bytes:
    file = BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo("data.pkl")
        info.size = len(data)
        archive.addfile(info, BytesIO(data))
    return file.getvalue()


# ---- the checkpoints ---------------------------------------------------------------------------

_PICKLES = (
    *(
        "pytorch_model.bin",
        "model.bin",
        "weights.pt",
        "model.pth",
        "model.ckpt",
        "model.pkl",
        "model.pickle",
        "model.joblib",
    ),
    *("tf_model.h5", "flax_model.msgpack", "model.npy", "model.npz", "model.dill", "model.BIN"),
)
_BROKEN = r"has a malformed safetensors header: "
_FIRST = "embeddings.LayerNorm.bias"


def pickles(data: bytes) -> dict[str, tuple[Change, str]]:
    """Return pickles under their usual names, in the place of other files, and in containers."""

    cases: dict[str, tuple[Change, str]] = {
        f"a pickle named {name}": (
            both(no_weights, text(name, data)),
            rf"{{folder}} holds no model\.safetensors; found {re.escape(name)}, which are not opened: .+",
        )
        for name in _PICKLES
    }
    for kind, content in {
        "pickle": data,
        "zip": zipped(data),
        "tar": tarred(data),
        "gzip": gzipped(data),
    }.items():
        cases[f"weights that are a {kind}"] = (
            text(WEIGHTS, content),
            r"{folder}/model\.safetensors declares a header of \d+ bytes in a file of \d+",
        )
        cases[f"a tokenizer that is a {kind}"] = (
            text("tokenizer.json", content),
            r"{folder}/tokenizer\.json is not JSON: it begins with .+",
        )
    shard = "model-00001-of-00001.safetensors"
    return cases | {
        "a config that is a pickle": (text("config.json", data), r"{folder}/config\.json is not JSON: .+"),
        "a tokenizer's config that is a pickle": (
            text("tokenizer_config.json", data),
            r"{folder}/tokenizer_config\.json is not JSON: .+",
        ),
        "SentencePiece that is a pickle": (
            text("spiece.model", data),
            r"{folder}/spiece\.model is no SentencePiece model: it begins with .+",
        ),
        "a vocabulary that is a pickle": (
            text("vocab.txt", data),
            r"{folder}/vocab\.txt is not text: it holds a NUL byte",
        ),
        "an index that is a pickle": (
            both(no_weights, text(INDEX, data)),
            r"{folder}/model\.safetensors\.index\.json is not a safetensors index: .+",
        ),
        "a shard that is a pickle": (
            both(shards(lambda found: None), text(shard, data)),
            r"{folder}/model-00001-of-00001\.safetensors declares a header of \d+ bytes in a file of \d+",
        ),
    }


_CODE = r"a checkpoint may not bring code"
_OWN = "compiled kernels are not loaded"
_TOKENS, _MAP = "tokenizer_config.json", "special_tokens_map.json"

CODE: dict[str, tuple[Change, str]] = {
    "trust": (
        settings(trust_remote_code=True),
        rf"{{folder}}/config\.json carries 'trust_remote_code': {_CODE}",
    ),
    "no trust": (
        settings(trust_remote_code=False),
        rf"{{folder}}/config\.json carries 'trust_remote_code': {_CODE}",
    ),
    "a pipeline": (
        settings(custom_pipelines={"x": {"impl": "x.Y"}}),
        rf"{{folder}}/config\.json carries 'custom_pipelines': {_CODE}",
    ),
    "a generator": (
        settings(custom_generate="org/x"),
        rf"{{folder}}/config\.json carries 'custom_generate': {_CODE}",
    ),
    "a revision of code": (
        settings(code_revision="main"),
        rf"{{folder}}/config\.json carries 'code_revision': {_CODE}",
    ),
    "a key twice": (
        text("config.json", '{"model_type": "bert", "auto_map": {}, "model_type": "bert"}'),
        r"{folder}/config\.json is not JSON: the key 'model_type' stands twice",
    ),
    "a class that is no tokenizer": (
        settings(_TOKENS, tokenizer_class="pipeline"),
        r"{folder}/tokenizer_config\.json names the tokenizer_class 'pipeline', which is no tokenizer",
    ),
    "a class that asks for itself": (
        settings(_TOKENS, tokenizer_class="AutoTokenizer"),
        r"{folder}/tokenizer_config\.json names the tokenizer_class 'AutoTokenizer', which is no tokenizer",
    ),
    "a tokenizer's class in the config": (
        settings(tokenizer_class={"a": 1}),
        r"{folder}/config\.json names the tokenizer_class a mapping of 1 key, which is no tokenizer",
    ),
}
NAMED_CODE: dict[str, Change] = {
    "code": settings(auto_map={"AutoModel": "x.Y"}),
    "code of another repository": settings(auto_map={"AutoModel": "org/x--x.Y"}),
    "code of the tokenizer": settings(_TOKENS, auto_map={"AutoTokenizer": ["x.Y", None]}),
    "code among special tokens": settings(_MAP, auto_map=["x.Y"]),
}
"""Names of code: they are left out, and transformers' own class is opened."""
KERNELS: dict[str, tuple[Change, str]] = {
    f"the implementation {value} as {key}": (
        settings(**{key: value}),
        rf"{{folder}}/config\.json carries '{key}': .+: {_OWN}",
    )
    for key, value in (
        ("_attn_implementation", "kernels-community/flash-attn"),
        ("_attn_implementation", "org/repo@rev"),
        ("_attn_implementation", "org/repo:layer"),
        ("_attn_implementation", "paged|org/repo"),
        ("_attn_implementation", 2),
        ("_attn_implementation", {"text_config": "org/repo"}),
        ("attn_implementation", "org/repo"),
        ("_attn_implementation_internal", "org/repo"),
        ("_experts_implementation", "org/repo"),
    )
} | {
    "a kernel in a nested config": (
        settings(text_config={"_attn_implementation": "org/repo"}),
        rf"{{folder}}/config\.json carries '_attn_implementation': 'org/repo': {_OWN}",
    ),
    "kernels": (
        settings(use_kernels=True),
        r"{folder}/config\.json carries 'use_kernels': compiled kernels are not loaded",
    ),
    "a kernel's config": (
        settings(kernel_config={"RMSNorm": "org/x:y"}),
        r"{folder}/config\.json carries 'kernel_config': compiled kernels are .+",
    ),
}
QUANTISED: dict[str, tuple[Change, str]] = {
    "quantised": (
        settings(quantization_config={}),
        r"{folder}/config\.json carries 'quantization_config': quantised weights are not evaluated",
    ),
    "quantised inside": (
        settings(text_config={"quantization_config": {"quant_method": "awq"}}),
        r"{folder}/config\.json carries 'quant\w+': quantised weights are not evaluated",
    ),
    "four bits": (
        settings(load_in_4bit=True),
        r"{folder}/config\.json carries 'load_in_4bit': quantised weights are not evaluated",
    ),
    "packed weights": (
        tensor("a.qweight", "U8", b"\0"),
        r"{folder}/model\.safetensors holds a\.qweight as U8: quantised or packed weights are not evaluated",
    ),
    "weights that are whole numbers": (
        tensor("encoder.layer.9.output.dense.weight", "I64", b"\0" * 8),
        r"{folder}/model\.safetensors holds .+\.weight as I64: quantised or packed weights are not evaluated",
    ),
    "packed scales": (
        tensor("a.scales", "I32", b"\0" * 4),
        r"{folder}/model\.safetensors holds a\.scales as I32: quantised or packed weights are not evaluated",
    ),
    "weights of eight bits": (
        tensor("a.weight", "F8_E4M3", b"\0"),
        r"{folder}/model\.safetensors holds a\.weight as F8_E4M3: quantised or packed .+",
    ),
}
_MERGED = r"adapters are not opened"
ELSEWHERE: dict[str, tuple[Change, str]] = {
    "an adapter": (
        both(no_weights, text("adapter_config.json", '{"base_model_name_or_path": "org/x"}')),
        rf"{{folder}} holds adapter_config\.json: {_MERGED}",
    ),
    "an adapter in capitals": (
        both(no_weights, text("Adapter_Config.json", "{}")),
        rf"{{folder}} holds Adapter_Config\.json: {_MERGED}",
    ),
    "an adapter's weights": (
        text("adapter_model.safetensors", "x"),
        rf"{{folder}} holds adapter_model\.safetensors: {_MERGED}",
    ),
    "an adapter's weights in capitals": (
        text("Adapter_Model.bin", "x"),
        rf"{{folder}} holds Adapter_Model\.bin: {_MERGED}",
    ),
    "an adapter among the weights": (
        tensor("encoder.layer.0.lora_A.default.weight", "F32", b"\0" * 4),
        r"{folder}/model\.safetensors holds the adapter weights encoder\.layer\.0\.lora_A\.default\.weight",
    ),
    "other weights": (
        settings(transformers_weights="../x.safetensors"),
        r"{folder}/config\.json carries 'transformers_weights': weights are opened by .+",
    ),
    "another format": (
        settings(gguf_file="x.gguf"),
        r"{folder}/config\.json carries 'gguf_file': weights are opened by their own names only",
    ),
    "a backbone": (
        settings(use_timm_backbone=True),
        r"{folder}/config\.json carries 'use_timm_backbone': it would be loaded from another repository",
    ),
    "a backbone inside": (
        settings(a={"backbone": "x"}),
        r"{folder}/config\.json carries 'backbone': it would be loaded from another repository",
    ),
    "another config": (
        settings(configuration_files=["config.4.0.0.json"]),
        r"{folder}/config\.json carries 'configuration_files': only config\.json is opened",
    ),
    "a tokenizer's arguments": (
        settings(_TOKENS, init_inputs=["/x"]),
        r"{folder}/tokenizer_config\.json carries 'init_inputs': a tokenizer is opened .+",
    ),
    "a tokenizer's vocabulary": (
        settings(_TOKENS, vocab="/x"),
        r"{folder}/tokenizer_config\.json carries 'vocab': a tokenizer is opened from its own files only",
    ),
    "SentencePiece's arguments": (
        settings(_TOKENS, sp_model_kwargs={"model_file": "/x"}),
        r"{folder}/tokenizer_config\.json carries 'sp_model_kwargs': what splits text gets no arguments from a checkpoint",
    ),
    "a file among added tokens": (
        text("added_tokens.json", '{"a": "/x"}'),
        r"{folder}/added_tokens\.json maps a token to something else than its number",
    ),
}


def _moved(found: dict[str, Any], by: int) -> None:
    """Move the first tensor's bytes."""
    found[_FIRST]["data_offsets"] = [place + by for place in found[_FIRST]["data_offsets"]]


def _entry(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda found: found[_FIRST].update(fields)


HEADERS: dict[str, tuple[Change, str]] = {
    "a header without end": (
        text(WEIGHTS, (2**60).to_bytes(8, "little") + b"{}"),
        rf"{{folder}}/model\.safetensors declares a header of {2**60} bytes in a file of 10",
    ),
    "a long header": (
        raw_header(lambda raw: raw + b" " * 2**23),
        rf".+{_BROKEN}it takes 8,39\d,\d+ bytes, the most is 8,388,608",
    ),
    "a header of many values": (
        raw_header(lambda raw: raw[:-1] + b', "a": [' + b"[]," * 250_000 + b"[]]}"),
        rf".+{_BROKEN}it holds up to 500,\d+ values, the most is 500,000",
    ),
    "a header of many tensors": (
        header(lambda found: found.update({f"a{number}": found[_FIRST] for number in range(20_000)})),
        rf".+{_BROKEN}it declares 20,\d+ tensors, more than 20,000",
    ),
    "a header that is a list": (
        raw_header(lambda raw: b"[]"),
        rf"{{folder}}/model\.safetensors {_BROKEN}it holds list, not an object",
    ),
    "a header that is nested": (
        raw_header(lambda raw: b'{"a":' * 5000 + b"1" + b"}" * 5000),
        rf".+{_BROKEN}it is nested deeper than 32 levels",
    ),
    "a header with NaN": (raw_header(lambda raw: b'{"a": NaN}'), rf".+{_BROKEN}NaN is not JSON"),
    "a tensor twice": (
        raw_header(lambda raw: raw[:-1] + b', "' + _FIRST.encode() + b'": {}}'),
        rf".+{_BROKEN}the key '{_FIRST}' stands twice",
    ),
    "a dtype twice": (
        raw_header(lambda raw: raw.replace(b'"dtype"', b'"dtype": "I8", "dtype"', 1)),
        rf".+{_BROKEN}the key 'dtype' stands twice",
    ),
    "a name that is a path": (
        tensor("../../x", "F32", b"\0" * 4),
        rf".+{_BROKEN}the tensor name '\.\./\.\./x' is not made of .+",
    ),
    "a field too many": (
        header(_entry(more=1)),
        rf".+{_BROKEN}{_FIRST} has the fields .+, expected dtype, shape, data_offsets",
    ),
    "a dtype of its own": (
        header(_entry(dtype="OBJECT")),
        rf".+{_BROKEN}{_FIRST} has the dtype 'OBJECT', which is none of .+",
    ),
    "a negative side": (header(_entry(shape=[-32])), rf".+{_BROKEN}{_FIRST} has the shape \[-32\]"),
    "half a side": (header(_entry(shape=[31.5])), rf".+{_BROKEN}{_FIRST} has the shape \[31\.5\]"),
    "a true side": (header(_entry(shape=[True, 32])), rf".+{_BROKEN}{_FIRST} has the shape \[True, 32\]"),
    "a side without end": (header(_entry(shape=[2**60])), rf".+{_BROKEN}{_FIRST} has the shape \[{2**60}\]"),
    "sides whose product wraps": (
        header(_entry(shape=[2**32, 2**32])),
        rf".+{_BROKEN}{_FIRST} takes {2**66} bytes as F32 .+ hold 128",
    ),
    "more than its bytes": (
        header(_entry(shape=[33])),
        rf".+{_BROKEN}{_FIRST} takes 132 bytes as F32 \[33\], its data_offsets hold 128",
    ),
    "offsets backwards": (
        header(_entry(data_offsets=[128, 0])),
        rf".+{_BROKEN}{_FIRST} has the data_offsets \[128, 0\]",
    ),
    "tensors that overlap": (
        header(_entry(data_offsets=[128, 256])),
        rf".+{_BROKEN}.+ (overlap|belong to no tensor)",
    ),
    "bytes between tensors": (
        header(lambda found: [_moved(found, 0), found.pop("embeddings.LayerNorm.weight")]),
        rf".+{_BROKEN}.+ leave 128 bytes between them",
    ),
    "bytes before tensors": (
        header(lambda found: found.pop(_FIRST)),
        rf".+{_BROKEN}128 bytes before .+ belong to no tensor",
    ),
    "bytes after tensors": (
        header(lambda found: None, more=b"MZ"),
        r"{folder}/model\.safetensors holds \d+ bytes of tensors where its header declares \d+",
    ),
    "metadata that is code": (
        header(lambda found: found.update(__metadata__={"format": {"a": 1}})),
        rf".+{_BROKEN}its __metadata__ maps to .+",
    ),
    "no tensor": (
        lambda folder: join(folder / WEIGHTS, {}, b""),
        r"{folder}/model\.safetensors holds no tensor",
    ),
    "an index that leads outside": (
        shards(lambda found: found.update(a="../../x.safetensors")),
        r"{folder}/model\.safetensors\.index\.json names '\.\./\.\./x\.safetensors', which is not there",
    ),
    "an index that lies": (
        shards(lambda found: found.update(a=found[_FIRST])),
        r"{folder}/model\.safetensors\.index\.json places 'a' in model-00001-of-00001\.safetensors, it stands in no file",
    ),
    "an index that leaves out": (
        shards(lambda found: found.pop(_FIRST)),
        rf"{{folder}}/model\.safetensors\.index\.json places '{_FIRST}' in no file, it stands in model-00001-of-00001\.safetensors",
    ),
    "a shard that no index knows": (
        shards(lambda found: None, ("model-00001-of-00001.safetensors", "model-00001-of-00009.safetensors")),
        r"{folder}/model-00001-of-00009\.safetensors stands in no index",
    ),
    "a tensor in two shards": (
        shards(
            lambda found: found.update({_FIRST: "model-00002-of-00002.safetensors"}),
            ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
        ),
        r"{folder}/model-00002-of-00002\.safetensors and model-00001-of-00002\.safetensors both hold .+",
    ),
}
BOMBS: dict[str, tuple[Change, str]] = {
    "a vocabulary without end": (
        settings(vocab_size=10**12),
        r"{folder}/config\.json says vocab_size: 10{12}, but no tensor of the weights has such a side",
    ),
    "a width without end": (
        settings(hidden_size=10**9),
        r"{folder}/config\.json says hidden_size: 10{9}, but no tensor of the weights has such a side",
    ),
    "a number without end": (
        settings(hidden_size=10**30),
        r"{folder}/config\.json says hidden_size: 10{30}, but no tensor of the weights has such a side",
    ),
    "layers without end": (
        settings(num_hidden_layers=10**9),
        r"{folder}/config\.json says num_hidden_layers: 10{9}, the most is 1000",
    ),
    "layers without end inside": (
        settings(a={"num_layers": 10**9}),
        r"{folder}/config\.json says num_layers: 10{9}, the most is 1000",
    ),
    "positions without end": (
        settings(max_position_embeddings=10**12),
        r"{folder}/config\.json says max_position_embeddings: 10{12}, the most is 2097152",
    ),
    "labels without end": (
        settings(num_labels=10**9),
        r"{folder}/config\.json says num_labels: 10{9}, the most is 100000",
    ),
    "digits without end": (
        text("config.json", '{"hidden_size": ' + "9" * 5000 + "}"),
        r"{folder}/config\.json is not JSON: Exceeds the limit .+",
    ),
    "a nested config": (
        text("config.json", '{"a":' * 50 + "1" + "}" * 50),
        r"{folder}/config\.json is not JSON: it is nested deeper than 32 levels",
    ),
    "a config that overflows the stack": (
        text("config.json", '{"a":' * 10**5),
        r"{folder}/config\.json is not JSON: it is nested deeper than 32 levels",
    ),
    "a long config": (
        text("config.json", "{" + " " * 2**20 + "}"),
        r"{folder}/config\.json has 1,048,578 bytes, the most is 1,048,576",
    ),
    "a tokenizer without end": (
        sparse("tokenizer.json", 2**38),
        r"{folder}/tokenizer\.json has 274,877,906,944 bytes, the most is 100,663,296",
    ),
    "weights without end": (
        sparse(WEIGHTS, 2**38),
        r"{folder}/model\.safetensors has 274,877,906,944 bytes, the most is 137,438,953,472",
    ),
    "weights with a long end": (
        sparse(WEIGHTS, 2**32),
        r"{folder}/model\.safetensors holds \d+ bytes of tensors where its header declares \d+",
    ),
    "a tokenizer of many values": (
        text("tokenizer.json", '{"a":[' + "[]," * 2_000_000 + "[]]}"),
        r"{folder}/tokenizer\.json is too large: it holds up to 4,000,\d+ values, the most is 4,000,000",
    ),
    "a vocabulary of many lines": (
        text("vocab.txt", "a\n" * 2_000_001),
        r"{folder}/vocab\.txt has 2,000,001 lines, the most is 2,000,000",
    ),
    "a tokenizer's config of many values": (
        text("tokenizer_config.json", '{"a":[' + "[]," * 250_000 + "[]]}"),
        r"{folder}/tokenizer_config\.json is not JSON: it holds up to 500,\d+ values, .+",
    ),
    "an index of many values": (
        both(shards(lambda found: None), text(INDEX, '{"weight_map":[' + "[]," * 250_000 + "[]]}")),
        r"{folder}/model\.safetensors\.index\.json is not a safetensors index: it holds up to 500,\d+ .+",
    ),
    "a long index": (
        both(shards(lambda found: None), text(INDEX, "{" + " " * 2**23 + "}")),
        r"{folder}/model\.safetensors\.index\.json has 8,388,610 bytes, the most is 8,388,608",
    ),
    "files without end": (many, r"{folder} holds more than 10,000 files"),
}
LINKS: dict[str, tuple[Change, str]] = {
    f"{name} as {kind}": (instead(name, make), rf"{{folder}}/{re.escape(name)} is {kind}, not a regular file")
    for name, kind, make in (
        ("config.json", "a symbolic link", lambda path: path.symlink_to(path.parent.with_name("elsewhere"))),
        (WEIGHTS, "a symbolic link", lambda path: path.symlink_to(path.parent.with_name("elsewhere"))),
        ("tokenizer.json", "a symbolic link", lambda path: path.symlink_to("/etc/passwd")),
        ("tokenizer_config.json", "a symbolic link", lambda path: path.symlink_to("/dev/zero")),
        ("config.json", "a FIFO", os.mkfifo),
        (WEIGHTS, "a FIFO", os.mkfifo),
        ("tokenizer_config.json", "a FIFO", os.mkfifo),
        ("config.json", "a folder", Path.mkdir),
        (WEIGHTS, "a socket", listening),
    )
} | {
    "a link to nothing": (
        instead("config.json", lambda path: path.symlink_to("nothing")),
        r"{folder}/config\.json is a symbolic link, not a regular file",
    ),
}
NOT_FINITE: dict[str, tuple[Change, str]] = {
    "no number": (
        tensor("a.weight", "F32", b"\0\0\xc0\x7f"),
        r"{folder}/model\.safetensors: a\.weight\[0\] is not finite",
    ),
    "no double": (
        tensor("a.weight", "F64", b"\0" * 6 + b"\xf0\xff"),
        r"{folder}/model\.safetensors: a\.weight\[0\] is not finite",
    ),
    "an infinite half": (
        tensor("a.weight", "F16", b"\0\x7c"),
        r"{folder}/model\.safetensors: a\.weight\[0\] is not finite",
    ),
    "an infinite bfloat16": (
        tensor("a.weight", "BF16", b"\x80\xff"),
        r"{folder}/model\.safetensors: a\.weight\[0\] is not finite",
    ),
}
CASES = CODE | KERNELS | QUANTISED | ELSEWHERE | HEADERS | BOMBS | LINKS | NOT_FINITE
