"""Who may use the API without a browser."""

from django.conf import settings
from django.db import models


class ApiToken(models.Model):
    """A key for scripts. Only its hash is kept; the token itself is shown once. It may do what its
    scopes say, and never more than its user."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80, help_text="What it is for.")
    hint = models.CharField(max_length=12, help_text="How it begins, to know it by.")
    token_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="api_token_unique")]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"
