"""Compare two results on the same examples, and say in text, Markdown or JSON what differs."""
