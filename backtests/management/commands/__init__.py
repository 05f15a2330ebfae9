"""Thin: parse arguments, call the module that does the work."""
