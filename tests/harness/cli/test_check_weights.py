"""The real client of the Hub asks a server on this machine whether checkpoints are still there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.main import main
from harness.records import NoticeKind
from harness.store.notices import NOTICES_FILE, load_notices
from tests.support.folders import ROOT
from tests.support.hub_server import HubServer
from tests.support.submissions import REPORTED, write_submission

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = ("config.json", "model.safetensors")
ERRORS = {
    "RevisionNotFound": (404, {"X-Error-Code": "RevisionNotFound"}),
    "GatedRepo": (401, {"X-Error-Code": "GatedRepo"}),
    "Disabled": (403, {"X-Error-Message": "Access to this resource is disabled."}),
    "Overloaded": (503, {}),
    "Proxy": (404, {}),  # not the Hub's answer: it names its reason
}


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch, hub: HubServer) -> None:
    """Have a token, as a maintainer's machine has."""
    monkeypatch.setenv("HF_TOKEN", "a-secret")


def put(hub: HubServer, name: str, state: tuple[str, ...] | str) -> None:
    """Let a repository have these files, or be refused as ERRORS says."""
    where = f"/{name}/"
    hub.faults[:] = [fault for fault in hub.faults if fault.where != where]
    hub.repositories.pop(("models", name), None)
    if isinstance(state, str):
        status, headers = ERRORS[state]
        hub.fail(where, status=status, headers=headers)
    else:
        hub.add(name, dict.fromkeys(state, b"{}"), commit=REVISION)


