"""What others may take away: one module per format, each a function of the board."""
