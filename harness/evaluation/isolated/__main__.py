"""Start the process that evaluates."""

import sys

from harness.evaluation.isolated.child import main

main(*sys.argv[1:])
