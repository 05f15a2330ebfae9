"""What each job does: one module a job, with `perform(turn)`.

A job may be begun again by another process when the first died in the middle, so all that it does
is done once however often: commands and notices have keys, files are whole or not there.
"""
