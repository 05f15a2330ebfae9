"""What would have happened: days of ticks through the engine, and what came of it."""
