"""What GitHub runs: when, with which rights, from which commits; and the scripts themselves, run against a repository here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.acts import ACTS, maintained_board
from tests.support.folders import ROOT
from tests.support.pull_requests import Repository, about, begin, git, measured, written
from tests.support.requests import request_text

GITHUB = ROOT / ".github"
PINS = {
    "actions/checkout": "9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0",
    "actions/setup-python": "5fda3b95a4ea91299a34e894583c3862153e4b97",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/configure-pages": "45bfe0192ca1faeb007ade9deae92b16b8254a0d",
    "actions/upload-pages-artifact": "fc324d3547104276b827a68afc52ff2a11cc49c9",
    "actions/deploy-pages": "cd2ce8fcbc39b97be8ca5fce6e763baed58fa128",
}
TRIGGERS: dict[str, object] = {
    "ci": {"push": {"branches": ["main"]}, "pull_request": None, "merge_group": None},
    "submission": {"pull_request": None},
    "pages": {"push": {"branches": ["main"]}, "pull_request": None, "workflow_dispatch": None},
    "comment": {"workflow_run": {"workflows": ["submission"], "types": ["completed"]}},
    "release": {"push": {"tags": ["v*"]}},
    "weights": {"schedule": [{"cron": "23 5 * * 1"}], "workflow_dispatch": None},
}
RIGHTS = {
    "ci": {"test": {"contents": "read"}, "light": {"contents": "read"}, "passed": {}},
    "release": {
        "build": {"contents": "read"},
        "publish": {"contents": "read", "actions": "read", "id-token": "write"},
    },
    "submission": {"check": {"contents": "read"}},
    "comment": {"comment": {"actions": "read", "pull-requests": "write"}},
    "evaluate": {
        "evaluate": {"contents": "read"},
        "judge": {"contents": "read", "actions": "read"},
        "propose": {"contents": "write", "pull-requests": "write", "actions": "read"},
    },
    "pages": {
        "preview": {"contents": "read"},
        "configure": {"pages": "read"},
        "build": {"contents": "read"},
        "deploy": {"pages": "write", "id-token": "write"},
    },
    "weights": {
        "check": {"contents": "read"},
        "propose": {"contents": "write", "pull-requests": "write", "actions": "read"},
    },
}
WORKFLOWS: dict[str, dict[Any, Any]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted(GITHUB.glob("workflows/*"))
}
STEPS = [
    (name, job, step)
    for name, flow in WORKFLOWS.items()
    for job, body in flow["jobs"].items()
    for step in body["steps"]
]


def triggers(name: str) -> dict[str, Any]:
    return WORKFLOWS[name][True]  # what YAML 1.1 reads `on` as


def test_every_workflow_is_started_by_what_it_should_be_and_nothing_else() -> None:
    assert set(WORKFLOWS) == {*TRIGGERS, "evaluate"}
    assert {name: triggers(name) for name in TRIGGERS} == TRIGGERS
    assert list(triggers("evaluate")) == ["workflow_dispatch", "issues"]
    assert triggers("evaluate")["issues"] == {"types": ["labeled"]}
    assert "github.event.label.name == 'evaluate'" in WORKFLOWS["evaluate"]["jobs"]["evaluate"]["if"]


def test_every_job_has_the_least_rights_and_no_secret() -> None:
    assert [flow["permissions"] for flow in WORKFLOWS.values()] == [{}] * len(WORKFLOWS)
    assert {
        name: {job: body["permissions"] for job, body in flow["jobs"].items()}
        for name, flow in WORKFLOWS.items()
    } == RIGHTS
    for path in GITHUB.glob("workflows/*"):
        assert "secrets" not in path.read_text().replace("no secret", "")
    # What runs a stranger's weights or code holds no right to write.
    assert {
        (name, job)
        for name, jobs in RIGHTS.items()
        for job, rights in jobs.items()
        if "write" in rights.values()
    } == {
        ("comment", "comment"),
        ("evaluate", "propose"),
        ("pages", "deploy"),
        ("release", "publish"),
        ("weights", "propose"),
    }


def test_every_action_is_pinned_to_the_commit_that_was_read() -> None:
    used = [step["uses"] for _, _, step in STEPS if "uses" in step]
    assert {action.partition("@")[0] for action in used} == set(PINS)
    assert [action for action in used if PINS[action.partition("@")[0]] != action.partition("@")[2]] == []


def test_every_job_ends_and_none_runs_twice_beside_itself() -> None:
    for flow in WORKFLOWS.values():
        assert set(flow["concurrency"]) == {"group", "cancel-in-progress"}
        assert all(0 < body["timeout-minutes"] < 360 for body in flow["jobs"].values())


def test_no_script_holds_what_somebody_else_wrote_and_no_checkout_keeps_the_token() -> None:
    assert [step["name"] for _, _, step in STEPS if "${{" in step.get("run", "")] == []
    checkouts = [step for _, _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert [step["with"]["persist-credentials"] for step in checkouts] == [False] * len(checkouts)
    # A write token is where it is used, and where it is used nothing is installed.
    writing = [step.get("run", "") for _, job, step in STEPS if job in ("propose", "comment")]
    assert not any(word in script for script in writing for word in ("pip", "python", "stiltboard"))


def test_a_pull_request_is_judged_by_the_base_and_never_checked_out() -> None:
    steps = [step for name, _, step in STEPS if name == "submission"]
    (checkout,) = (step for step in steps if step.get("uses", "").startswith("actions/checkout@"))
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    scripts = "\n".join(step.get("run", "") for step in steps)
    assert not any(
        f"git {word}" in scripts
        for word in ("checkout", "switch", "merge", "worktree", "reset", "pull", "restore")
    )
    assert [line for line in scripts.splitlines() if "fetch" in line] == [
        "git -c transfer.fsckObjects=true fetch --quiet --no-tags --no-recurse-submodules origin"
        ' "+refs/pull/${NUMBER}/head:refs/review/head"'
    ]


def test_the_site_is_built_configured_uploaded_and_deployed_apart() -> None:
    jobs = WORKFLOWS["pages"]["jobs"]
    used = {
        job: [step["uses"].partition("@")[0] for step in body["steps"] if "uses" in step]
        for job, body in jobs.items()
    }
    assert [used["configure"], used["deploy"]] == [["actions/configure-pages"], ["actions/deploy-pages"]]
    assert used["build"][-1] == "actions/upload-pages-artifact"
    assert [jobs[job].get("needs") for job in ("configure", "build", "deploy")] == [
        None,
        "configure",
        "build",
    ]
    assert jobs["build"]["steps"][-1]["with"] == {"path": "public", "include-hidden-files": True}
    assert jobs["preview"]["if"] == "github.event_name == 'pull_request'"
    assert "github.event_name != 'pull_request'" in jobs["configure"]["if"]


# ---- beside workflows --------------------------------------------------------------------------


def test_updates_are_proposed_after_a_while_and_the_powerful_files_have_owners() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "pip"}
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)
    owned = [
        line.split()[0]
        for line in (GITHUB / "CODEOWNERS").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    # The last line that matches decides, and without an owner nobody has to approve.
    assert owned == ["*", "/submissions/"]


def test_every_form_says_what_it_is_and_asks_for_something() -> None:
    forms = [path for path in sorted(GITHUB.glob("ISSUE_TEMPLATE/*.yml")) if path.name != "config.yml"]
    assert [form.stem for form in forms] == ["bug", "result", "submission"]
    for form in forms:
        read = yaml.safe_load(form.read_text())
        assert {"name", "description", "body"} <= set(read)
        fields = [item for item in read["body"] if item["type"] != "markdown"]
        assert all(
            item["type"] in ("input", "textarea", "dropdown", "checkboxes") and item["attributes"]["label"]
            for item in fields
        )
        assert len({item["id"] for item in fields}) == len(fields)
        assert any(item.get("validations", {}).get("required") for item in fields)


def test_every_label_that_is_set_by_itself_is_created_when_a_board_is_set_up() -> None:
    created = re.findall(r"gh label create (\S+)", (ROOT / "docs/maintaining.md").read_text())
    files = [GITHUB / "dependabot.yml", *GITHUB.glob("ISSUE_TEMPLATE/*.yml")]
    named = [
        label
        for file in files
        for labels in values_of("labels", yaml.safe_load(file.read_text()))
        for label in labels
    ]
    assert set(created) == {*named, "evaluate"}  # which a maintainer sets
    assert len(set(created)) == len(created)


def test_every_supported_python_is_tested() -> None:
    matrix = WORKFLOWS["ci"]["jobs"]["test"]["strategy"]["matrix"]
    assert matrix == {
        "python": ["3.11", "3.12", "3.13", "3.14"],
        "system": ["ubuntu-24.04", "ubuntu-24.04-arm"],
        "include": [{"python": "3.13", "system": "macos-15"}],
    }
    assert WORKFLOWS["ci"]["jobs"]["light"]["strategy"]["matrix"]["system"] == ["windows-2025", "macos-15"]
    assert WORKFLOWS["ci"]["jobs"]["passed"]["needs"] == ["test", "light"]


def test_a_release_is_published_only_where_the_owner_turned_it_on(tmp_path: Path) -> None:
    build, publish = WORKFLOWS["release"]["jobs"]["build"], WORKFLOWS["release"]["jobs"]["publish"]
    assert publish["needs"] == "build" and publish["environment"] == "pypi"
    (step,) = (step for step in publish["steps"] if step["name"] == "Sign and publish them")
    assert step["env"] == {"PUBLISH": "${{ vars.PUBLISH_TO_PYPI }}"}
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/x.whl").write_text("x")
    for published, words in (
        ("", "nothing is published"),
        ("false", "nothing is published"),
        ("true", "not found"),
    ):
        environment = {"PATH": "/usr/bin:/bin", "GITHUB_STEP_SUMMARY": "summary", "PUBLISH": published}
        script = [
            "bash",
            "-e",
            "-o",
            "pipefail",
            "-c",
            f"python() {{ echo python not found; return 1; }}\n{step['run']}",
        ]
        done = subprocess.run(
            script, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert words in done.stdout and done.returncode == (published == "true")
    (step,) = (step for step in build["steps"] if step["name"] == "Build")
    assert '[[ "${TAG}" == "v${version}" ]]' in step["run"]


def values_of(key: str, node: Any) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == key)
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from values_of(key, child)


def zizmor(folder: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which(
        "zizmor", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    assert program, "zizmor is missing: make check installs what the tests need"
    command = [
        program,
        "--offline",
        "--pedantic",
        "--strict-collection",
        "--no-progress",
        "--color=never",
        str(folder),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_zizmor_finds_nothing_and_would_find_something(tmp_path: Path) -> None:
    done = zizmor(GITHUB)
    assert (done.returncode, done.stdout.strip()) == (0, "No findings to report. Good job! (1 ignored)")
    worse = Path(shutil.copytree(GITHUB, tmp_path / ".github"), "workflows/submission.yml")
    worse.write_text(worse.read_text().replace("${AUTHOR}", "${{ github.event.pull_request.title }}"))
    done = zizmor(tmp_path / ".github")
    assert done.returncode != 0
    assert "template-injection" in done.stdout


# ---- the scripts -------------------------------------------------------------------------------


class Runner:
    """A machine that runs a job's scripts as GitHub does: bash -e, an environment, a checkout without the token."""

    def __init__(self, folder: Path, origin: Path) -> None:
        self.folder, self.temp, self.summary = folder / "work", folder / "temp", folder / "summary.md"
        self.temp.mkdir(parents=True)
        git(folder, "clone", "--quiet", "--template=", str(origin), "work")
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.program(
            "stiltboard", f'exec "{sys.executable}" -P -c "from harness.cli.main import main; main()" "$@"'
        )

    def program(self, name: str, script: str) -> None:
        path = self.programs / name
        path.write_text(f"#!/usr/bin/env bash\n{script}\n")
        path.chmod(0o755)

    def run(self, workflow: str, job: str, step: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (found,) = (each for each in WORKFLOWS[workflow]["jobs"][job]["steps"] if each["name"] == step)
        assert set(found.get("env", {})) - {"GH_TOKEN"} == set(environment)
        given = {
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_RUN_ID": "77",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "toys/board",
            "GITHUB_ACTOR": "maintainer",
            "HOME": str(self.temp),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        command = ["bash", "-e", "-c", found["run"]]
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, env=given | environment
        )


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("origin")
    return begin(
        folder / "origin",
        {
            "submissions/mine/submission.yaml": about("mine", "ada"),
            "harness.py": b"raise SystemExit('ran')\n",
        },
    )


def test_the_submission_job_judges_a_pull_request_it_only_fetched(origin: Repository, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    hostile = f"open({str(canary)!r}, 'w')\n".encode()
    good = origin.pull({"submissions/new/submission.yaml": about("new", "eve")})
    bad = origin.pull(
        {"sitecustomize.py": hostile, "harness/__init__.py": hostile, "submissions/mine/x.py": hostile}
    )
    for number, (head, code) in enumerate([(good, 0), (bad, 1)], start=1):
        git(origin.folder, "update-ref", f"refs/pull/{number}/head", head)
        runner = Runner(tmp_path / str(number), origin.folder)
        assert (
            runner.run(
                "submission", "check", "Fetch the pull request as objects", NUMBER=str(number)
            ).returncode
            == 0
        )
        done = runner.run(
            "submission", "check", "Judge its files", BASE=origin.base, HEAD=head, AUTHOR="eve", PUSHER="eve"
        )
        assert done.returncode == code, done.stderr
        verdict = json.loads((runner.temp / "review" / "review.json").read_text())["verdict"]
        assert runner.summary.read_text().startswith(f"## Submission check: {verdict}\n")
        assert git(runner.folder, "status", "--porcelain", "--ignored") == ""
    assert not canary.exists()


def judged_by_the_job(origin: Repository, runner: Runner, head: str) -> subprocess.CompletedProcess[str]:
    """Run the steps of the submission job for a pull request of eve's, up to the verdict."""
    number = runner.folder.parent.name
    git(origin.folder, "update-ref", f"refs/pull/{number}/head", head)
    fetched = runner.run("submission", "check", "Fetch the pull request as objects", NUMBER=number)
    assert fetched.returncode == 0, fetched.stderr
    return runner.run(
        "submission", "check", "Judge its files", BASE=origin.base, HEAD=head, AUTHOR="eve", PUSHER="eve"
    )


@pytest.mark.slow
@pytest.mark.parametrize("act", list(ACTS))
def test_the_job_accepts_what_a_maintainer_does_and_refuses_it_of_a_stranger(
    tmp_path: Path, act: str
) -> None:
    board = maintained_board(tmp_path)
    base, head = ACTS[act](tmp_path, board)
    git(board.folder, "update-ref", "refs/heads/main", base)
    git(board.folder, "update-ref", "refs/pull/1/head", head)
    runner = Runner(tmp_path / "1", board.folder)
    assert runner.run("submission", "check", "Fetch the pull request as objects", NUMBER="1").returncode == 0
    for account, accepted in (("carol", True), ("mallory", False)):
        shutil.rmtree(runner.temp)
        runner.temp.mkdir()
        done = runner.run(
            "submission", "check", "Judge its files", BASE=base, HEAD=head, AUTHOR=account, PUSHER=account
        )
        assert (done.returncode == 0) is accepted, done.stdout + done.stderr
    assert runner.run("submission", "check", "Build the site as it would be after merging").returncode == 0


def built_by_the_job(runner: Runner) -> subprocess.CompletedProcess[str]:
    return runner.run("submission", "check", "Build the site as it would be after merging")


def commands_in(log: str) -> list[str]:
    """Return the lines that GitHub's runner takes for commands: `::` at the start, `##[` anywhere.

    None is taken between `::stop-commands::TOKEN` and `::TOKEN::`.
    """
    commands, token = [], ""
    for line in log.splitlines():
        if token:
            token = "" if line.strip() == f"::{token}::" else token
        elif line.strip().startswith("::stop-commands::"):
            token = line.strip().removeprefix("::stop-commands::")
        elif line.strip().startswith("::") or "##[" in line:
            commands.append(line)
    assert token == ""
    return commands


def test_a_preview_is_built_of_what_would_be_merged_and_of_nothing_else(
    origin: Repository, tmp_path: Path
) -> None:
    runner = Runner(tmp_path / "11", origin.folder)
    head = origin.pull({"submissions/new/submission.yaml": about("new", "eve")})
    assert judged_by_the_job(origin, runner, head).returncode == 0
    assert sorted(path.name for path in (runner.temp / "merged").iterdir()) == ["mine", "new"]
    done = built_by_the_job(runner)
    assert done.returncode == 0, done.stderr
    page = runner.temp / "preview/submissions/new.html"
    assert "<h1" in page.read_text()
    assert git(runner.folder, "status", "--porcelain", "--ignored") == ""
    refused = Runner(tmp_path / "12", origin.folder)
    head = origin.pull({"submissions/new/x.py": b"", "submissions/new/submission.yaml": about("new", "eve")})
    assert judged_by_the_job(origin, refused, head).returncode == 1
    assert not (refused.temp / "merged").exists()
    done = built_by_the_job(refused)
    assert (done.returncode, done.stdout) == (0, "no submission would change, or something is refused\n")


@pytest.mark.slow
def test_a_preview_needs_the_changed_row_and_no_other(origin: Repository, tmp_path: Path) -> None:
    base = origin.pull({"submissions/broken/submission.yaml": b"title: [\n"})
    head = origin.pull({"submissions/new/submission.yaml": about("new", "eve")}, base)
    board = Repository(origin.folder, base, {})
    runner = Runner(tmp_path / "13", origin.folder)
    git(runner.folder, "fetch", "--quiet", "origin", base)
    assert judged_by_the_job(board, runner, head).returncode == 0
    assert built_by_the_job(runner).returncode == 0
    runner.program("stiltboard", f"mkdir -p {runner.temp}/preview/submissions; exit 1")
    (runner.temp / "preview/submissions/new.html").unlink()
    done = built_by_the_job(runner)
    assert (done.returncode, commands_in(done.stdout)) == (1, ["::error::the submission would not be shown"])


def test_no_text_of_a_pull_request_is_a_command_in_the_log(origin: Repository, tmp_path: Path) -> None:
    title = '"##[error]::error::see ##[group]"'
    hostile = about("new", "eve").replace(b"title: New", f"title: {title}".encode())
    path = "submissions/new/submission.yaml"
    runner = Runner(tmp_path / "14", origin.folder)
    for edits, code in (
        ({path: hostile}, 0),
        ({path: hostile + b"##[error]: '::set-output name=x::y'\n::add-mask::: 1\n"}, 1),
        ({path: hostile, "submissions/new/a\n::error::\n##[error].txt": b""}, 1),
    ):
        done = judged_by_the_job(origin, runner, origin.pull(edits))
        assert done.returncode == code, done.stderr
        log = [*commands_in(done.stdout), *commands_in(done.stderr)]
        if code == 0:
            built = built_by_the_job(runner)
            assert built.returncode == 0, built.stderr
            log += [*commands_in(built.stdout), *commands_in(built.stderr)]
            assert "##[error]" in (runner.temp / "preview/submissions/new.html").read_text()
        assert log == []
        shutil.rmtree(runner.temp / "review")


@pytest.mark.parametrize(
    ("workflow", "job", "command"),
    [
        ("submission", "check", "stiltboard review"),
        ("submission", "check", "stiltboard build"),
        ("evaluate", "evaluate", "stiltboard evaluate"),
        ("evaluate", "judge", "stiltboard review"),
        ("pages", "build", "stiltboard build"),
        ("weights", "check", "stiltboard check-weights"),
        ("weights", "check", "stiltboard review"),
    ],
)
def test_what_reads_the_files_of_others_prints_no_commands(workflow: str, job: str, command: str) -> None:
    (script,) = (
        step["run"] for step in WORKFLOWS[workflow]["jobs"][job]["steps"] if command in step.get("run", "")
    )
    before, _, after = script.partition(command)
    assert 'stop="$(openssl rand -hex 16)"\n' in before
    assert 'echo "::stop-commands::${stop}"' in before
    assert 'echo "::${stop}::"' in after


@pytest.fixture
def evaluated(origin: Repository, tmp_path: Path) -> Runner:
    """Return a runner with the results of an evaluation as the artifact that `gh run download` brings."""
    runner = Runner(tmp_path, origin.folder)
    for path, data in written(tmp_path / "made", *measured("mine")).items():
        place = tmp_path / "artifacts" / "results" / Path(path).name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    runner.program(
        "gh",
        f'echo "$@" >> {tmp_path}/gh.log; [[ "$1 $2" != "run download" ]] || cp -r {tmp_path}/artifacts/"$7" "$9"',
    )
    return runner


def test_the_evaluate_jobs_turn_an_artifact_into_a_judged_pull_request(
    evaluated: Runner, origin: Repository, tmp_path: Path
) -> None:
    assert evaluated.run("evaluate", "judge", "Download the results").returncode == 0
    done = evaluated.run("evaluate", "judge", "Commit and judge them", SLUG="mine")
    assert done.returncode == 0, done.stderr
    body = (evaluated.temp / "proposal" / "body.md").read_text()
    assert "https://github.com/toys/board/actions/runs/77" in body
    assert "  jupyterlab.parquet\n" in body
    assert "## Submission check: accepted" in body
    shutil.copytree(evaluated.temp / "proposal", tmp_path / "artifacts" / "proposal")
    writer = Runner(tmp_path / "writer", origin.folder)
    shutil.copy(evaluated.programs / "gh", writer.programs)
    assert writer.run("evaluate", "propose", "Download the commit").returncode == 0
    done = writer.run("evaluate", "propose", "Push it and open the pull request", SLUG="mine", NUMBER="")
    assert done.returncode == 0, done.stderr
    assert git(origin.folder, "diff", "--name-only", "main", "evaluate/mine-77").splitlines() == [
        "submissions/mine/results/jupyterlab.parquet",
        "submissions/mine/results/jupyterlab.yaml",
    ]
    assert (
        "pr create --repo toys/board --base main --head evaluate/mine-77" in (tmp_path / "gh.log").read_text()
    )


def test_a_commit_that_changes_more_than_results_is_not_pushed(
    evaluated: Runner, origin: Repository, tmp_path: Path
) -> None:
    head = origin.pull({"submissions/mine/results/x.yaml": b"x", ".github/workflows/ci.yml": b"x"})
    git(origin.folder, "update-ref", "refs/heads/made", head)
    (tmp_path / "artifacts" / "proposal").mkdir(parents=True)
    git(origin.folder, "checkout", "--quiet", "--detach", head)
    git(
        origin.folder,
        "bundle",
        "create",
        str(tmp_path / "artifacts" / "proposal" / "commit.bundle"),
        "HEAD~1..HEAD",
    )
    git(origin.folder, "checkout", "--quiet", "main")
    assert evaluated.run("evaluate", "propose", "Download the commit").returncode == 0
    done = evaluated.run("evaluate", "propose", "Push it and open the pull request", SLUG="mine", NUMBER="")
    assert (done.returncode, done.stdout) == (1, "::error::the commit changes more than the results\n")
    assert "evaluate/mine-77" not in git(origin.folder, "branch", "--all", "--contains", head)


def test_only_plain_files_leave_the_job_that_opened_the_weights(evaluated: Runner) -> None:
    results = evaluated.folder / "submissions" / "mine" / "results"
    results.mkdir()
    for name in ("jupyterlab.yaml", "jupyterlab.parquet"):
        (results / name).write_text("x")
    assert evaluated.run("evaluate", "evaluate", "Collect the results", SLUG="mine").returncode == 0
    shutil.rmtree(evaluated.temp / "results")
    (results / "xnli.yaml").symlink_to("/etc/passwd")
    done = evaluated.run("evaluate", "evaluate", "Collect the results", SLUG="mine")
    assert (done.returncode, done.stdout) == (1, "::error::the evaluation left something else than files\n")


CHOOSE = "Choose the submission, and write the one that is requested"


@pytest.mark.parametrize("slug", ["../x", "$(touch canary)", "a b", "-x", "", "A"])
def test_a_slug_that_is_none_ends_the_evaluation(evaluated: Runner, slug: str) -> None:
    done = evaluated.run(
        "evaluate", "evaluate", CHOOSE, SLUG=slug, TARGET="", EVENT="workflow_dispatch", BODY="", AUTHOR=""
    )
    assert (done.returncode, done.stdout) == (2, "::error::the slug is none\n")


def test_a_label_on_a_request_makes_its_submission_and_a_pull_request_that_closes_it(
    evaluated: Runner, origin: Repository, tmp_path: Path
) -> None:
    asked = {"EVENT": "issues", "AUTHOR": "bob", "SLUG": "", "TARGET": ""}
    text = request_text(slug="theirs", targets="jupyterlab")
    done = evaluated.run("evaluate", "evaluate", CHOOSE, BODY=text, **asked)
    assert done.returncode == 0, done.stderr
    assert (evaluated.temp / "output").read_text() == "slug=theirs\ntarget=jupyterlab\n"
    folder = evaluated.folder / "submissions" / "theirs"
    assert "https://github.com/bob" in (folder / "submission.yaml").read_text()
    (folder / "results").mkdir()
    for name in ("jupyterlab.yaml", "jupyterlab.parquet"):
        (folder / "results" / name).write_text("x")
    assert evaluated.run("evaluate", "evaluate", "Collect the results", SLUG="theirs").returncode == 0
    assert (evaluated.temp / "results/submission.yaml").is_file()
    done = evaluated.run("evaluate", "evaluate", CHOOSE, BODY="### Title\n\n::error::x", **asked)
    assert done.returncode == 3 and commands_in(done.stdout) == [] and commands_in(done.stderr) == []


VERDICT = {"verdict": "needs a maintainer", "reasons": [{"rule": "reported"}, {"rule": "<b>"}, {"rule": 7}]}


@pytest.mark.parametrize(
    ("verdict", "pull", "comment"),
    [
        (VERDICT, "17", "**Submission check: needs a maintainer** (reported)\n"),
        ({"verdict": "accepted", "reasons": []}, "17", "**Submission check: accepted**\n"),
        ({"verdict": "accepted <img>", "reasons": []}, "17", ""),
        ({"reasons": "x"}, "17", ""),
        (VERDICT, "", ""),
    ],
)
def test_a_comment_says_the_verdict_and_nothing_that_somebody_wrote(
    verdict: dict[str, Any], pull: str, comment: str, origin: Repository, tmp_path: Path
) -> None:
    runner = Runner(tmp_path / "runner", origin.folder)
    (tmp_path / "review.json").write_text(json.dumps(verdict))
    runner.program(
        "gh",
        f'case "$1 $2" in "run download") cp {tmp_path}/review.json "${{@: -1}}" ;; "api repos"*) echo {pull} ;; '
        f'"pr comment") cp "${{@: -1}}" {tmp_path}/said ;; esac',
    )
    done = runner.run("comment", "comment", "Comment", RUN="5", ADDRESS="https://x.example/5", HEAD="0" * 40)
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "said").read_text() if (tmp_path / "said").exists() else ""
    assert said.startswith(comment) if comment else not said


ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
HOOK = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]


