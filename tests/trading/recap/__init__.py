"""Tests of the recap, its page and its digest."""
