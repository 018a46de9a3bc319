"""Compare two results on the same examples, and report the differences as text, Markdown or JSON."""
