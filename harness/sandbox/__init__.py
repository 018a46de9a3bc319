"""Run a command where there is no network, no home and nobody else, or not at all; end what takes too much."""

from harness.sandbox.plan import Limits, View, interpreter
from harness.sandbox.running import run_apart
from harness.sandbox.selfcheck import find_mechanism

__all__ = ["Limits", "View", "find_mechanism", "interpreter", "run_apart"]
