"""Whether each session of the day is what the backtest of its ticks gives."""

from trading.models import Session
from trading.schedule.work import JobError, Outcome, Turn


def perform(turn: Turn) -> Outcome:
    from trading.parity.report import headline, parity_of

    running = Session.objects.filter(day=turn.day, status=Session.Status.RUNNING)
    if late := running.order_by("account__name").values_list("account__name", flat=True):
        raise JobError(f"not over yet: {', '.join(late)}")
    found = parity_of(turn.day, actor="schedule")
    if not found:
        return Outcome(text="no session on that day", skipped=True)
    wrong = [each for each in found if not each.agrees]
    if wrong:
        facts = tuple((each.session.account.name, headline(each)) for each in wrong)
        text = "; ".join(text for _, text in facts)
        raise JobError(
            f"{text}; look: manage.py parity --date {turn.day}", again=False, facts=facts
        )
    return Outcome(text="; ".join(map(headline, found)))
