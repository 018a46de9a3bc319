"""Serve the site on this machine, and rebuild it when a folder changes."""