def test_the_action_for_other_repositories_installs_itself_and_runs_a_command(tmp_path: Path) -> None:
    """Its script is run with a `pip` that notes what it would install, where there are no submissions yet."""
    install, run = ACTION["runs"]["steps"]
    assert install["uses"] == f"actions/setup-python@{PINS['actions/setup-python']}"
    assert set(run["env"].values()) == {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}
    assert "${{" not in run["run"]
    fake = tmp_path / "bin/python"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/installed\n')
    fake.chmod(0o755)
    (tmp_path / "submissions").mkdir()
    path = os.pathsep.join([str(fake.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = os.environ | {"PATH": path, "GITHUB_ACTION_PATH": "/action", "ARGUMENTS": ""}

    def ended(command: str, arguments: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", run["run"]],
            cwd=tmp_path,
            env=variables | {"COMMAND": command, "ARGUMENTS": arguments},
            capture_output=True,
            text=True,
            check=False,
        )

    done = ended("validate")
    assert done.returncode == 0, done.stderr
    assert "0 submissions checked, no faults" in done.stdout
    assert (tmp_path / "installed").read_text().split()[-3:] == [
        "--constraint",
        "/action/constraints.txt",
        "/action",
    ]
    assert ended("validate", "nobody").returncode == 3
    assert ended("publish; touch taken").returncode == 2
    assert not (tmp_path / "taken").exists()


def test_the_hook_for_other_repositories_runs_a_command_of_the_wheel() -> None:
    assert (HOOK["id"], HOOK["entry"].split()) == ("stiltboard-validate", ["stiltboard", "validate"])
    assert re.search(HOOK["files"], "submissions/a/submission.yaml")
    assert not re.search(HOOK["files"], "docs/submissions.md")
