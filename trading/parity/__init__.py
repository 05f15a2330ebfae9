"""Whether what was traded is what the rules give, and what it cost that a market is no simulator.

`rows` puts a session's journal through the engine and compares with what is stored; `backtest` puts
the recorded ticks alone through the engine that backtests run, and compares decisions; `fills` sets
each fill against the one that the simulated exchange gives. `report` has it all.
"""
