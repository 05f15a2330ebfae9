"""`manage.py halt`: thin, `trading.steering` does it."""

from trading.management.steering import SteeringCommand


class Command(SteeringCommand):
    kind = "halt"
    help = "No more entries; an open position keeps its stop and target."
