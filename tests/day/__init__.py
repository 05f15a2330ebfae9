"""A whole trading day of all processes, in minutes."""
