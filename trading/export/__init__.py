"""A day's ticks and its recap, sent to where EXPORT_TARGET says, and proven to have arrived.

    address.py    what EXPORT_TARGET may say
    files.py      what there is of a day to send
    target.py     what a target can do, and how it says that it could not
    folder.py, rsync.py, s3.py   one file a kind of target
    sending.py    a day: every file, tried again where that may help, told when it failed
    later.py      the same, by another process

Rules. A file counts as sent when the target was asked what it has, and that is what we have.
Sending a day again changes nothing and goes on where it ended. No secret is in a row, an error or a
log.
"""
