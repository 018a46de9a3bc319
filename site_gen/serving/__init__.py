"""Show the site on this machine, and build again when a folder changes."""
