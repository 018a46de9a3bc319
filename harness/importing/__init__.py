"""Bring rows of another board in, judged as a pull request's are."""
