"""Submissions as files, and what an evaluation left of one."""

from __future__ import annotations

import hashlib
from pathlib import Path

SUBMISSION = """\
schema: 1
title: Toy
family: toy
base: {{id: toys/toy}}
intermediate: {{regime: none}}
encoding: {{layer: {layer}, pooling: mean, prefix: "", max_length: 64}}
checkpoints: {checkpoints}
submitters: [{{name: Nobody}}]
license: MIT
"""


def write_submission(
    folder: Path, layer: str = "last", checkpoints: str = "[{seed: 0, path: weights}]"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "submission.yaml").write_text(SUBMISSION.format(layer=layer, checkpoints=checkpoints))
    return folder


def result_without_run(submission: Path) -> tuple[str, str]:
    text = (submission / "results/jupyterlab.yaml").read_text()
    return text.partition("\nruns:")[0], hashlib.sha256(
        (submission / "results/jupyterlab.parquet").read_bytes()
    ).hexdigest()


REPORTED = """\
schema: 1
title: XLM-R large
family: xlm-roberta
base: {id: FacebookAI/xlm-roberta-large, revision: null}
intermediate: {regime: english, languages: [en]}
encoding: {layer: 14, pooling: mean}
reported:
  citation: Somebody 2020. Table 2
  source: https://example.org/paper
  parameters: 559000000
  note: null
  scores:
    xnli: {means: {accuracy: 79.2}}
    xquad: {means: {f1: 76.6, exact_match: 60.8}}
    mlqa: {means: {f1: 71.6}}
    tatoeba: {means: {accuracy_to_english: 95.22}}
    bucc2018_dev: {languages: {de: 77.7, fr: 62.7, ru: 79.2, zh: 66.5}, differs: repeated sentences are kept}
submitters: [{name: Nobody}]
"""
