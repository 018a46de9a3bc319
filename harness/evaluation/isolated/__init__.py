"""Evaluate a submission in another process: in a sandbox without network, or with resource limits alone.

An evaluation has two steps. Fetching uses the network and runs nothing of a checkpoint: the parent process
(parent.py) fetches and verifies text and weights. Evaluating parses untrusted files with libraries in C++ and
Rust, and needs no network: it happens in the child process (child.py), which can read the verified files, and
write only the results and a cache of this submission. Its reply (protocol.py) is untrusted input as well.
"""

from harness.evaluation.isolated.parent import Apart, estimate_apart, evaluate_apart

__all__ = ["Apart", "estimate_apart", "evaluate_apart"]
