"""Predict with the same head by stiltboard and by a plain `Trainer.predict`, and print a table.

    python benchmarks/predict.py --data DIR [--tagging HEAD] [--qa HEAD] [--rounds 3]

HEAD is a folder with a fine-tuned checkpoint, such as one of `heads/` in the cache; without it the bundled
encoder's first 6 layers get an untrained head, whose speed is the same. Both contenders read the same
tokenised inputs: UD German dev (tagging) and the windows of TyDiQA Finnish dev (question answering). The peer
pads each batch to its longest input, in batches of 8 inputs, its default, and of 32 and 64. Each measurement
is a separate process, the contenders alternate, and the predictions are decoded by the same code and
compared.

Expected: the products are the same per token. What can be gained is the work on padding, and the time that
two threads wait for each other at each product, a factor of 1.4 in encoding.
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
from harness.data.examples import Examples
from harness.data.question_answering import AnsweredQuestions
from harness.data.tagging import TaggedSentences
from harness.kinds.qa import best_span
from harness.models.checkpoint import verify
from harness.models.checkpoint.bundled import unpack
from harness.models.predictor import Predictor, label_names, load, open_head
from harness.models.tokenization import Input, Logits, Piece, Window, pieces, windows
from harness.records import Target

LAYERS = 6
# Kind → target, language and number of examples.
SELECTIONS = {"tagging": ("udpos_dev", "de", 799), "qa": ("tydiqa", "fi", 200)}
CONTENDERS = ("stiltboard", "8", "32", "64")
Prediction = int | list[int]
"""A label's number, or a span's first and last character; an empty list where there is no span."""


def untrained_head(target: Target, folder: Path) -> Path:
    """Save the bundled encoder with an untrained head, and return the folder."""
    transformers.set_seed(0)
    files = verify(unpack(LAYERS, cache_folder() / "checkpoints"), "bundled")
    model, _, tokenizer = load(files, target.kind, dtype=torch.float32, **label_names(target))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tokenized(tokenizer: Any, examples: Examples) -> Sequence[Piece | Window]:
    """Return the inputs with what decodes their logits: pieces of sentences, or windows of passages."""
    if isinstance(examples, TaggedSentences):
        return pieces(tokenizer, examples.words, 128)
    assert isinstance(examples, AnsweredQuestions)
    return windows(tokenizer, examples.questions, examples.contexts, 384, 128)


def decoded(part: Piece | Window, logits: Logits) -> list[Prediction]:
    """Return the predictions of one input: one label per word, or one span."""
    if isinstance(part, Piece):
        return [int(best) for best in logits[part.first].argmax(axis=1)]
    span = best_span(part, logits)
    return [[span.start, span.end] if span else []]


def worker(kind: str, contender: str, head: Path, data: Path, out: Path) -> None:
    """Measure one contender, print the figures as JSON, and write the predictions to `out`."""
    name, language, count = SELECTIONS[kind]
    target = BY_NAME[name]
    examples = load_examples(target, language, data).first(count)
    model, tokenizer, order = open_head(verify(head, "head"), target, device="cpu", dtype="float32")
    parts = tokenized(tokenizer, examples)
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
    predictions = [
        prediction for part, rows in zip(parts, logits, strict=True) for prediction in decoded(part, rows)
    ]
    out.write_text(json.dumps(predictions))
    tokens = sum(len(item.ids) for item in inputs)
    print(json.dumps({"seconds": seconds, "inputs": len(inputs), "tokens": tokens}))


def trainer_predicts(
    model: Any, tokenizer: Any, inputs: Sequence[Input], batch: int
) -> tuple[float, list[Logits]]:
    """Predict as the examples of transformers do; return the seconds and the logits without padding."""
    rows = [{"input_ids": item.ids, "attention_mask": [1] * len(item.ids)} for item in inputs]
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
        output = trainer.predict(rows).predictions
        seconds = time.perf_counter() - start
    logits = np.stack(output, axis=-1) if isinstance(output, tuple) else output
    return seconds, [row[: len(item.ids)] for row, item in zip(logits, inputs, strict=True)]


def measure(kind: str, contender: str, head: Path, data: Path, out: Path) -> dict[str, float]:
    """Run one measurement in a separate process, which writes the predictions to `out`."""
    command = [sys.executable, __file__, "--data", str(data)]
    command += ["--worker", kind, contender, str(head), str(out)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def compare(kind: str, head: Path, data: Path, rounds: int, out: Path) -> None:
    """Measure the contenders in turn, and print their rows of the table."""
    figures: dict[str, list[dict[str, float]]] = {contender: [] for contender in CONTENDERS}
    predictions: dict[str, list[Prediction]] = {}
    for _ in range(rounds):
        for contender in CONTENDERS:
            figures[contender].append(measure(kind, contender, head, data, out))
            predictions[contender] = json.loads(out.read_text())
    base = statistics.median(run["seconds"] for run in figures["stiltboard"])
    for contender, runs in figures.items():
        median = statistics.median(run["seconds"] for run in runs)
        times = ", ".join(f"{run['seconds']:.1f}" for run in runs)
        pairs = list(zip(predictions[contender], predictions["stiltboard"], strict=True))
        differ = sum(theirs != ours for theirs, ours in pairs)
        label = contender if contender == "stiltboard" else f"Trainer.predict, batches of {contender}"
        print(
            f"| {kind} | {label} | {median:.1f} | {times} | {median / base:.2f} "
            f"| {differ} of {len(pairs):,} |"
        )
    name, language, _ = SELECTIONS[kind]
    first = figures["stiltboard"][0]
    print(f"{name} {language}: {first['inputs']:,} inputs, {first['tokens']:,} tokens", file=sys.stderr)


def main() -> None:
    """Measure both kinds of head, and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tagging", type=Path)
    parser.add_argument("--qa", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=4, help="used by the benchmark itself")
    arguments = parser.parse_args()
    if arguments.worker:
        kind, contender, head, out = arguments.worker
        worker(kind, contender, Path(head), arguments.data, Path(out))
        return
    print("| task | contender | seconds, median | all | times ours | predictions that differ |")
    print("| :-- | :-- | --: | :-- | --: | --: |")
    for kind, (name, _, _) in SELECTIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            head = getattr(arguments, kind) or untrained_head(BY_NAME[name], Path(folder) / "head")
            compare(kind, head, arguments.data, arguments.rounds, Path(folder) / "predictions.json")


if __name__ == "__main__":
    main()
