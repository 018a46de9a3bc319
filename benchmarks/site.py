"""Build the site of thousands of synthetic submissions: time against parsing their YAML alone, memory, and one changed result.

`python benchmarks/site.py [--submissions N] [--languages N] [--folder DIR]`: nine targets that have the names
and kinds of XTREME's and as many languages as asked. The peer is PyYAML's own loader in C over the same
files, which does nothing with them.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harness import catalog
from harness.records import Encoding, Pooling, Target

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SUBMISSION = """\
schema: 1
title: Synthetic {family} {size} M, {regime}, recipe {number}
family: {family}
base: {{id: example/{family}, revision: null}}
intermediate: {intermediate}
encoding: {{layer: last, pooling: mean, prefix: "", max_length: 512}}
checkpoints:
  - {{seed: 0, path: weights}}
submitters:
  - {{name: Nobody}}
license: MIT
"""
_INTERMEDIATE = {
    "none": "{regime: none}",
    "english": "{regime: english, tasks: [mnli], languages: [en], examples: 1000}",
    "multilingual": "{regime: multilingual, tasks: [mnli], languages: [en, de], examples: 1000}",
}


def widen(languages: int) -> list[Target]:
    """Give the nine targets of XTREME as many languages, in this process and those that it forks; return them."""
    names = tuple(_LETTERS[i // 26] + _LETTERS[i % 26] for i in range(languages))
    wide = [
        target.model_copy(update={"languages": names, "sizes": {}})
        for target in catalog.TARGETS
        if target.in_xtreme
    ]
    replaced = {target.name: target for target in wide}
    catalog.TARGETS = tuple(replaced.get(target.name, target) for target in catalog.TARGETS)
    catalog.BY_NAME.update(replaced)
    return wide


def result(slug: str, target: Target, scores: np.ndarray, body: int) -> str:
    """Return the YAML of a result as the harness writes it."""
    lines = [
        "schema: 1", f"submission: {slug}", f"target: {target.name}",
        f'signature: "{target.signature.encoded(Encoding(layer=12, pooling=Pooling.MEAN), 12)}"',
        f"metric: {target.metric}", f"score: {scores.mean():.4f}",
        f"interval: [{scores.mean() - 1:.4f}, {scores.mean() + 1:.4f}]",
        f"measured: {len(scores)}", f"of: {len(scores)}", "checkpoints:", "  - seed: 0", "    source: weights",
        f"    weights: sha256:{'e' * 64}",
        "    parameters:", f"      total: {3 * body}", f"      body: {body}", "    layer: 12", "    scores:",
    ]  # fmt: skip
    for language, score in zip(target.languages, scores, strict=True):
        lines += [
            f'      "{language}":', f"        score: {score:.4f}", '        "n": 1000',
            f"        interval: [{max(0, score - 3):.4f}, {min(100, score + 3):.4f}]", "        secondary:",
            *(f"          {name}: {score:.4f}" for name in target.secondary or ()),
        ]  # fmt: skip
        if not target.secondary:
            lines[-1] = "        secondary: {}"
    lines += ["data:", *(f'  "{language}": sha256:{"d" * 64}' for language in target.languages)]
    lines += [
        "outcomes:",
        f"  file: {target.name}.parquet",
        f"  sha256: {'f' * 64}",
        "  rows: 40000",
        "run:",
        '  date: "2026-01-01T00:00:00Z"',
    ]
    return "\n".join(lines) + "\n"


def write(folder: Path, count: int, targets: list[Target]) -> None:
    """Write the synthetic submissions."""
    rng = np.random.default_rng(0)
    for number in range(count):
        regime = ("none", "english", "multilingual")[number % 3]
        family = f"family-{number % 12}"
        size = int(5 * 1.6 ** (number // 36 % 12))
        slug = f"row-{number:05}"
        (folder / slug / "results").mkdir(parents=True)
        text = _SUBMISSION.format(
            family=family, size=size, regime=regime, number=number, intermediate=_INTERMEDIATE[regime]
        )
        (folder / slug / "submission.yaml").write_text(text)
        for target in targets:
            scores = np.clip(rng.normal(30 + 8 * np.log(size), 12, len(target.languages)), 0, 100).round(4)
            (folder / slug / "results" / f"{target.name}.yaml").write_text(
                result(slug, target, scores, size * 10**6)
            )


def parse_alone(folder: Path) -> tuple[float, float]:
    """Return the seconds, by the clock and of the processor, that PyYAML's loader in C takes for every file, in a process of its own."""
    code = (
        "import sys, time, yaml; from pathlib import Path; files = sorted(Path(sys.argv[1]).rglob('*.yaml')); "
        "start, used = time.perf_counter(), time.process_time()\n"
        "for file in files: yaml.CSafeLoader(file.read_bytes()).get_single_data()\n"
        "print(time.perf_counter() - start, time.process_time() - used)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], check=True, capture_output=True, text=True
    )
    seconds, used = map(float, done.stdout.split())
    return seconds, used


