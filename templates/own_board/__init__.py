"""Files of a new board, as `stiltboard init` writes them; the workflows follow this repository's own."""
