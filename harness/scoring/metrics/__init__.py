"""Evaluation measures as pure functions of arrays, one per file; values are fractions from 0 to 1."""
