"""`manage.py resume`: thin, `trading.steering` does it."""

from trading.management.steering import SteeringCommand


class Command(SteeringCommand):
    kind = "resume"
    help = "Lift the halts that a person may lift."
