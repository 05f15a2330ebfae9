"""Words that several rows share."""

from typing import Final

from django.db import models

KEY: Final = 100
"""Longest derived id: account, trading day, sequence number, role."""

SIDES: Final = [(1, "buy"), (-1, "sell")]
DIRECTIONS: Final = [(1, "long"), (-1, "short")]
ROLES: Final = [(name, name) for name in ("entry", "stop", "target", "exit")]


class Mode(models.TextChoices):
    PAPER = "paper"
    LIVE = "live"
