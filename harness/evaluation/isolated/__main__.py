"""The entry point of the child process, `python -P -m harness.evaluation.isolated`."""

import sys

from harness.evaluation.isolated.child import main

main(*sys.argv[1:])
