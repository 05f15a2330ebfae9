"""The day's jobs in the admin: times are edited, runs are looked at and had again."""

from datetime import time
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from marketdata.admin import ReadOnlyAdmin, stamp
from trading import clock
from trading.models import Job, JobRun
from trading.schedule import runs
from trading.schedule.due import following
from trading.schedule.listing import local, state
from trading.schedule.table import TABLE, Definition

BEFORE = (("preflight", "start"), ("start", "flatten"), ("flatten", "digest"), ("roll", "parity"))
"""Jobs that make no sense in another order."""
CONFIRM = "trading/schedule_again.html"
COLOURS = {
    "running": "info", "done": "success", "failed": "danger", "missed": "danger",
    "waiting to be tried again": "warning", "skipped": "default",
}  # fmt: skip

if TYPE_CHECKING:
    _Form = forms.ModelForm[Job]
else:
    _Form = forms.ModelForm


class JobForm(_Form):
    """A time that the job can do with."""

    class Meta:
        model = Job
        fields = ("at", "enabled")
        help_texts = {
            "at": "New York time. On a day that closes early, flatten, digest and recap come as "
            "much earlier as the close does.",
            "enabled": "A job that is not enabled is not done, and not caught up for longer than "
            "ten days when it is enabled again.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        definition = TABLE.get(self.instance.name)
        if definition is not None and "at" in self.fields:
            self.fields["at"].help_text += f" {_between(definition)}"

    def clean_at(self) -> time:
        at: time = self.cleaned_data["at"]
        definition = TABLE.get(self.instance.name)
        if definition is None:
            return at
        if not definition.earliest <= at <= definition.latest:
            raise forms.ValidationError(f"{at:%H:%M} will not do. {_between(definition)}")
        others = {job.name: job.at for job in runs.jobs()} | {definition.name: at}
        for first, then in BEFORE:
            if definition.name in (first, then) and others[first] >= others[then]:
                raise forms.ValidationError(
                    f"{first} has to come before {then}: {others[first]:%H:%M} is not before "
                    f"{others[then]:%H:%M}."
                )
        return at


def _between(definition: Definition) -> str:
    return f"From {definition.earliest:%H:%M} to {definition.latest:%H:%M}."


@admin.register(Job)
class JobAdmin(ModelAdmin):  # type: ignore[misc]
    form = JobForm
    list_display = ("name", "at_", "enabled", "what", "next_", "last_")
    fields = ("name", "what", "at", "enabled", "next_")
    readonly_fields = ("name", "what", "next_")

    def get_queryset(self, request: HttpRequest) -> Any:
        runs.jobs()  # a row that is missing is made again
        return super().get_queryset(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        newest = JobRun.objects.order_by("-due_at")[: 5 * len(TABLE)]
        self._last = {run.job: run for run in reversed(newest)}
        return super().changelist_view(request, extra_context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    @display(description="New York", ordering="at")
    def at_(self, row: Job) -> str:
        return f"{row.at:%H:%M}"

    @display(description="What it does")
    def what(self, row: Job) -> str:
        return TABLE[row.name].what if row.name in TABLE else "this version does not know it"

    @display(description="Next (New York)")
    def next_(self, row: Job) -> str:
        if not row.enabled or row.name not in TABLE:
            return "-"
        found = following(clock.now(), row, runs.calendar())
        return local(found.due_at) if found is not None else "-"

    @display(description="Last", label=COLOURS)
    def last_(self, row: Job) -> str | tuple[str, str]:
        run = self._last.get(row.name)
        return (state(run), f"{run.day}: {state(run)}") if run is not None else "-"


@admin.register(JobRun)
class JobRunAdmin(ReadOnlyAdmin):
    list_display = ("run_", "due_", "status_", "attempts", "started", "finished", "result_")
    list_filter = ("status", "job")
    search_fields = ("job", "result")
    date_hierarchy = "day"
    ordering = ("-due_at",)
    actions_detail = ("run_again",)

    @display(description="Job", ordering="job")
    def run_(self, row: JobRun) -> str:
        return str(row)

    @display(description="Due (UTC)", ordering="due_at")
    def due_(self, row: JobRun) -> SafeString:
        return stamp(row.due_at)

    @display(description="Status", ordering="status", label=COLOURS)
    def status_(self, row: JobRun) -> str:
        return state(row)

    @display(description="Started (UTC)", ordering="started_at")
    def started(self, row: JobRun) -> SafeString:
        return stamp(row.started_at)

    @display(description="Finished (UTC)", ordering="finished_at")
    def finished(self, row: JobRun) -> SafeString:
        return stamp(row.finished_at)

    @display(description="Result")
    def result_(self, row: JobRun) -> str:
        return row.result[:200]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> Any:
        row = JobRun.objects.filter(pk=object_id).first() if object_id else None
        if row is None or _why_not(row) or not self._may(request):
            return []
        return super().get_actions_detail(request, object_id)

    @action(description="Run again")
    def run_again(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Asks first: what commands trading processes says so."""
        if not self._may(request):
            raise PermissionDenied
        row = get_object_or_404(JobRun, pk=object_id)
        if why := _why_not(row):
            messages.error(request, f"{row} is not run again: {why}.")
        elif request.method != "POST":
            context = {**self.admin_site.each_context(request), "row": row, "job": TABLE[row.job]}
            return render(request, CONFIRM, {**context, "title": f"Run {row} again?"})
        elif runs.put_back(row):
            messages.success(request, f"{row} is run again within half a minute.")
        else:
            messages.error(request, f"{row} is being run by somebody else.")
        return redirect("admin:trading_jobrun_change", object_id)

    def _may(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("trading.change_jobrun"))


def _why_not(row: JobRun) -> str:
    """Why a run cannot be had again from here; "" when it can."""
    if row.job not in TABLE:
        return "this version does not know the job"
    if row.status == JobRun.Status.RUNNING:
        return "it is not over"
    window = runs.window_of(row.job, row.day)
    if window is None or not window.due_at <= clock.now() < window.until:
        return f"its time is over; manage.py schedule run {row.job} --day {row.day} --again"
    return ""
