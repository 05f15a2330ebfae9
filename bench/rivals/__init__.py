"""Our engine beside others: the fills of nautilus_trader, the speed of it and of hftbacktest.

They need libraries that ours exclude (pandas below 3), so they run in a Python of their own
(`.venv/rivals`, from requirements-rivals.txt) as a process that answers requests one by one.
What runs there is `worker` and what it imports; `process` and the rest run here.
"""
