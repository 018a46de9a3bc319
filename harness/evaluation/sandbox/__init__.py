"""Run a command with resource limits, in a sandbox without network, home folder or other processes."""

from harness.evaluation.sandbox.confinement import Confinement, Limits, interpreter
from harness.evaluation.sandbox.process import run_confined
from harness.evaluation.sandbox.selfcheck import find_mechanism

__all__ = ["Confinement", "Limits", "find_mechanism", "interpreter", "run_confined"]
