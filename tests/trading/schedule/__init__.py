"""The day's jobs."""
