"""Our fills beside those of another backtester, which learnt its rules from other people."""
