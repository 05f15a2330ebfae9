"""What the market did: instruments, contracts, bars, ticks and where they come from."""
