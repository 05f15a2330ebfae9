"""Running it day after day: what the trader is told, signs of life, the day's jobs, exports."""

from django.db import models
from django.db.models import Q


class Notice(models.Model):
    """Something that the trader should hear, wherever he is.

    It is written beside what it is about, in the same transaction, under a key made of what it is
    about: saying it again changes nothing. `trading.notify` delivers it. No secret is in it.
    """

    class Level(models.TextChoices):
        INFO = "info"
        GOOD = "good"
        WARNING = "warning"
        ERROR = "error"
        CRITICAL = "critical"

    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40)
    level = models.CharField(max_length=10, choices=Level, default=Level.INFO)
    ts = models.DateTimeField(help_text="When it happened.")
    account = models.CharField(max_length=40, blank=True)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    facts = models.JSONField(default=list, help_text="Pairs of a name and a text, in order.")
    picture = models.CharField(max_length=200, blank=True, help_text="PNG, under DATA_DIR.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        get_latest_by = "created_at"
        indexes = [
            models.Index(fields=["-created_at"], name="notice_created"),
            models.Index(fields=["kind", "-created_at"], name="notice_kind"),
        ]

    def __str__(self) -> str:
        return self.title


class Delivery(models.Model):
    """A notice on its way through one channel (`discord`)."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        GROUPED = "grouped"  # in one message with others of its kind
        REFUSED = "refused"  # the channel will not have it, however often it is tried

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivery_unique")
        ]
        indexes = [
            models.Index(
                fields=["channel", "notice"],
                condition=Q(status="waiting"),
                name="delivery_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice} by {self.channel}"


class Heartbeat(models.Model):
    """A trading process says that it lives, and how it is (docs/heartbeat.md has the document)."""

    account = models.CharField(max_length=40)
    ts = models.DateTimeField(help_text="By the clock of the process.")
    document = models.JSONField()

    class Meta:
        ordering = ["-ts"]
        get_latest_by = "ts"
        indexes = [models.Index(fields=["account", "-ts"], name="heartbeat_account")]

    def __str__(self) -> str:
        return f"{self.account} {self.ts:%Y-%m-%d %H:%M:%S}"


class Job(models.Model):
    """Something that is done once each trading day (`trading.schedule`)."""

    name = models.SlugField(max_length=40, primary_key=True)
    at = models.TimeField(help_text="New York time.")
    enabled = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["at", "name"]

    def __str__(self) -> str:
        return self.name


class JobRun(models.Model):
    """A job on a trading day: done once, whoever looks and however often."""

    class Status(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        MISSED = "missed"  # nobody looked while it was of use
        SKIPPED = "skipped"  # there was nothing to do

    job = models.CharField(max_length=40)
    day = models.DateField(help_text="Trading day.")
    due_at = models.DateTimeField()
    status = models.CharField(max_length=10, choices=Status, default=Status.RUNNING)
    attempts = models.PositiveIntegerField(default=1)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When who runs it last said so.")
    finished_at = models.DateTimeField(null=True, blank=True)
    result = models.TextField(blank=True)

    class Meta:
        ordering = ["-due_at", "job"]
        get_latest_by = "due_at"
        constraints = [models.UniqueConstraint(fields=["job", "day"], name="job_run_unique")]
        indexes = [models.Index(fields=["-due_at"], name="job_run_due")]

    def __str__(self) -> str:
        return f"{self.job} {self.day}"


class Export(models.Model):
    """A file that was, or is to be, sent to the export's target."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        VERIFIED = "verified"  # the target has these bytes
        FAILED = "failed"

    day = models.DateField(help_text="Trading day.")
    target = models.CharField(max_length=300, help_text="Without its secrets.")
    path = models.CharField(max_length=300, help_text="Under the target.")
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-day", "path"]
        constraints = [models.UniqueConstraint(fields=["target", "path"], name="export_unique")]

    def __str__(self) -> str:
        return self.path
