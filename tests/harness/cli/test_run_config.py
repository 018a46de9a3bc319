"""A run in one file: what it may hold, what comes before it, and what is wrong in others."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli.main import main

CALL = (
    "evaluate ORG/MODEL other -t tatoeba,xnli -l de -l fr --limit 100 --bitext news=data/news --no-progress "
    "--dtype float32 --layer 3 --batch-tokens 512 --output out --json --ignore-identical-ids"
)
PRINTED = """\
models:
  - ORG/MODEL
  - other
targets:
  - tatoeba
  - xnli
languages:
  - de
  - fr
bitext:
  news: data/news
dtype: float32
batch-tokens: 512
ignore-identical-ids: true
limit: 100
layer: 3
output: out
json: true
progress: false
"""


def run(call: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, shlex.split(call))


def printed(call: str, **environment: str) -> str:
    answer = run(f"{call} --print-config", **environment)
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_a_call_and_its_file_are_the_same_run(tmp_path: Path) -> None:
    assert printed(CALL) == PRINTED
    (tmp_path / "run.yaml").write_text(PRINTED)
    assert printed(f"evaluate --config {tmp_path}/run.yaml") == PRINTED


def test_an_option_comes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(
        "models: [a/b]\ntargets: xnli\nlanguages: [de]\nlimit: 7\ndtype: float32\nsandbox: false\n"
    )
    call = f"evaluate --config {file}"
    environment = {"STILTBOARD_EVALUATE_LIMIT": "8", "STILTBOARD_EVALUATE_DTYPE": "bfloat16"}
    assert "limit: 7\n" in printed(call) and "dtype: float32\n" in printed(call)
    assert "limit: 8\n" in printed(call, **environment)
    assert "limit: 9\n" in printed(f"{call} --limit 9", **environment)
    assert "dtype: bfloat16\n" in printed(f"{call} --limit 9", **environment)
    assert "  - c/d\n" in printed(f"{call} c/d -l fr") and "a/b" not in printed(f"{call} c/d")
    assert "languages:\n  - fr\n" in printed(f"{call} -l fr")


def test_a_file_runs_as_its_options_do(
    toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = "-t jupyterlab -l de --limit 5 --device cpu --max-length 32 --json -q"
    by_options = run(f"evaluate {toy_encoder} {options}")
    assert by_options.exit_code == 0, by_options.output
    Path("run.yaml").write_text(printed(f"evaluate {toy_encoder} {options}"))
    by_file = run("evaluate --config run.yaml")
    assert by_file.exit_code == 0, by_file.output
    assert by_file.stdout == by_options.stdout and '"trial": 5' in by_file.stdout


@pytest.mark.parametrize(
    ("text", "fault", "cure"),
    [
        ("targts: [tatoeba]\n", ":1:1: unknown key 'targts'", "did you mean targets?"),
        ("print-config: true\n", ":1:1: unknown key 'print-config'", ""),
        ("limit: 1\nlimit: 2\n", ":2:1: the key 'limit' appears twice", "keep one of them"),
        ("limit: many\n", ":1:8: limit: 'many' is not a valid integer range", "--print-config"),
        ("limit: 0\n", ":1:8: limit: 0 is not in the range", "--print-config"),
        ("limit: [1]\n", ":1:1: limit: expected one value", "--print-config"),
        ("sandbox: yes\n", ":1:10: sandbox: expected true or false", "--print-config"),
        ("layer: first\n", ":1:8: layer: 'first' is neither last nor", "--print-config"),
        ("dtype: fp32\n", ":1:8: dtype: 'fp32' is not one of", "--print-config"),
        ("bitext: news=data\n", ":1:9: bitext: expected a mapping from names to folders", "--print-config"),
        ("models: {a: b}\n", ":1:1: models: expected a list of names", "--print-config"),
        ("- tatoeba\n", ":1:1: expected keys and values", "targets: [tatoeba]"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(
    text: str, fault: str, cure: str, tmp_path: Path
) -> None:
    (tmp_path / "run.yaml").write_text(text)
    answer = run(f"evaluate --config {tmp_path}/run.yaml")
    assert answer.exit_code == 3
    assert f"run.yaml{fault}" in answer.stderr and cure in answer.stderr


def test_every_fault_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("limit: x\njobs: 0\nmodel: a\n")
    assert run(f"evaluate --config {tmp_path}/run.yaml").stderr.count("error: ") == 3
    missing = run(f"evaluate --config {tmp_path}/none.yaml")
    assert missing.exit_code == 3 and "none.yaml: the file does not exist" in missing.stderr
