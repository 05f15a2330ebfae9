"""Tests of the input journal."""
