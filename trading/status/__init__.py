"""`manage.py status`: how everything is now, in one answer, whether or not the database answers.

`gathering` collects and judges with the watchdog's rules, `terminal` prints it.
"""
