"""Evaluate a submission in a process of its own: in a sandbox without network, or with limits alone.

An evaluation is two steps. Fetching uses the network and runs nothing of a checkpoint: text and weights are
brought and verified in the process that was started (parent.py). Evaluating parses what strangers wrote, with
libraries in C++ and Rust, and needs no network: it happens in the other process (child.py), which gets the
verified files to read, and may write the results and a cache of this submission alone. What comes back
(protocol.py) is read like a stranger's file.
"""

from harness.evaluation.isolated.parent import Apart, evaluate_apart

__all__ = ["Apart", "evaluate_apart"]
