"""What we do about it: accounts, signals, orders, the pipeline, the pages."""
