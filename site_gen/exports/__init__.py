"""Downloads: one module per format, each a function of the board."""
