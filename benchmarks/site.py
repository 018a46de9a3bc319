"""Build the site of thousands of synthetic submissions; print time, memory, and the time of one change.

    python benchmarks/site.py [--submissions N] [--languages N] [--folder DIR]

The submissions have results on nine targets with the names and kinds of XTREME's, in `--languages` languages
each. The peer is PyYAML's loader in C, which only parses the same files. With `--folder` the submissions and
the site are kept, and submissions that exist there are used again.
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
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness import catalog
from harness.records import Pooling, Target, TextEncoding, View

if TYPE_CHECKING:
    from site_gen.build import Builder

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
  - {{name: The benchmark}}
license: MIT
"""
_INTERMEDIATE = {
    "none": "{regime: none}",
    "english": "{regime: english, tasks: [mnli], languages: [en], examples: 1000}",
    "multilingual": "{regime: multilingual, tasks: [mnli], languages: [en, de], examples: 1000}",
}


def widen(languages: int) -> list[Target]:
    """Return XTREME's nine targets with so many languages; the catalog of this process gets them too."""
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


def result_yaml(slug: str, target: Target, scores: NDArray[np.float64], body: int) -> str:
    """Return the YAML of a result as the harness writes it; `scores` by language in points.

    `body` is the number of parameters outside the embeddings.
    """
    signature = target.signature.encoded(
        TextEncoding(View(12, Pooling.MEAN), prefix="", max_length=512), roles=target.has_roles
    )
    lines = [
        "schema: 1",
        f"submission: {slug}",
        f"target: {target.name}",
        f'signature: "{signature}"',
        f"metric: {target.metric}",
        f"score: {scores.mean():.4f}",
        f"interval: [{scores.mean() - 1:.4f}, {scores.mean() + 1:.4f}]",
        f"measured: {len(scores)}",
        f"of: {len(scores)}",
        "checkpoints:",
        "  - seed: 0",
        "    source: weights",
        f"    weights: sha256:{'e' * 64}",
        "    parameters:",
        f"      total: {3 * body}",
        f"      body: {body}",
        "    layer: 12",
        "    scores:",
    ]
    for language, score in zip(target.languages, scores, strict=True):
        lines += [
            f'      "{language}":',
            f"        score: {score:.4f}",
            '        "n": 1000',
            f"        interval: [{max(0, score - 3):.4f}, {min(100, score + 3):.4f}]",
            "        secondary:" if target.secondary else "        secondary: {}",
            *(f"          {name}: {score:.4f}" for name in target.secondary or ()),
        ]
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
    """Write `count` synthetic submissions of all regimes, 12 families and 12 sizes, with random scores."""
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
                result_yaml(slug, target, scores, size * 10**6)
            )


class Timed(NamedTuple):
    """Wall time and processor time, in seconds."""

    wall: float
    processor: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.processor:.1f})"


def parse_alone(folder: Path) -> Timed:
    """Return the time that PyYAML's loader in C takes for every file, in a separate process."""
    program = (
        "import sys, time, yaml; from pathlib import Path\n"
        "files = sorted(Path(sys.argv[1]).rglob('*.yaml'))\n"
        "start, used = time.perf_counter(), time.process_time()\n"
        "for file in files: yaml.CSafeLoader(file.read_bytes()).get_single_data()\n"
        "print(time.perf_counter() - start, time.process_time() - used)"
    )
    command = [sys.executable, "-c", program, str(folder)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Timed(*map(float, output.split()))


def timed(work: Callable[[], object]) -> Timed:
    """Do the work, and return the time that this process and its finished children took."""
    before, start = _processor_seconds(), time.perf_counter()
    work()
    return Timed(time.perf_counter() - start, _processor_seconds() - before)


def _processor_seconds() -> float:
    return sum(
        resource.getrusage(who)[i] for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN) for i in (0, 1)
    )


def _memory_gib() -> float:
    """Return the largest memory of this process plus that of its largest child, in GiB."""
    kibibytes = (
        resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return sum(kibibytes) / 2**20


def change(folder: Path) -> None:
    """Date one result, of the submission in the middle, a day later."""
    slugs = sorted(path.name for path in folder.iterdir())
    path = folder / slugs[len(slugs) // 2] / "results" / "tatoeba.yaml"
    path.write_text(
        re.sub(
            r'date: "2026-01-(\d\d)',
            lambda date: f'date: "2026-01-{int(date[1]) + 1:02}',
            path.read_text(),
        )
    )


def main() -> None:
    """Write the submissions, time the builds, and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--submissions", type=int, default=1000)
    parser.add_argument("--languages", type=int, default=40)
    parser.add_argument("--folder", type=Path)
    parser.add_argument(
        "--again", action="store_true", help="only build the existing --folder again, in a new process"
    )
    arguments = parser.parse_args()
    root = arguments.folder or Path(tempfile.mkdtemp(prefix="bench-site-"))
    folder, out = root / "submissions", root / "public"
    os.environ["STILTBOARD_CACHE"] = str(root / "cache")  # empty, so that the first build is from nothing
    targets = widen(arguments.languages)
    from site_gen.build import Builder  # noqa: PLC0415 - after the catalog was widened

    builder = Builder(folder, out)
    if arguments.again:
        print(f"one changed result, by `build`: {timed(builder.build)}", flush=True)
        return
    if not folder.is_dir():
        write(folder, arguments.submissions, targets)
    print(
        f"{arguments.submissions:,} submissions × {len(targets)} targets × {arguments.languages} languages; "
        "processor time in brackets"
    )
    report_builds(builder, folder)
    change(folder)
    command = [sys.executable, __file__, "--again", "--folder", str(root)]
    subprocess.run([*command, "--languages", str(arguments.languages)], check=True)
    front = len(gzip.compress((out / "index.html").read_bytes(), mtime=0))
    print(f"front page: {front / 1000:.0f} kB compressed", flush=True)
    browser = Path(__file__).with_name("site_in_browser.py")
    subprocess.run([sys.executable, str(browser), str(out / "index.html")], check=True)
    if arguments.folder is None:
        shutil.rmtree(root)


def report_builds(builder: Builder, folder: Path) -> None:
    """Time parsing alone, a build from nothing, and one after a change as `serve` runs it; print each."""
    from site_gen.reading.folder_state import folder_states  # noqa: PLC0415 - see main
    from site_gen.serving.watch import changes  # noqa: PLC0415

    alone = parse_alone(folder)
    print(f"parsing alone, PyYAML in C: {alone}", flush=True)
    full = timed(builder.build)
    ratios = f"{full.wall / alone.wall:.2f} times that ({full.processor / alone.processor:.2f})"
    print(f"full build: {full}, {ratios}; memory {_memory_gib():.2f} GiB", flush=True)
    changed_folders = changes(folder, folder_states(folder))
    for _ in range(2):  # the first one only starts the watcher
        change(folder)
        again = timed(lambda: builder.build(next(changed_folders)))
    print(f"one changed result, by `serve`, from the change on: {again}", flush=True)


if __name__ == "__main__":
    main()
