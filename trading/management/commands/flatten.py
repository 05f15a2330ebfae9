"""`manage.py flatten`: thin, `trading.steering` does it."""

from trading.management.steering import SteeringCommand


class Command(SteeringCommand):
    kind = "flatten"
    direct = True
    help = "Close the position and take back a waiting entry."
