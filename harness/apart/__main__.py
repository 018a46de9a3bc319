"""Start the process that evaluates."""

import sys

from harness.apart.inside import main

main(*sys.argv[1:])
