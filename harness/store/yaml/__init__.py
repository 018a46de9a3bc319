"""Strict reading of untrusted YAML: text first, then types by schema; faults with line and column."""
