"""Tests of what Prometheus and the logs are told."""
