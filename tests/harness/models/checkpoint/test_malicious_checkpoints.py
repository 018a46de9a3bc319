"""Nothing of a checkpoint that means harm is opened, each is refused by name, and honest ones are not."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from harness.models.checkpoint import fetch, verify
from harness.models.checkpoint.attributes import (
    IMPLEMENTATIONS,
    LEFT_OUT,
    LEFT_OUT_IN_TOKENIZERS,
    REFUSED,
    REFUSED_IN_TOKENIZERS,
    Rule,
)
from harness.models.checkpoint.config import check_config
from harness.models.checkpoint.listing import list_files
from harness.models.checkpoint.settings import LeftOut, settings_to_open
from harness.models.checkpoint.staging import stage
from harness.records import Checkpoint, View
from tests.support import malice
from tests.support.hub_server import HubServer, git_blob
from tests.support.malice import WEIGHTS, Canary


class Trap:
    """A canary's file and socket."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "canary"
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.setblocking(False)
        self.canary = Canary(self.file, self._server.getsockname()[1])

    def sprung(self) -> tuple[bool, bool]:
        try:
            self._server.accept()[0].close()
        except BlockingIOError:
            return self.file.exists(), False
        return self.file.exists(), True

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    trap = Trap(tmp_path)
    yield trap
    trap.close()


@pytest.fixture
def folder(toy_encoder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_encoder, tmp_path / "submission/weights"))


def refused(folder: Path, message: str) -> None:
    cache = folder.parents[1] / "cache"
    with pytest.raises(BadInput) as caught:
        fetch(Checkpoint(path=folder.name), folder.parent, cache)
    (fault,) = caught.value.faults
    assert re.fullmatch(message.replace("{folder}", re.escape(str(folder))), fault.message), fault.message
    assert fault.cure
    caught.value.__traceback__ = None
    del caught
    assert list((cache / "opened").glob("*")) == []  # nothing of it stays


def test_the_canary_sings(trap: Trap) -> None:
    malice.load_canary(trap.canary)
    assert trap.sprung() == (True, True)


@pytest.mark.parametrize("name", malice.CASES)
def test_a_checkpoint_that_means_harm_is_refused_by_name(folder: Path, name: str) -> None:
    change, message = malice.CASES[name]
    change(folder)
    refused(folder, message)


@pytest.mark.parametrize("name", malice.pickles(b""))
def test_a_pickle_is_not_opened_under_any_name(folder: Path, trap: Trap, name: str) -> None:
    import pickle

    change, message = malice.pickles(pickle.dumps(trap.canary))[name]
    change(folder)
    refused(folder, message)
    assert trap.sprung() == (False, False)


def test_there_are_enough_of_them() -> None:
    assert len(malice.CASES) + len(malice.pickles(b"")) >= 60


def encoded(folder: Path, tmp_path: Path) -> tuple[Any, np.ndarray]:
    from harness.models.encoder import Encoder
    from harness.records import Pooling

    files = fetch(Checkpoint(path=str(folder)), tmp_path, tmp_path / "cache")
    encoder = Encoder(files, [View(3, Pooling.MEAN)], max_length=64, dtype="float32")
    (vectors,) = encoder.forward(encoder.tokenize(["the cat sleeps"])).values()
    return files, vectors


