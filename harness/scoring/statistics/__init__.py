"""Intervals, paired tests, ranks and trends: pure functions of arrays, with numpy and scipy only."""
