"""Find a mechanism whose sandbox is tight on this machine, by probes inside it against targets outside."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from harness.characters import shown
from harness.errors import CheckFailed
from harness.evaluation.sandbox.confinement import Confinement, Limits, interpreter
from harness.evaluation.sandbox.mechanisms import MECHANISMS, Mechanism
from harness.evaluation.sandbox.outside import reachable_outside
from harness.evaluation.sandbox.probes import PROBES

_PROBES = Path(__file__).with_name("probes.py")
_SECONDS = 60
_CURE = (
    "allow user namespaces (sysctl user.max_user_namespaces, "
    "kernel.apparmor_restrict_unprivileged_userns=0), install bubblewrap, or start docker; "
    "without --sandbox the code that parses a checkpoint can read your files"
)


def find_mechanism(confinement: Confinement, mechanisms: Sequence[Mechanism] | None = None) -> Mechanism:
    """Return the first mechanism in which every probe is denied; raises CheckFailed if there is none."""
    reasons = []
    for mechanism in MECHANISMS if mechanisms is None else mechanisms:
        reason = mechanism.missing() or why_leaky(mechanism, confinement)
        if reason is None:
            return mechanism
        reasons.append(f"{mechanism.name}: {reason}")
    raise CheckFailed(
        "no sandbox is tight on this machine, so nothing was evaluated "
        f"({'; '.join(reasons) or 'no mechanism is known'})",
        cure=_CURE,
    )


def why_leaky(mechanism: Mechanism, confinement: Confinement) -> str | None:
    """Return what a probe reached from inside, or why the sandbox cannot be made; None if all were denied."""
    with (
        reachable_outside(confinement) as (outside, arrived),
        tempfile.TemporaryDirectory(prefix="stiltboard-") as root,
    ):
        command = [interpreter(), "-I", "-S", str(_PROBES), json.dumps(outside)]
        reading, writing = os.pipe()
        with os.fdopen(reading), os.fdopen(writing):  # the first process ends with its standard input
            try:
                process = subprocess.run(
                    mechanism.command_line(command, confinement, Limits(), Path(root)),
                    env=mechanism.environment(confinement),
                    stdin=reading,
                    capture_output=True,
                    timeout=_SECONDS,
                    check=False,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                )
            except (OSError, subprocess.TimeoutExpired) as reason:
                return str(reason)
        message = arrived()
    try:
        answers: dict[str, str | None] = json.loads(process.stdout)
    except ValueError:
        answers = {}
    if not isinstance(answers, dict) or answers.keys() != PROBES.keys():
        output = process.stderr.strip() or process.stdout.strip() or f"exit code {process.returncode}"
        return shown(output.splitlines()[-1], 200)
    answers["UDP"] = answers["UDP"] or message
    reached = [f"{name} is not denied: {shown(what)}" for name, what in answers.items() if what is not None]
    return "; ".join(reached) or None
