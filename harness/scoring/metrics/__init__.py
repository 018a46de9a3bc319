"""Pure functions of arrays, one measure a file, as fractions between 0 and 1."""
