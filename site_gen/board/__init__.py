"""Results become rows, ranks, averages and gaps: pure."""
