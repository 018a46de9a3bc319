"""Predict with the same head by stiltboard and by a plain `Trainer.predict`, and print a table.

    python benchmarks/predict.py --data DIR [--tagging HEAD] [--qa HEAD] [--rounds 3]

HEAD is a folder with a fine-tuned checkpoint, such as one of `heads/` in the cache; without it the bundled
encoder's first 6 layers get a fresh, untrained head, whose speed is the same. Both read the same inputs,
tokenised before: UD German dev (tagging) and the windows of TyDiQA Finnish dev (question answering). The peer
pads each batch to its longest input, at its default of 8 inputs and at 32 and 64. Every measurement is a
process of its own, contenders take turns, and predictions are decoded by the same code and compared.

Expected: the products are the same per token, so what is gained is what padding wastes (printed as the share
of padded tokens), and what two threads lose by waiting for each other at each product, 1.4 times in encoding.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from harness.cache import cache_folder
from harness.catalog import BY_NAME
from harness.data import load_examples
from harness.kinds.qa import best_span
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.predictor import Predictor, label_names, load, open_head
from harness.models.tokenization import Input, pieces, windows
from harness.records import Target

LAYERS = 6
WHAT = {"tagging": ("udpos_dev", "de", 799), "qa": ("tydiqa", "fi", 200)}
CONTENDERS = ("stiltboard", "8", "32", "64")


def fresh(target: Target, folder: Path) -> Path:
    """Save the bundled encoder with an untrained head."""
    transformers.set_seed(0)
    files = verify(unpack(LAYERS, cache_folder() / "checkpoints"), "bundled")
    model, _, tokenizer = load(files, target, dtype=torch.float32, **label_names(target))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def worker(kind: str, contender: str, head: Path, data: Path, out: Path) -> None:
    """Measure one contender and print the seconds; what was predicted lands in `out`."""
    name, language, count = WHAT[kind]
    target = BY_NAME[name]
    examples = load_examples(target, language, data).first(count)
    model, tokenizer, order = open_head(verify(head, "head"), target, device="cpu", dtype="float32")
    if kind == "tagging":
        parts: Sequence[Any] = pieces(tokenizer, examples.words, 128)
    else:
        parts = windows(tokenizer, examples.questions, examples.contexts, 384, 128)
    inputs = [part.input for part in parts]
    if contender == "stiltboard":
        predictor = Predictor(model, tokenizer, order, max_length=384, stride=128)
        predictor.logits(inputs[:32])
        start = time.perf_counter()
        logits = predictor.logits(inputs)
        seconds = time.perf_counter() - start
    else:
        seconds, logits = trainer_predicts(model, tokenizer, inputs, int(contender))
        logits = logits if order is None else [rows[:, order] for rows in logits]
    if kind == "tagging":
        found = [
            int(best)
            for part, rows in zip(parts, logits, strict=True)
            for best in rows[part.first].argmax(axis=1)
        ]
    else:
        found = [list(best_span(part, rows) or ())[:2] for part, rows in zip(parts, logits, strict=True)]
    out.write_text(json.dumps(found))
    tokens = sum(len(each.ids) for each in inputs)
    print(json.dumps({"seconds": seconds, "inputs": len(inputs), "tokens": tokens}))


def trainer_predicts(
    model: Any, tokenizer: Any, inputs: Sequence[Input], batch: int
) -> tuple[float, list[np.ndarray]]:
    """Predict as transformers' examples do."""
    rows = [{"input_ids": each.ids, "attention_mask": [1] * len(each.ids)} for each in inputs]
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            per_device_eval_batch_size=batch,
            use_cpu=True,
            disable_tqdm=True,
            report_to="none",
        )
        trainer = transformers.Trainer(
            model=model,
            args=arguments,
            data_collator=transformers.DataCollatorWithPadding(tokenizer),
            processing_class=tokenizer,
        )
        trainer.predict(rows[:32])
        start = time.perf_counter()
        found = trainer.predict(rows).predictions
        seconds = time.perf_counter() - start
    logits = np.stack(found, axis=-1) if isinstance(found, tuple) else found
    return seconds, [row[: len(each.ids)] for row, each in zip(logits, inputs, strict=True)]


def main() -> None:
    """Take turns, and print a table in Markdown."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tagging", type=Path)
    parser.add_argument("--qa", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=4)
    arguments = parser.parse_args()
    if arguments.worker:
        kind, contender, head, out = arguments.worker
        worker(kind, contender, Path(head), arguments.data, Path(out))
        return
    print(
        "| task | contender | seconds, median | all | times ours | predictions that differ |\n| :-- | :-- | --: | :-- | --: | --: |"
    )
    for kind, (name, language, _) in WHAT.items():
        with tempfile.TemporaryDirectory() as folder:
            head = getattr(arguments, kind) or fresh(BY_NAME[name], Path(folder) / "head")
            seconds: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
            found: dict[str, list[Any]] = {}
            for _ in range(arguments.rounds):
                for contender, taken in seconds.items():
                    out = Path(folder) / "out.json"
                    command = [
                        sys.executable,
                        __file__,
                        "--data",
                        str(arguments.data),
                        "--worker",
                        kind,
                        contender,
                        str(head),
                        str(out),
                    ]
                    line = subprocess.run(
                        command, check=True, stdout=subprocess.PIPE, text=True
                    ).stdout.splitlines()[-1]
                    taken.append(json.loads(line)["seconds"])
                    found[contender] = json.loads(out.read_text())
            base, said = statistics.median(seconds["stiltboard"]), json.loads(line)
            for contender, taken in seconds.items():
                middle, each = statistics.median(taken), ", ".join(f"{value:.1f}" for value in taken)
                differ = sum(a != b for a, b in zip(found[contender], found["stiltboard"], strict=True))
                label = contender if contender == "stiltboard" else f"Trainer.predict, batches of {contender}"
                print(
                    f"| {kind} | {label} | {middle:.1f} | {each} | {middle / base:.2f} | {differ} of {len(found[contender]):,} |"
                )
            print(f"{name} {language}: {said['inputs']:,} inputs, {said['tokens']:,} tokens", file=sys.stderr)


if __name__ == "__main__":
    main()
