"""Turn results into rows, ranks, averages and gaps; pure."""