def test_other_files_of_the_folder_are_never_read(folder: Path, trap: Trap, tmp_path: Path) -> None:
    import pickle

    plain, expected = encoded(folder, tmp_path)
    for name in (
        "pytorch_model.bin",
        "training_args.bin",
        "rng_state.pth",
        "modeling_x.py",
        "chat_template.jinja",
        "generation_config.json",
    ):
        (folder / name).write_bytes(pickle.dumps(trap.canary))
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates/x.jinja").write_text("{{ 1 / 0 }}")
    (folder / "1_Pooling").symlink_to("/etc")
    (folder / "notes").symlink_to("nowhere")
    files, vectors = encoded(folder, tmp_path)
    assert sorted(path.name for path in files.folder.iterdir()) == [
        "config.json",
        WEIGHTS,
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert (files.digest, trap.sprung()) == (plain.digest, (False, False))
    assert np.array_equal(vectors, expected)


def test_what_saving_leaves_behind_is_left_out_and_changes_nothing(folder: Path, tmp_path: Path) -> None:
    plain, expected = encoded(folder, tmp_path)
    as_it_was = {
        name: json.loads((plain.folder / name).read_text())
        for name in ("config.json", "tokenizer_config.json")
    }
    malice.settings(
        _name_or_path="xlm-roberta-base",
        _commit_hash="a" * 40,
        _attn_implementation="sdpa",
        _attn_implementation_autoset=True,
        quantization_config=None,
        id2label={"0": "n/a", "1": "and/or"},
        label2id={"n/a": 0, "and/or": 1},
        finetuning_task="glue/mnli",
        torch_dtype="float32",
        transformers_version="4.48.0",
    )(folder)
    malice.settings(
        "tokenizer_config.json",
        name_or_path="/home/somebody/model",
        tokenizer_file="/etc/passwd",
        vocab_file="/etc/passwd",
        special_tokens_map_file="/root/.cache/x",
        chat_template="{{ 1 / 0 }}",
        sp_model_kwargs={},
        init_inputs=[],
    )(folder)
    submitted = verify_digest(folder, tmp_path)
    files, vectors = encoded(folder, tmp_path)
    opened = {name: json.loads((files.folder / name).read_text()) for name in as_it_was}
    added = {"id2label", "label2id", "finetuning_task", "torch_dtype"}
    assert {key: value for key, value in opened["config.json"].items() if key not in added} == as_it_was[
        "config.json"
    ] | {"transformers_version": "4.48.0"}
    assert opened["tokenizer_config.json"] == as_it_was["tokenizer_config.json"]
    assert np.array_equal(vectors, expected)
    assert files.digest == submitted != plain.digest


@pytest.mark.parametrize("name", malice.NAMED_CODE)
def test_named_code_is_left_out_and_told_and_transformers_own_class_is_opened(
    folder: Path, tmp_path: Path, name: str
) -> None:
    _, expected = encoded(folder, tmp_path)
    malice.NAMED_CODE[name](folder)
    files, vectors = encoded(folder, tmp_path)
    (left_out,) = files.left_out
    assert left_out.attribute == ("auto_map",)
    assert left_out.reason == "a checkpoint's code is never run: transformers' own class is opened"
    assert all(b"auto_map" not in path.read_bytes() for path in files.folder.glob("*.json"))
    assert np.array_equal(vectors, expected)


def verify_digest(folder: Path, tmp_path: Path) -> str:
    """Return the digest as it is defined: over the names and the bytes that were submitted."""
    import hashlib

    names = ("config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json")
    lines = "".join(f"{name}:{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n" for name in names)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def test_a_folder_is_not_opened_in_place_while_it_names_other_files(folder: Path) -> None:
    malice.settings("tokenizer_config.json", tokenizer_file="/etc/passwd")(folder)
    with pytest.raises(BadInput, match=r"tokenizer_config\.json carries 'tokenizer_file': '/etc/passwd'"):
        verify(folder, "toy")


def test_opening_a_checkpoint_reads_no_other_file_and_opens_no_connection(
    folder: Path, tmp_path: Path
) -> None:
    import transformers

    malice.settings(_name_or_path="xlm-roberta-base")(folder)
    encoded(folder, tmp_path)  # what is imported on the way is imported
    audited: list[tuple[str, str]] = []
    watching = True

    def hook(event: str, args: tuple[Any, ...]) -> None:  # stays for good, hence the switch
        if watching and event in ("open", "socket.connect", "socket.getaddrinfo", "subprocess.Popen", "exec"):
            audited.append((event, str(args[0])))

    sys.addaudithook(hook)
    files, _ = encoded(folder, tmp_path)
    watching = False
    unexpected = [
        what
        for what in audited
        if what[0] != "open"
        or not what[1].startswith((str(tmp_path), str(Path(transformers.__file__).parent)))
    ]
    assert [
        what
        for what in unexpected
        if what[0] != "open"
        or (what[1].startswith("/") and not what[1].startswith(("/proc/", "/sys/", "/dev/")))
    ] == []
    opened = [
        Path(path).name
        for event, path in audited
        if path.startswith(str(files.folder)) and Path(path).parent == files.folder
    ]
    assert set(opened) == {"config.json", "tokenizer.json", "tokenizer_config.json", WEIGHTS}
    # The folder itself is read once a file, and after that nothing is opened there any more.
    last = max(number for number, (_, path) in enumerate(audited) if path.startswith(str(folder)))
    first = min(
        number
        for number, (_, path) in enumerate(audited)
        if path.startswith(str(files.folder / "config.json")) and number > last
    )
    assert last < first


# ---- between the check and the use -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["link", "FIFO"])
def test_a_file_that_is_replaced_after_it_was_listed_is_refused_when_it_is_opened(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    listing = list_files(folder)
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to("/etc/passwd") if kind == "link" else os.mkfifo(
        folder / "config.json"
    )
    with pytest.raises(BadInput) as caught:
        stage(listing, tmp_path / "cache")
    expected = (
        "cannot be opened: Too many levels of symbolic links"
        if kind == "link"
        else "is a FIFO, not a regular file"
    )
    assert caught.value.faults[0].message == f"{folder / 'config.json'} {expected}"


def test_what_is_put_into_the_folder_after_it_was_fetched_is_not_what_is_opened(
    folder: Path, tmp_path: Path
) -> None:
    files = fetch(Checkpoint(path="weights"), folder.parent, tmp_path / "cache")
    for name in (WEIGHTS, "config.json"):
        (folder / name).unlink()
        (folder / name).write_bytes(b"something else")
    (folder / "adapter_config.json").write_text("{}")
    files.check_unchanged()
    assert verify(files.folder, "toy").digest == files.digest
    assert files.folder.stat().st_mode & 0o777 == 0o700


def test_weights_that_are_written_over_in_place_are_noticed_before_a_result_is_kept(
    folder: Path, tmp_path: Path
) -> None:
    files = fetch(Checkpoint(path="weights"), folder.parent, tmp_path / "cache")
    before = (files.folder / WEIGHTS).read_bytes()
    with (folder / WEIGHTS).open("r+b") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\0\1")
    if (
        files.folder / WEIGHTS
    ).read_bytes() == before:  # the file system shares blocks, not files: nothing happened to the copy
        files.check_unchanged()
        return
    with pytest.raises(BadInput) as caught:
        files.check_unchanged()
    assert caught.value.faults[0].message == "model.safetensors of weights was changed while it was evaluated"


def test_weights_are_not_copied(folder: Path, tmp_path: Path) -> None:
    before = shutil.disk_usage(tmp_path).used
    with (folder / WEIGHTS).open("r+b") as file:  # 64 MB of real bytes
        data = file.read()
        length = int.from_bytes(data[:8], "little")
        header, tensors = json.loads(data[8 : 8 + length]), data[8 + length :]
        header["more.weight"] = {
            "dtype": "F32",
            "shape": [2**24],
            "data_offsets": [len(tensors), len(tensors) + 2**26],
        }
        malice.join(folder / WEIGHTS, header, tensors + b"\x01\0\0\0" * 2**24)
    files = fetch(Checkpoint(path="weights"), folder.parent, tmp_path / "cache")
    linked = os.path.samestat((files.folder / WEIGHTS).stat(), (folder / WEIGHTS).stat())
    assert linked or shutil.disk_usage(tmp_path).used - before < 1.5 * 2**26


def test_on_another_disk_the_weights_are_copied(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*_: Any, **__: Any) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", elsewhere)
    files = fetch(Checkpoint(path="weights"), folder.parent, tmp_path / "cache")
    assert not os.path.samestat((files.folder / WEIGHTS).stat(), (folder / WEIGHTS).stat())
    assert (files.folder / WEIGHTS).read_bytes() == (folder / WEIGHTS).read_bytes()


def test_a_private_folder_goes_with_its_last_user_and_with_a_killed_process_later(
    folder: Path, tmp_path: Path
) -> None:
    opened = tmp_path / "cache/opened"
    files = fetch(Checkpoint(path="weights"), folder.parent, tmp_path / "cache")
    assert {path.name for path in opened.iterdir()} == {files.folder.name, f"{files.folder.name}.lock"}
    code = (
        "import os, sys; from pathlib import Path; from harness.models.checkpoint import fetch; from harness.records import Checkpoint\n"
        f"files = fetch(Checkpoint(path='weights'), Path({str(folder.parent)!r}), Path({str(tmp_path / 'cache')!r}))\n"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert len([path for path in opened.iterdir() if path.is_dir()]) == 2
    second = fetch(Checkpoint(path="weights"), folder.parent, tmp_path / "cache")
    assert {path for path in opened.iterdir() if path.is_dir()} == {files.folder, second.folder}
    del files, second
    assert [path for path in opened.iterdir() if path.is_dir()] == []


# ---- the Hub's folders of links ----------------------------------------------------------------


@pytest.fixture
def snapshot(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay the checkpoint out as the Hub's client does: a snapshot of links into the repository's blobs."""
    repository = tmp_path / "hub/models--org--model"
    (repository / "blobs").mkdir(parents=True)
    snapshot = repository / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    for path in sorted(folder.iterdir()):
        blob = repository / "blobs" / git_blob(path.read_bytes())
        path.rename(blob)
        (snapshot / path.name).symlink_to(f"../../blobs/{blob.name}")
    monkeypatch.setattr("harness.models.checkpoint.fetching.download", lambda *_: snapshot)
    return snapshot


def fetch_from_hub(tmp_path: Path) -> Any:
    return fetch(Checkpoint(hub="org/model", revision="a" * 40), tmp_path, tmp_path / "cache")


def test_the_links_of_a_download_are_followed_into_its_blobs(
    snapshot: Path, toy_encoder: Path, tmp_path: Path
) -> None:
    files = fetch_from_hub(tmp_path)
    assert files.digest == verify(toy_encoder, "toy").digest
    assert not any(path.is_symlink() for path in files.folder.iterdir())


def test_the_blobs_that_repositories_share_are_followed_too(
    snapshot: Path, toy_encoder: Path, tmp_path: Path
) -> None:
    blob = (snapshot / WEIGHTS).resolve()
    shared = tmp_path / "hub/blobs/ab" / ("ab" * 32)
    shared.parent.mkdir(parents=True)
    blob.rename(shared)
    blob.symlink_to(f"../../blobs/ab/{shared.name}")
    assert fetch_from_hub(tmp_path).digest == verify(toy_encoder, "toy").digest


@pytest.mark.parametrize(
    "target",
    [
        "/etc/passwd",
        "../../../../secret",
        "../../blobs/../../../secret",
        "../../blobs/name",
        "../../snapshots",
    ],
)
def test_a_link_of_a_download_that_leads_elsewhere_is_refused(
    snapshot: Path, tmp_path: Path, target: str
) -> None:
    (tmp_path / "secret").write_text("{}")
    (snapshot.parents[1] / "blobs/name").write_text("{}")
    (snapshot / "config.json").unlink()
    (snapshot / "config.json").symlink_to(target)
    with pytest.raises(BadInput, match=r"config\.json leads to .+, which is none of the Hub's blobs"):
        fetch_from_hub(tmp_path)


def test_the_same_links_in_a_submitted_folder_are_refused(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"config\.json is a symbolic link, not a regular file"):
        fetch(Checkpoint(path=str(snapshot)), tmp_path, tmp_path / "cache")


# ---- names -------------------------------------------------------------------------------------

_PARTS = (
    *(
        "..",
        ".",
        "~",
        "~root",
        "",
        " ",
        "-",
        "--help",
        "a--b",
        "a..b",
        "a.git",
        "con",
        "nul.txt",
        "*",
        "?",
        "$HOME",
        "`id`",
        "$(id)",
        "%2e%2e",
    ),
    *(
        "\x00",
        "a\x00b",
        "a\nb",
        "\u202e",
        "\ud800",
        "ä",
        "a" * 300,
        "file:",
        "http:",
        "\\\\host",
        "C:",
        ".git",
        ".ssh",
        "@",
        "a:b",
        "|id",
        ";id",
    ),
)


def hostile_names() -> list[str]:
    """Return more than 500 names that lead out, break out, or are read in two ways."""
    pairs = [f"{first}/{second}" for first in _PARTS for second in _PARTS[:14]]
    deep = [
        "../" * depth + name
        for depth in range(1, 9)
        for name in ("etc/passwd", "root/.ssh", "tmp/x", "proc/self/environ")
    ]
    absolute = [
        "/etc",
        "/dev",
        "/dev/zero",
        "/proc/self/fd",
        "/proc/self/environ",
        "/sys",
        "//etc//",
        "/etc/../etc",
        "/dev/fd/0",
        "/root/.ssh",
    ]
    return [*pairs, *_PARTS, *deep, *absolute, *(f"weights/{part}" for part in _PARTS)]


def contents(root: Path) -> dict[str, int]:
    return {
        str(path.relative_to(root)): path.lstat().st_size
        for path in sorted(root.rglob("*"))
        if "allowed" not in path.parts
    }


def test_a_hostile_name_writes_nothing_outside_the_root(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = tmp_path / "allowed"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(allowed / "hub"))
    (tmp_path / "working").mkdir()
    monkeypatch.chdir(tmp_path / "working")
    before, names, opened = contents(tmp_path), hostile_names(), []
    assert len(names) >= 500
    for name in names:
        for record in ({"hub": name, "revision": "a" * 40, "path": None}, {"hub": None, "path": name}):
            try:  # past the record's own rules, which refuse most of them
                fetch(
                    Checkpoint.model_construct(seed=0, bundled=None, layers=None, **record),
                    folder.parent,
                    allowed,
                )
            except BadInput as reason:
                assert all(fault.message.isprintable() for fault in reason.faults)
            else:
                opened.append(name)
    assert contents(tmp_path) == before
    assert opened == ["weights/.", "weights/"]  # the folder itself


def test_how_a_checkpoint_is_named_decides_where_it_is_not_what_lies_in_the_working_folder(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder, tmp_path / "working/org/model")
    monkeypatch.chdir(tmp_path / "working")
    with pytest.raises(BadInput, match=r"org/model@a+ cannot be downloaded: it is not on this machine"):
        fetch_from_hub(tmp_path)
    with pytest.raises(BadInput, match=r"the checkpoint folder .+/submission/org/model does not exist"):
        fetch(Checkpoint(path="org/model"), folder.parent, tmp_path / "cache")


def test_a_folder_behind_a_link_in_the_submission_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    (folder.parent / "up").symlink_to(tmp_path)
    for path in ("link", "up/submission/weights"):
        with pytest.raises(
            BadInput, match=rf"{folder.parent / path.split('/', maxsplit=1)[0]} is a symbolic link"
        ):
            fetch(Checkpoint(path=path), folder.parent, tmp_path / "cache")


def test_a_download_that_is_too_large_is_refused_before_it_begins(tmp_path: Path, hub: HubServer) -> None:
    listing = [{"type": "file", "path": "model.safetensors", "size": 2**50, "oid": "a" * 40}]
    hub.fail("GET /api/models", status=200, body=json.dumps(listing).encode())
    with pytest.raises(
        BadInput,
        match=r"the download of org/model@a+ has 1 files of 1,125,899,906,842,624 bytes, the most is 274,877,906,944",
    ):
        fetch_from_hub(tmp_path)
    assert not [request for request in hub.requests if "resolve" in request]


def test_sizes_that_only_the_model_shows_are_refused_before_they_are_allocated(
    folder: Path, tmp_path: Path
) -> None:
    # Every side is one of the weights', yet together they are a model of another size.
    malice.settings(intermediate_size=62, hidden_size=64, max_position_embeddings=2**21)(folder)
    with pytest.raises(
        BadInput, match=r"config\.json of .+ describes 1\d\d,\d\d\d,\d\d\d weights, its files hold 29,792"
    ):
        encoded(folder, tmp_path)


# ---- what honest people save -------------------------------------------------------------------

HONEST = {
    "config.json of XLM-R, fine-tuned years ago": """{
      "_name_or_path": "xlm-roberta-base", "architectures": ["XLMRobertaForSequenceClassification"], "attention_probs_dropout_prob": 0.1,
      "bos_token_id": 0, "classifier_dropout": null, "eos_token_id": 2, "finetuning_task": "text-classification",
      "gradient_checkpointing": false,
      "hidden_act": "gelu", "hidden_size": 768, "id2label": {"0": "entailment", "1": "n/a"}, "label2id": {"entailment": 0, "n/a": 1},
      "layer_norm_eps": 1e-05, "max_position_embeddings": 514, "model_type": "xlm-roberta", "num_attention_heads": 12,
      "num_hidden_layers": 12, "output_past": true, "pad_token_id": 1, "position_embedding_type": "absolute",
      "problem_type": "single_label_classification", "torch_dtype": "float32", "transformers_version": "4.31.0.dev0", "type_vocab_size": 1,
      "use_cache": true, "vocab_size": 250002}""",
    "config.json of mDeBERTa": """{
      "model_type": "deberta-v2", "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_size": 768, "num_hidden_layers": 12,
      "max_relative_positions": -1, "position_buckets": 256, "norm_rel_ebd": "layer_norm", "share_att_key": true,
      "pos_att_type": "p2c|c2p", "relative_attention": true, "pooler_hidden_act": "gelu", "type_vocab_size": 0, "vocab_size": 251000}""",
    "config.json of a newer encoder": """{
      "_attn_implementation_autoset": true, "_name_or_path": "./results/checkpoint-500", "architectures": ["ModernBertModel"],
      "classifier_pooling": "mean", "dtype": "bfloat16", "global_rope_theta": 160000.0, "layer_types": ["full_attention"],
      "num_hidden_layers": 22, "model_type": "modernbert", "repad_logits_with_grad": false, "tokenizer_class": "PreTrainedTokenizerFast",
      "sentence_transformers": {"activation_fn": "torch.nn.modules.activation.Sigmoid", "version": "4.1.0"}}""",
    "config.json of X-MOD, whose layers have adapters": """{
      "adapter_layer_norm": false, "adapter_reduction_factor": 2, "adapter_reuse_layer_norm": true, "languages": ["en_XX", "af_ZA"],
      "ln_before_adapter": true, "model_type": "xmod", "num_hidden_layers": 12}""",
    "tokenizer_config.json of XLM-R": """{
      "bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "mask_token": {"__type": "AddedToken", "content": "<mask>",
      "lstrip": true, "normalized": true, "rstrip": false, "single_word": false}, "model_max_length": 512,
      "name_or_path": "xlm-roberta-base",
      "sp_model_kwargs": {}, "special_tokens_map_file": null, "tokenizer_class": "XLMRobertaTokenizer"}""",
    "tokenizer_config.json of LaBSE": """{
      "do_lower_case": false, "do_basic_tokenize": true, "never_split": null, "tokenize_chinese_chars": true, "strip_accents": null,
      "special_tokens_map_file": "/root/.cache/torch/sentence_transformers/x/special_tokens_map.json", "full_tokenizer_file": null,
      "model_max_length": 1000000000000000019884624838656, "tokenizer_class": "BertTokenizer",
      "added_tokens_decoder": {"0": {"content": "[PAD]", "special": true}}, "extra_special_tokens": {}}""",
    "special_tokens_map.json": """{
      "bos_token": "<s>", "additional_special_tokens": ["<a/b>", "http://x"], "mask_token": {"content": "<mask>"}}""",
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_checkpoints_are_opened_without_references_to_other_places(name: str) -> None:
    path = Path(name.partition(" ")[0])
    before = json.loads(HONEST[name])
    opened, named = settings_to_open(HONEST[name].encode(), path)
    after = json.loads(opened)
    left_out = set(before) - set(after)
    assert left_out <= {
        *("_name_or_path", "name_or_path", "_attn_implementation_autoset"),
        *("sp_model_kwargs", "special_tokens_map_file", "full_tokenizer_file"),
    }
    assert {key: before[key] for key in after} == after
    assert named == ()
    if path.name == "config.json":
        check_config(after, path)


def test_a_file_of_which_nothing_is_left_out_keeps_its_bytes() -> None:
    data = b'{"hidden_size":   384,\n\t"model_type": "bert"}'
    assert settings_to_open(data, Path("config.json"))[0] is data


# ---- attributes --------------------------------------------------------------------------------


def each_name(*rules: Rule) -> list[tuple[Rule, str]]:
    return [(rule, name.replace("*", "other")) for rule in rules for name in rule.names]


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json", "special_tokens_map.json"])
def test_every_refused_attribute_is_refused_at_any_depth(folder: Path, file: str) -> None:
    rules = REFUSED if file == "config.json" else (*REFUSED, *REFUSED_IN_TOKENIZERS)
    assert len(each_name(*rules)) >= 25
    for rule, name in each_name(*rules):
        for value in ({name: "x"}, {"a": [{"b": {name: {"c": 1}}}]}):
            with pytest.raises(BadInput) as caught:
                settings_to_open(json.dumps(value).encode(), folder / file)
            message = f"{folder / file} carries {name!r}: {rule.reason}"
            assert caught.value.faults[0].message == message
            assert caught.value.faults[0].cure == rule.cure.format(name)


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_every_other_attribute_on_the_lists_is_left_out_at_any_depth(file: str) -> None:
    rules = LEFT_OUT if file == "config.json" else (*LEFT_OUT, *LEFT_OUT_IN_TOKENIZERS)
    for rule, name in each_name(*rules, IMPLEMENTATIONS):
        for value in ({name: "x"}, {"a": [{"b": {name: "x"}}]}):
            opened, named = settings_to_open(json.dumps(value).encode(), Path(file))
            assert name not in opened.decode()
            keys = (name,) if name in value else ("a", "b", name)
            assert named == ((LeftOut(file, keys, "'x'", rule.reason),) if rule.told else ())


HARMLESS: dict[str, Any] = {
    "training_data": "n/a",
    "dataset": "mc4/en",
    "datasets": ["mc4/en", "org/other"],
    "wandb_run": "https://wandb.ai/somebody/project/runs/1a2b",
    "base_model": "xlm-roberta-base",
    "base_model_name_or_path": "org/base",
    "teacher_name_or_path": "xlm-roberta-large",
    "repo_id": "org/name",
    "peft_type": "LORA",
    "_attn_implementation": "flash_attention_2",
    "output_dir": "/home/somebody/runs/1",
    "log": "../../x y",
    "source": "file:///etc/passwd",
    "notes": {"code": {"where": "org/x"}},
}


def test_names_of_other_places_and_preferences_are_left_out_named_and_change_nothing(
    folder: Path, tmp_path: Path
) -> None:
    plain, expected = encoded(folder, tmp_path)
    before = (plain.folder / "config.json").read_bytes()
    malice.settings(**HARMLESS)(folder)
    malice.settings("tokenizer_config.json", base_model="xlm-roberta-base")(folder)
    files, vectors = encoded(folder, tmp_path)
    opened = json.loads((files.folder / "config.json").read_text())
    assert opened.pop("notes") == {"code": {}}
    assert opened == json.loads(before)
    assert np.array_equal(vectors, expected)
    assert files.digest == verify_digest(folder, tmp_path) != plain.digest
    assert plain.left_out == ()
    named = {(left_out.file, ".".join(left_out.attribute)) for left_out in files.left_out}
    assert named == {
        *(("config.json", "notes.code.where" if key == "notes" else key) for key in HARMLESS),
        ("tokenizer_config.json", "base_model"),
    }
    assert "config.json training_data: 'n/a' (nothing is loaded from another place)" in map(
        str, files.left_out
    )


@pytest.mark.parametrize(("key", "value"), [("hidden_act", "org/activation"), ("pad_token_id", "../x")])
def test_a_parameter_of_the_architecture_is_not_left_out(
    folder: Path, tmp_path: Path, key: str, value: str
) -> None:
    malice.settings(**{key: value})(folder)
    with pytest.raises(
        BadInput, match=rf"config\.json of .+ names '{value}' as '{key}', which BertConfig reads: nothing is"
    ):
        encoded(folder, tmp_path)


def test_a_stray_adapter_config_next_to_whole_weights_is_named_and_not_opened(
    folder: Path, tmp_path: Path
) -> None:
    plain, expected = encoded(folder, tmp_path)
    (folder / "adapter_config.json").write_text('{"base_model_name_or_path": "org/x", "peft_type": "LORA"}')
    files, vectors = encoded(folder, tmp_path)
    assert not (files.folder / "adapter_config.json").exists()
    assert (files.digest, np.array_equal(vectors, expected)) == (plain.digest, True)
    assert [str(left_out) for left_out in files.left_out] == [
        "adapter_config.json (not opened: the weights next to it are whole)"
    ]
    with pytest.raises(BadInput, match=r"holds adapter_config\.json: adapters are not opened"):
        verify(folder, "toy")  # in place transformers would open it


@pytest.mark.parametrize(
    "name", ["global_step", "encoder.layer.0.counter", "encoder.norm.num_batches_tracked"]
)
def test_a_counter_next_to_the_weights_changes_nothing(folder: Path, tmp_path: Path, name: str) -> None:
    plain, expected = encoded(folder, tmp_path)
    malice.tensor(name, "I64", (7).to_bytes(8, "little"))(folder)
    files, vectors = encoded(folder, tmp_path)
    assert files.parameters == plain.parameters
    assert np.array_equal(vectors, expected)


def test_the_model_card_is_never_read(folder: Path, tmp_path: Path) -> None:
    plain, _ = encoded(folder, tmp_path)
    os.mkfifo(folder / "README.md")  # whoever opens it waits forever
    (folder / "model_card.json").symlink_to("/dev/zero")
    files, _ = encoded(folder, tmp_path)
    assert files.digest == plain.digest


def test_tensors_are_counted_over_all_shards(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.models.checkpoint import weights

    monkeypatch.setattr(weights, "TENSORS", 10)
    with pytest.raises(BadInput, match=r"holds more than 10 tensors"):
        verify(folder, "toy")


def test_a_tokenizer_that_takes_much_memory_is_refused_before_it_is_opened_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.models import tokenizer_opening

    data = json.loads((folder / "tokenizer.json").read_text())
    letters = np.random.default_rng(0).integers(97, 123, (40, 20_000), np.uint8)
    long = [[bytes(row).decode(), -1.0] for row in letters]  # 800 kB, each letter a table of its own
    data["model"] = {"type": "Unigram", "unk_id": 0, "vocab": [["[UNK]", 0.0], *long]}
    (folder / "tokenizer.json").write_text(json.dumps(data))
    monkeypatch.setattr(tokenizer_opening, "_MEMORY", 2**27)
    monkeypatch.setattr("transformers.AutoTokenizer", None)  # nothing is opened in this process
    with pytest.raises(BadInput, match=r"cannot be opened within 134,217,728 bytes of memory \(SIGABRT\)"):
        encoded(folder, tmp_path)
    monkeypatch.setattr(tokenizer_opening, "_SECONDS", 0)
    with pytest.raises(BadInput, match=r"tokenizer\.json of .+ takes more than 0 seconds to open"):
        encoded(folder, tmp_path)


def test_a_sentencepiece_model_that_takes_much_memory_is_refused_before_it_is_opened_here(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentencepiece import sentencepiece_model_pb2 as protobuf

    from harness.models import tokenizer_opening

    model = getattr(protobuf, "ModelProto")()  # noqa: B009 - its classes are made at run time
    model.pieces.add(piece="<unk>", score=0.0, type=2)
    # sentencepiece takes no longer pieces
    letters = np.random.default_rng(0).integers(97, 123, (4_000, 200), np.uint8)
    for row in letters:
        model.pieces.add(piece=bytes(row).decode(), score=-1.0, type=1)
    (folder / "tokenizer.json").unlink()
    (folder / "spm.model").write_bytes(model.SerializeToString())
    monkeypatch.setattr(tokenizer_opening, "_MEMORY", 2**27)
    monkeypatch.setattr(tokenizer_opening, "SentencePieceModel", None)  # nothing is opened in this process
    malice.settings("tokenizer_config.json", tokenizer_class="DebertaV2Tokenizer")(folder)
    with pytest.raises(
        BadInput, match=r"spm\.model of .+ cannot be opened within 134,217,728 bytes of memory"
    ):
        encoded(folder, tmp_path)
