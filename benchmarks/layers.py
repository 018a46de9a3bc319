"""Time the same evaluation with and without `--layers all`, which scores every layer in both poolings.

    python benchmarks/layers.py [--data DIR] [--rounds N]

Expected, before measuring: the products of a pass do not change (the declared layer is the last). Added are
reading 26 views (2 · 13 hidden states of tokens · 384 floats, read once for the mean: under 1 % of the
products' bytes), writing 26 vectors per text instead of one (1.5 KB each), and 26 searches instead of one
(2 n² · 384 operations per direction).
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SUBMISSION = """\
schema: 1
title: Bundled
family: multilingual-e5
base: {id: intfloat/multilingual-e5-small}
intermediate: {regime: none}
encoding: {layer: last, pooling: mean}
checkpoints: [{seed: 0, bundled: multilingual-e5-small, layers: 12}]
submitters: [{name: Benchmark}]
license: MIT
"""
TATOEBA = ("de", "fr", "ja", "sw", "te", "hi")


def main() -> None:
    """Evaluate in turn and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    selection = (
        ["-t", "tatoeba", *(f"-l{language}" for language in TATOEBA), "--data", str(arguments.data)]
        if arguments.data
        else ["-t", "jupyterlab"]
    )
    seconds: dict[str, list[float]] = {"declared": [], "all": []}
    memory: dict[str, int] = {}
    for _ in range(arguments.rounds):
        for layers, rounds in seconds.items():
            duration, peak = evaluate(layers, selection)
            rounds.append(duration)
            memory[layers] = max(memory.get(layers, 0), peak)
    base = statistics.median(seconds["declared"])
    print("| layers | seconds, median | all | against one | peak memory |\n| :-- | --: | :-- | --: | --: |")
    for layers, rounds in seconds.items():
        median = statistics.median(rounds)
        times = ", ".join(f"{value:.1f}" for value in rounds)
        print(
            f"| {layers} | {median:.1f} | {times} | {median / base:.3f} | {memory[layers] / 2**20:.2f} GiB |"
        )


def evaluate(layers: str, selection: list[str]) -> tuple[float, int]:
    """Evaluate in a separate process with an empty cache; return its seconds, and its peak memory in KiB.

    `selection` holds the command's options for targets, languages and data.
    """
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root) / "bundled"
        folder.mkdir()
        (folder / "submission.yaml").write_text(SUBMISSION)
        program = str(Path(sys.executable).with_name("stiltboard"))
        command = [program, "evaluate", str(folder), *selection, "--layers", layers, "--dtype", "float32"]
        environment = {"STILTBOARD_CACHE": f"{root}/cache", "PATH": "/usr/bin:/bin", "HF_HUB_OFFLINE": "1"}
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        status, usage = wait(process)
        if status not in (0, 1):  # 1: some languages only
            sys.exit(f"{command} ended with {status}")
        return time.perf_counter() - started, usage.ru_maxrss


def wait(process: subprocess.Popen[bytes]) -> tuple[int, resource.struct_rusage]:
    """Wait for a process, and return its exit status and its use of resources."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage


if __name__ == "__main__":
    main()
