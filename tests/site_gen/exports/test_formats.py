"""Results in the formats of mteb, the Hub and Every Eval Ever, and mteb's results as rows."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from huggingface_hub import parse_eval_result_entries

from harness.catalog import TATOEBA_ISO3, find_target
from harness.cli.main import main
from harness.store import load_result, load_submission
from site_gen.exports.measured_checkpoints import complete_score
from tests.support.folders import SITE_SUBMISSIONS, tree

SLUGS = ("lodestar-s-none", "lodestar-s-english", "lodestar-xl-english")


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for slug in SLUGS:
        shutil.copytree(SITE_SUBMISSIONS / slug, tmp_path / "submissions" / slug)
    (tmp_path / "stiltboard.yaml").write_text("schema: 1\ntitle: Ours\nbase_url: https://ours.example\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, code: int = 0) -> str:
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == code, outcome.output
    return outcome.output


def test_mteb_gets_a_folder_for_each_checkpoint_and_an_experiment_for_another_layer(board: Path) -> None:
    path = board / "submissions/lodestar-s-none/submission.yaml"
    path.write_text(path.read_text().replace("layer: last", "layer: 3"))
    assert run("export", "mteb", "-o", "cache") == "cache: 12 files, 12 written\n"  # 1 + 3 + 2 checkpoints
    (experiment,) = Path("cache").glob("results/*/*/experiments/*/model_meta.json")
    assert experiment.parent.name == "layer_3"
    meta = json.loads(experiment.read_text())
    assert (meta["name"], meta["experiment_kwargs"]) == ("example/lodestar-s-none-s0", {"layer": 3})
    assert experiment.parts[2:4] == ("example__lodestar-s-none-s0", meta["revision"])
    result = load_result(Path("submissions/lodestar-s-english/results/tatoeba.yaml"))
    second = result.checkpoints[1]
    (file,) = Path("cache").glob("results/example__lodestar-s-english-s1/*/Tatoeba.json")
    german = next(e for e in json.loads(file.read_text())["scores"]["test"] if e["hf_subset"] == "deu-eng")
    assert german["accuracy"] == pytest.approx(
        second.scores["de"].secondary["accuracy_to_english"] / 100, abs=1e-6
    )


def test_the_hub_gets_an_entry_for_each_complete_score_and_the_boards_benchmark(board: Path) -> None:
    run("export", "eval-results", "--dataset", "ours/board", "-o", "hub")
    files = sorted(path.relative_to("hub").as_posix() for path in Path("hub").rglob("*.yaml"))
    assert files[0] == "example/lodestar-s-english-s0/.eval_results/lodestar-s-english.tatoeba.yaml"
    # One seed of lodestar-xl-english lacks a language: it has no score.
    assert not any("lodestar-xl-english-s1" in file for file in files)
    (entry,) = parse_eval_result_entries(yaml.safe_load((Path("hub") / files[0]).read_text()))
    result = load_result(Path("submissions/lodestar-s-english/results/tatoeba.yaml"))
    mean = sum(score.score for score in result.checkpoints[0].scores.values()) / 36
    assert (entry.dataset_id, entry.task_id, entry.value) == ("ours/board", "tatoeba", round(mean, 4))
    assert entry.source_url == "https://ours.example/submissions/lodestar-s-english.html#tatoeba"
    assert entry.source_name == "Ours" and entry.date == "2026-03-02"
    benchmark = yaml.safe_load(Path("hub/ours/board/eval.yaml").read_text())
    assert benchmark["evaluation_framework"] == "stiltboard"
    assert [task["id"] for task in benchmark["tasks"]] == ["jupyterlab", "tatoeba"]


def test_nothing_of_others_is_replaced_and_wrong_calls_are_named(board: Path) -> None:
    run("export", "mteb", "-o", "cache", "lodestar-s-none")
    (file,) = Path("cache").rglob("Tatoeba.json")
    assert run("export", "mteb", "-o", "cache", "lodestar-s-none") == "cache: 2 files, 0 written\n"
    file.write_text("measured by mteb itself\n")
    before = tree(Path("cache"))
    assert "is there with other content" in run("export", "mteb", "-o", "cache", code=3)
    assert tree(Path("cache")) == before
    run("export", "mteb", "-o", "cache", "--overwrite")
    assert "--dataset ORG/NAME" in run("export", "eval-results", "-o", "hub", code=2)
    assert "not of mteb" in run("export", "mteb", "--dataset", "a/b", "-o", "hub", code=2)
    shutil.rmtree("submissions/lodestar-s-none/results")
    assert "has a place in mteb" in run("export", "mteb", "-o", "x", "lodestar-s-none", code=3)


def test_results_of_mteb_become_rows_of_published_numbers(board: Path) -> None:
    run("export", "mteb", "-o", "cache", "lodestar-s-none")
    (file,) = Path("cache").rglob("Tatoeba.json")
    (file.parent / "STS17.json").write_text("{}")
    call = ("import", "mteb", "cache", "--regime", "none", "--submitter", "Ada")
    said = run(*call, "--source", "https://example.org/{model}/{revision}")
    assert "left out, no target here: STS17" in said
    row = load_submission(Path("submissions/reported-lodestar-s-none-s0"))
    result = load_result(Path("submissions/lodestar-s-none/results/tatoeba.yaml"))
    scores = result.checkpoints[0].scores.values()
    assert row.reported.scores["tatoeba"].means["accuracy_to_english"] == pytest.approx(
        sum(score.secondary["accuracy_to_english"] for score in scores) / 36, abs=1e-3
    )
    assert row.reported.source.startswith("https://example.org/example/lodestar-s-none-s0/")
    assert "3 submissions checked" not in run("validate", "reported-lodestar-s-none-s0")
    # A second time the slug is taken; a language less is no mean; a broken file is named.
    assert "already" in run(*call, "--source", "https://example.org", code=3)
    shutil.rmtree("submissions/reported-lodestar-s-none-s0")
    assert "reported.source: expected an address" in run(*call, "--source", "e.org", code=3)
    document = json.loads(file.read_text())
    document["scores"]["test"] = document["scores"]["test"][1:]
    file.write_text(json.dumps(document))
    assert re.search(
        r"lacks 1 of XTREME's 36 languages: ar\n +cure:", run(*call, "--source", "https://e.org", code=3)
    )
    for text, words in (("[", "is no JSON"), ("[]", "without keys"), ("{}", "no result of mteb's task")):
        file.write_text(text)
        assert words in run(*call, "--source", "https://e.org", code=3)
    assert not Path("submissions/reported-lodestar-s-none-s0").exists()
    assert "has no result of mteb's task" in run(
        "import", "mteb", "submissions", *call[3:], "--source", "https://e.org", code=3
    )


LOADED = """
import json, sys
import mteb
cache = mteb.ResultCache(sys.argv[1])
results = cache.load_results(include_remote=False)
print(json.dumps({
    f"{model.model_name}@{model.model_revision}": float(model.task_results[0].get_score(getter=lambda s: s["accuracy"]))
    for model in results.model_results
}))
"""
VALIDATED = """
import json, sys
from pathlib import Path
from jsonschema import Draft7Validator, validators
schema = json.loads((Path(sys.argv[1]) / "every_eval_ever/schemas/eval.schema.json").read_text())
validator = validators.validator_for(schema, Draft7Validator)(schema)
paths = sorted(Path(sys.argv[2]).rglob("*.json"))
print(len(paths), [error.message for path in paths for error in validator.iter_errors(json.loads(path.read_text()))])
"""


@pytest.mark.slow
def test_mteb_loads_what_was_exported_and_the_common_schema_accepts_it(board: Path) -> None:
    """In an environment of its own, which takes torch from this one and needs an index of packages."""
    subprocess.run([sys.executable, "-m", "venv", "venv"], check=True)
    python = board / "venv/bin/python"
    (site,) = (board / "venv/lib").glob("python*/site-packages")
    (here,) = {path for path in sys.path if path.endswith("site-packages")}
    (site / "here.pth").write_text(here)
    install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "mteb>=2.26", "jsonschema"], check=True)
    # Its own code needs Python 3.12; the schema is a file in it.
    fetch = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--python-version", "3.12"]
    subprocess.run([*fetch, "--only-binary", ":all:", "every_eval_ever==0.3.0"], check=True)
    (wheel,) = board.glob("every_eval_ever*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall("common")

    run("export", "mteb", "-o", "cache")
    run("export", "every-eval-ever", "-o", "records")
    command = [python, "-W", "ignore", "-c", LOADED, "cache"]
    environment = {"HF_HUB_OFFLINE": "1", "HOME": str(board), "PATH": "/usr/bin:/bin"}
    loaded = json.loads(
        subprocess.run(
            command, env=environment, capture_output=True, check=True, text=True
        ).stdout.splitlines()[-1]
    )
    assert len(loaded) == 6
    for slug in SLUGS:
        result = load_result(Path(f"submissions/{slug}/results/tatoeba.yaml"))
        declared = load_submission(Path(f"submissions/{slug}")).checkpoints
        for checkpoint, source in zip(result.checkpoints, declared, strict=True):
            measured = [
                checkpoint.scores[language].secondary["accuracy_to_english"] / 100
                for language in TATOEBA_ISO3
                if language in checkpoint.scores
            ]
            mean = sum(measured) / len(measured)
            assert loaded[f"{source.hub}@{source.revision}"] == pytest.approx(mean, abs=1e-6)
    command = [python, "-c", VALIDATED, "common", "records"]
    told = subprocess.run(command, env=environment, capture_output=True, check=True, text=True).stdout
    assert told == "6 []\n"


def test_a_score_of_one_checkpoint_is_a_mean_over_every_language(board: Path) -> None:
    result = load_result(Path("submissions/lodestar-s-none/results/tatoeba.yaml"))
    target = find_target("tatoeba")
    assert complete_score(target, result) == pytest.approx(result.score, abs=1e-4)
    fewer = {code: score for code, score in result.checkpoints[0].scores.items() if code != "de"}
    lacking = result.checkpoints[0].model_copy(update={"scores": fewer})
    assert complete_score(target, result.model_copy(update={"checkpoints": (lacking,)})) is None
