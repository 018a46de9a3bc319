"""Repeat a stored result with the code, libraries, text and weights that it was measured with.

`harness.verification` measures again with today's code; this room goes back to that of then.
"""
