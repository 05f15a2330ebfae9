"""One process works on a part at a time, and a dead one does not keep it."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from backtests import leases, storing
from backtests.leases import LeaseLost, PartFailed, take
from backtests.models import Backtest, BacktestPart
from backtests.splitting import make_parts
from tests.backtests.outcomes import outcome
from tests.backtests.workers import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def row():
    run = outcome(days=8, seed=2)
    row = storing.create(run.plan, asked_from=Backtest.Asked.PAGE)
    make_parts(row, 8, 1)
    return row


def part(row, number):
    return row.parts.get(number=number)


def dies(lease):
    """Its process did: nothing is let go, and time passes."""
    mine = BacktestPart.objects.filter(pk=lease.part.pk)
    mine.update(lease_until=Now() - timedelta(seconds=1))


def test_a_part_is_one_process_s_at_a_time(row):
    first = take(part(row, 1).pk)
    assert first is not None
    assert take(part(row, 1).pk) is None
    with take(part(row, 2).pk) as other:
        other.finish(days_done=4)
    assert take(part(row, 2).pk) is None


def test_a_part_that_is_let_go_is_anybody_s_at_once(row):
    with take(part(row, 1).pk):
        pass
    with pytest.raises(ValueError, match="over"), take(part(row, 1).pk):
        raise ValueError("over")
    assert take(part(row, 1).pk) is not None


def test_a_dead_process_s_part_is_taken_over_and_nothing_of_it_is_kept_any_more(row):
    dead = take(part(row, 1).pk)
    dies(dead)
    new = take(part(row, 1).pk)
    assert new is not None
    with pytest.raises(LeaseLost), dead.guarded():
        raise AssertionError("the part is another's")
    with pytest.raises(LeaseLost):
        dead.finish(days_done=4)
    assert dead.lost.is_set()
    with new.guarded():
        new.finish(days_done=4)
    assert part(row, 1).finished_at is not None


def test_who_is_slow_but_not_replaced_keeps_its_part(row):
    slow = take(part(row, 1).pk)
    dies(slow)
    with slow.guarded():
        slow.got_on(days_done=2)
    assert part(row, 1).days_done == 2


def test_a_lease_is_renewed_while_its_process_lives(row, settings):
    settings.BACKTEST_LEASE_S = 0.2
    with take(part(row, 1).pk) as lease:
        before = part(row, 1).lease_until
        until(lambda: part(row, 1).lease_until != before, "it is renewed")
        assert not lease.lost.is_set()
    assert part(row, 1).lease_until is None


def test_the_account_waits_for_every_analysis(row):
    for number in (1, 2):
        assert take(part(row, 0).pk) is None
        with take(part(row, number).pk) as lease:
            lease.finish(days_done=4)
    assert take(part(row, 0).pk) is not None


def test_what_may_be_begun_is_the_oldest_run_s_analyses_then_its_account(row):
    later = storing.create(outcome(days=8, seed=3).plan, asked_from=Backtest.Asked.PAGE)
    make_parts(later, 8, 1)
    order = []
    while (found := leases.takeable().first()) is not None:
        order.append((found.backtest_id, found.number))
        with take(found.pk) as lease:
            lease.finish()
    assert order == [(run.pk, number) for run in (row, later) for number in (2, 1, 0)]


def test_nothing_is_begun_of_a_run_that_is_to_stop_or_over(row):
    for change in ({"stop_asked": True}, {"stop_asked": False, "status": "failed"}):
        Backtest.objects.filter(pk=row.pk).update(**change)
        assert take(part(row, 1).pk) is None
        assert not leases.takeable().exists()


def test_a_part_that_ends_whoever_works_on_it_is_given_up(row):
    for _ in range(leases.MOST_TRIES):
        dies(take(part(row, 1).pk))
    with pytest.raises(PartFailed, match="ended 5 processes"):
        take(part(row, 1).pk)


def test_deaths_do_not_count_once_a_day_was_done(row):
    for _ in range(2 * leases.MOST_TRIES):
        lease = take(part(row, 1).pk)
        lease.got_on(days_done=1)
        dies(lease)
    assert take(part(row, 1).pk) is not None


def test_what_a_process_holds_is_let_go_when_it_ends_in_order(row):
    take(part(row, 1).pk)
    leases.let_go()
    assert take(part(row, 1).pk) is not None
