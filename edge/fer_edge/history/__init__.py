"""Keeps the minutes of all runs in a file, for those without a database."""