class Timed(NamedTuple):
    """Seconds by the clock and of the processor."""

    seconds: float
    used: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s ({self.used:.1f})"


def timed(work: Callable[[], object]) -> Timed:
    """Do it."""
    before, start = _used(), time.perf_counter()
    work()
    return Timed(time.perf_counter() - start, _used() - before)


def change(folder: Path) -> None:
    """Let one result in the middle have been measured a day later."""
    slugs = sorted(path.name for path in folder.iterdir())
    result = folder / slugs[len(slugs) // 2] / "results" / "tatoeba.yaml"
    result.write_text(
        re.sub(
            r'date: "2026-01-(\d\d)',
            lambda found: f'date: "2026-01-{int(found[1]) + 1:02}',
            result.read_text(),
        )
    )


def _used() -> float:
    """Return the processor's seconds that this process and those that it waited for have had."""
    return sum(
        resource.getrusage(who)[i] for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN) for i in (0, 1)
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--languages", type=int, default=40)
    parser.add_argument("--folder", type=Path)
    parser.add_argument(
        "--again", action="store_true", help="only build what lies in the folder again, as a new process does"
    )
    asked = parser.parse_args()
    root = asked.folder or Path(tempfile.mkdtemp(prefix="bench-site-"))
    folder, out = root / "submissions", root / "public"
    os.environ["STILTBOARD_CACHE"] = str(root / "cache")  # the first build is one from nothing
    targets = widen(asked.languages)
    from site_gen.build import Builder  # noqa: PLC0415 - after the catalog was widened
    from site_gen.reading.folder_state import folder_states  # noqa: PLC0415
    from site_gen.serving.watch import changes  # noqa: PLC0415

    builder = Builder(folder, out)
    if asked.again:
        print(f"one changed result, by `build`: {timed(builder.build)}", flush=True)
        return
    if not folder.is_dir():
        write(folder, asked.submissions, targets)
    print(
        f"{asked.submissions:,} submissions × {len(targets)} targets × {asked.languages} languages; in brackets the processor's seconds"
    )
    alone = Timed(*parse_alone(folder))
    print(f"parsing alone, PyYAML in C: {alone}", flush=True)
    full = timed(builder.build)
    times = f"{full.seconds / alone.seconds:.2f} times that ({full.used / alone.used:.2f})"
    memory = (
        sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        / 2**20
    )
    print(f"full build: {full}, {times}; memory {memory:.2f} GiB", flush=True)
    told = changes(folder, folder_states(folder))
    for _ in range(2):  # the first says that we are listening
        change(folder)
        again = timed(lambda: builder.build(next(told)))
    print(f"one changed result, by `serve`, from the change on: {again}", flush=True)
    change(folder)
    command = [sys.executable, __file__, "--again", "--folder", root, "--languages", str(asked.languages)]
    subprocess.run(command, check=True)
    front = len(gzip.compress((out / "index.html").read_bytes(), mtime=0))
    print(f"front page: {front / 1000:.0f} kB compressed", flush=True)
    subprocess.run(
        [sys.executable, Path(__file__).with_name("site_in_browser.py"), out / "index.html"], check=True
    )
    if asked.folder is None:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