def check(submissions: Path, *slugs: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(main, ["check-weights", *slugs, "--submissions", str(submissions)])
    return done.exit_code, done.stdout, done.stderr


def check_apart(submissions: Path, prelude: str = "", **environment: str) -> tuple[int, str]:
    """Run the command in a process of its own, and return its exit code and its errors."""
    code = f"{prelude}\nfrom harness.cli.main import main; main()"
    command = [sys.executable, "-c", code, "check-weights", "--submissions", str(submissions)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | environment
    )
    return done.returncode, done.stderr


def on_the_hub(*names: str) -> str:
    entries = [f"{{seed: {seed}, hub: toys/{name}, revision: {REVISION}}}" for seed, name in enumerate(names)]
    return f"[{', '.join(entries)}]"


def notices(submissions: Path, slug: str) -> list[tuple[str, tuple[str, ...], bool]]:
    record = load_notices(submissions / slug)
    assert record is not None
    assert {notice.kind for notice in record.notices} == {NoticeKind.WEIGHTS_GONE}
    return [(notice.reason, notice.targets, notice.lifted is not None) for notice in record.notices]


def test_a_notice_is_written_lifted_and_written_again_as_the_weights_go_and_come(
    hub: HubServer, tmp_path: Path
) -> None:
    write_submission(tmp_path / "one", checkpoints=on_the_hub("one"))
    write_submission(tmp_path / "local")
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper/submission.yaml").write_text(REPORTED)
    put(hub, "toys/one", FILES)
    assert check(tmp_path) == (
        0,
        "one: there\n1 of 3 submissions have weights on the Hub\n",
        "",
    )
    assert not (tmp_path / "one" / NOTICES_FILE).exists()
    assert [request for request in hub.requests if "resolve" in request] == [
        f"HEAD /toys/one/resolve/{REVISION}/{name}" for name in ("model.safetensors", "config.json")
    ]
    assert {token for _, token in hub.tokens} == {None}  # as anyone would ask
    del hub.repositories["models", "toys/one"]
    reason = "the Hub has no public repository toys/one"
    for changes in (" (1 added, 0 lifted)", ""):
        code, output, _ = check(tmp_path, "one")
        assert (code, output.splitlines()[0]) == (0, f"one: {reason}{changes}")
    assert notices(tmp_path, "one") == [(reason, (), False)]
    put(hub, "toys/one", FILES)
    assert check(tmp_path, "one")[1].startswith("one: there (0 added, 1 lifted)\n")
    assert notices(tmp_path, "one") == [(reason, (), True)]
    put(hub, "toys/one", "RevisionNotFound")
    assert check(tmp_path, "one")[0] == 0
    other = "the Hub has no commit 0123456789ab of toys/one"
    assert notices(tmp_path, "one") == [(reason, (), True), (other, (), False)]


def test_each_way_to_be_gone_has_its_reason(hub: HubServer, tmp_path: Path) -> None:
    states: dict[str, tuple[tuple[str, ...] | str, str]] = {
        "disabled": ("Disabled", "the Hub has disabled toys/disabled"),
        "gated": (
            "GatedRepo",
            "the Hub gives toys/gated at 0123456789ab only to those whom its owners admit",
        ),
        "headless": (("config.json",), "the Hub has not all files of toys/headless at 0123456789ab"),
        "sharded": (("config.json", "model.safetensors.index.json"), ""),
        "stray": (("model.safetensors",), "the Hub has not all files of toys/stray at 0123456789ab"),
    }
    for slug, (state, _) in states.items():
        write_submission(tmp_path / slug, checkpoints=on_the_hub(slug))
        put(hub, f"toys/{slug}", state)
    code, output, _ = check(tmp_path)
    assert code == 0
    assert output.splitlines()[:-1] == [
        f"{slug}: {f'{reason} (1 added, 0 lifted)' if reason else 'there'}"
        for slug, (_, reason) in states.items()
    ]


def test_seeds_and_heads_are_told_apart(hub: HubServer, tmp_path: Path) -> None:
    write_submission(tmp_path / "one", checkpoints=on_the_hub("zero", "one"))
    with (tmp_path / "one/submission.yaml").open("a") as file:
        file.write(f"finetuned:\n  xnli: {{hub: toys/head, revision: {REVISION}}}\n")
    put(hub, "toys/zero", FILES)
    assert check(tmp_path)[0] == 0
    assert notices(tmp_path, "one") == [
        ("1 of 2 seeds: the Hub has no public repository toys/one", (), False),
        ("the Hub has no public repository toys/head", ("xnli",), False),
    ]


def test_no_clear_answer_changes_nothing_and_is_named(hub: HubServer, tmp_path: Path) -> None:
    for slug in ("busy", "behind", "gone"):
        write_submission(tmp_path / slug, checkpoints=on_the_hub(slug))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/submission.yaml").write_text("title: [\n")
    put(hub, "toys/busy", "Overloaded")
    put(hub, "toys/behind", "Proxy")
    code, output, errors = check(tmp_path)
    assert code == 1
    assert output.startswith("gone: the Hub has no public repository toys/gone (1 added, 0 lifted)\n")
    named = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert [line.partition(": ")[2].partition(":")[0] for line in named] == ["behind", "broken", "busy"]
    assert "does not say whether toys/busy at 0123456789ab is there: HfHubHTTPError" in named[2]
    assert [path.parent.name for path in tmp_path.glob(f"*/{NOTICES_FILE}")] == ["gone"]


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "0"}, {"HF_HUB_OFFLINE": "1"}])
def test_without_a_network_nothing_is_gone(tmp_path: Path, environment: dict[str, str]) -> None:
    write_submission(tmp_path / "one", checkpoints=on_the_hub("one"))
    code, errors = check_apart(tmp_path, HF_ENDPOINT="http://127.0.0.1:9", **environment)
    assert (code, "Traceback" in errors) == (1, False)
    assert errors.startswith("error: one: the Hub does not say whether toys/one at 0123456789ab is there")
    assert not (tmp_path / "one" / NOTICES_FILE).exists()


def test_without_the_client_the_command_says_how_to_install_it(tmp_path: Path) -> None:
    write_submission(tmp_path / "one", checkpoints=on_the_hub("one"))
    code, errors = check_apart(tmp_path, "import sys; sys.modules['huggingface_hub'] = None")
    assert code == 2
    assert "`stiltboard check-weights` needs the package 'huggingface_hub'" in errors
