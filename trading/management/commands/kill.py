"""`manage.py kill`: thin, `trading.steering` does it."""

from trading.management.steering import SteeringCommand


class Command(SteeringCommand):
    kind = "kill"
    direct = True
    help = "Flatten, cancel everything, and halt until a person resumes."
