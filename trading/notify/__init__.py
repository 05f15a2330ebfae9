"""What the trader is told wherever he is: written as rows, delivered by channels.

`post` is all that the rest of the product needs.
"""

from trading.notify.outbox import News, post

__all__ = ["News", "post"]
