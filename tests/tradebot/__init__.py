"""Tests of the set-up: settings, logs, headers, the test runner."""
