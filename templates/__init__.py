"""Jinja templates and the static files written here; read as package data."""
