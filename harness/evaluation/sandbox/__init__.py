"""Run a command where there is no network, no home and nobody else, or not at all; end what takes too much."""

from harness.evaluation.sandbox.confinement import Confinement, Limits, interpreter
from harness.evaluation.sandbox.process import run_apart
from harness.evaluation.sandbox.selfcheck import find_mechanism

__all__ = ["Confinement", "Limits", "find_mechanism", "interpreter", "run_apart"]
