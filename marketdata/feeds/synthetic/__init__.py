"""The market that the simulator trades: profiles, the day's plan, and the tape."""
