"""What differs between our beliefs and the broker, and what is done about it: rule by rule."""

from dataclasses import replace
from decimal import Decimal

import pytest

from engine.beliefs import Beliefs, BelievedOrder
from engine.commands import (
    ReportAmendReject,
    ReportCancelled,
    ReportReject,
    ReportWorking,
)
from engine.instruments import instrument
from trading.brokers.adapter import BrokerOrder, BrokerState, Execution
from trading.reconciliation.compare import OurSide, Remedy, compare

T = "acc-20240612-001"
SPEC = instrument("MES")


def believed(role, *, size=1, filled=0, price=None, state="working", trade=T):
    suffix = {"entry": "E", "stop": "S", "target": "T", "exit": "X"}[role]
    return BelievedOrder(
        id=f"{trade}-{suffix}", trade_id=trade, role=role, symbol="MES",
        side=1 if role == "entry" else -1, size=size, filled=filled, price=price, state=state,
    )  # fmt: skip


def there(role, *, size=1, filled=0, price=None, status="working", trade=T, **words):
    mine = believed(role, trade=trade)
    given = {
        "id": mine.id, "key": f"k-{mine.id}", "symbol": "MESM4", "role": role, "side": mine.side,
        "size": size, "filled": filled, "status": status,
        "price": None if price is None else SPEC.price(price),
        "parent": f"k-{trade}-E" if role in ("stop", "target") else "",
    }  # fmt: skip
    return BrokerOrder(**given | words)


def executed(order=f"{T}-E", *, number=1, side=1, size=1, price=21_000, ts=10, symbol="MESM4"):
    return Execution(
        id=f"x{number}", order_id=order, key=f"k-{order}", symbol=symbol, side=side, size=size,
        price=SPEC.price(price), ts=ts,
    )  # fmt: skip


HOLDING = Beliefs(
    positions={"MES": 1},
    orders=(believed("stop", price=20_984), believed("target", price=21_024)),
    over=(f"{T}-E",),
    fills=("x1",),
)
ENTRY = there("entry", filled=1, status="filled")
BRACKET = (ENTRY, there("stop", price=20_984), there("target", price=21_024))


def state(*orders, position=0, executions=(), balance=None, elsewhere=None):
    positions = {"MESM4": position} if position else {}
    return BrokerState(
        orders=orders, positions=positions | (elsewhere or {}), executions=tuple(executions),
        balance=balance,
    )  # fmt: skip


def looked(beliefs, state_, **words):
    ours = OurSide(
        account="acc", beliefs=beliefs, contracts={"MES": "MESM4"}, spec=SPEC,
        balance=Decimal(2_500), tolerance=Decimal(25),
    )  # fmt: skip
    return compare(replace(ours, **words), state_)


def kinds(found):
    return [(one.kind, one.remedy) for one in found]


def only(found):
    (one,) = found
    return one


def test_nothing_differs_when_both_are_flat():
    assert looked(Beliefs(), state()) == ()


def test_nothing_differs_when_both_hold_the_same_under_its_bracket():
    assert looked(HOLDING, state(*BRACKET, position=1, executions=[executed()])) == ()


def test_a_fill_that_the_engine_lacks_is_adopted_under_the_brokers_id():
    beliefs = Beliefs(orders=(believed("entry"),))
    found = looked(beliefs, state(*BRACKET, position=1, executions=[executed(price=21_004)]))
    one = only(found)
    assert (one.kind, one.remedy) == ("fill_missing", Remedy.ADOPT)
    assert (one.fill.id, one.fill.order_id, one.fill.price) == ("x1", f"{T}-E", 21_004)


def test_fills_are_adopted_in_the_order_of_their_time():
    beliefs = Beliefs(orders=(believed("entry", size=2),))
    late, early = executed(number=2, ts=20), executed(number=1, ts=10)
    orders = (there("entry", size=2, filled=2, status="filled"), *BRACKET[1:])
    found = looked(beliefs, state(*orders, position=2, executions=[late, early]))
    assert [one.subject for one in found] == ["x1", "x2"]


def test_a_fill_off_the_grid_halts():
    beliefs = Beliefs(orders=(believed("entry"),))
    odd = replace(executed(), price=Decimal("5250.10"))
    assert ("off_grid", Remedy.HALT) in kinds(
        looked(beliefs, state(ENTRY, position=1, executions=[odd]))
    )


def test_a_fill_that_the_engine_has_no_use_for_is_said_and_the_position_decides():
    found = looked(Beliefs(), state(executions=[executed()]), given=frozenset({"x1"}))
    assert kinds(found) == [("fill_not_taken", Remedy.WARN)]
    found = looked(Beliefs(), state(position=1, executions=[executed()]), given=frozenset({"x1"}))
    assert ("position_differs", Remedy.HALT) in kinds(found)


@pytest.mark.parametrize(
    ("status", "word"), [("cancelled", ReportCancelled), ("rejected", ReportReject)]
)
@pytest.mark.parametrize("role", ["entry", "exit"])
def test_an_order_that_is_over_at_the_broker_is_said_to_be(role, status, word):
    beliefs = Beliefs(orders=(believed(role),))
    one = only(looked(beliefs, state(there(role, status=status, reason="why"))))
    assert (one.kind, one.remedy) == ("order_over", Remedy.TELL)
    assert one.says == (word, {"order_id": believed(role).id, "reason": "why"})


def test_an_order_that_the_broker_confirms_is_confirmed():
    beliefs = Beliefs(orders=(believed("entry", state="sent"),))
    one = only(looked(beliefs, state(there("entry"))))
    assert one.says == (ReportWorking, {"order_id": f"{T}-E"})


def test_an_order_that_the_broker_does_not_list_is_asked_for():
    beliefs = Beliefs(orders=(believed("entry", state="sent"),))
    assert kinds(looked(beliefs, state())) == [("order_not_there", Remedy.ASK)]


def test_an_order_that_something_is_under_way_for_is_left_alone_and_looked_at_again():
    beliefs = Beliefs(orders=(believed("entry", state="sent"),))
    found = looked(beliefs, state(position=1), busy=frozenset({f"{T}-E"}))
    assert kinds(found) == [("unsettled", Remedy.WAIT)]


def test_an_order_that_was_to_be_taken_back_and_works_is_taken_back():
    beliefs = Beliefs(orders=(believed("entry", state="cancelling"),))
    assert kinds(looked(beliefs, state(there("entry")))) == [("order_cancelling", Remedy.CANCEL)]


def test_what_is_left_of_a_bracket_is_over_when_the_broker_says_so():
    beliefs = Beliefs(orders=(believed("target", price=21_024, state="cancelling"),))
    found = looked(beliefs, state(there("target", status="cancelled", price=21_024)))
    assert kinds(found) == [("order_over", Remedy.TELL)]


def test_a_working_order_of_ours_that_is_over_for_us_is_cancelled():
    found = looked(Beliefs(), state(there("target")))
    assert kinds(found) == [("orphan", Remedy.CANCEL)]


def test_an_exit_that_works_though_it_is_over_for_us_is_cancelled_while_the_trade_goes_on():
    orders = (*BRACKET, there("exit"))
    found = looked(HOLDING, state(*orders, position=1, executions=[executed()]))
    assert kinds(found) == [("orphan", Remedy.CANCEL)]


def test_the_bracket_of_an_entry_whose_fill_is_not_known_yet_is_no_orphan():
    beliefs = Beliefs(orders=(believed("entry"),))
    found = looked(beliefs, state(*BRACKET, position=1, executions=[executed()]))
    assert kinds(found) == [("fill_missing", Remedy.ADOPT)]


def test_an_order_of_somebody_else_halts_and_is_not_cancelled():
    foreign = replace(there("entry"), id="", role="foreign")
    assert kinds(looked(Beliefs(), state(foreign))) == [("foreign_order", Remedy.HALT)]
    other = there("entry", trade="other-20240612-001")
    assert kinds(looked(Beliefs(), state(other))) == [("foreign_order", Remedy.HALT)]
    longer = there("entry", trade="acc-2-20240612-001")
    assert kinds(looked(Beliefs(), state(longer))) == [("foreign_order", Remedy.HALT)]


def test_a_position_that_no_fills_explain_halts():
    found = looked(HOLDING, state(*BRACKET, position=2, executions=[executed()]))
    one = only(found)
    assert (one.kind, one.remedy, one.ours, one.theirs) == (
        "position_differs", Remedy.HALT, "+1", "+2",
    )  # fmt: skip


def test_a_position_that_is_gone_without_an_execution_halts():
    found = looked(HOLDING, state(*BRACKET, executions=[executed()]))
    assert kinds(found) == [("position_differs", Remedy.HALT)]


def test_a_position_in_another_contract_halts():
    found = looked(Beliefs(), state(elsewhere={"ESM4": -1}))
    assert kinds(found) == [("position_elsewhere", Remedy.HALT)]


def test_what_somebody_else_closed_is_adopted_as_an_exit_of_the_trade():
    orders = (ENTRY, *(replace(order, status="cancelled") for order in BRACKET[1:]))
    closing = executed("", number=2, side=-1, price=21_010, ts=20)
    one, *rest = looked(HOLDING, state(*orders, executions=[executed(), closing]))
    assert (one.kind, one.remedy) == ("closed_elsewhere", Remedy.ADOPT)
    assert (one.fill.id, one.fill.order_id, one.fill.price) == ("x2", f"{T}-F1", 21_010)
    assert rest == []


def test_what_the_broker_closed_after_stop_and_target_were_over_is_adopted_too():
    over = (f"{T}-E", f"{T}-X", f"{T}-S", f"{T}-T")
    beliefs = replace(HOLDING, orders=(), over=over)
    orders = (ENTRY, *(replace(order, status="cancelled") for order in BRACKET[1:]))
    closing = executed("", number=2, side=-1, price=21_010, ts=20)
    one = only(looked(beliefs, state(*orders, executions=[executed(), closing])))
    assert (one.kind, one.fill.order_id) == ("closed_elsewhere", f"{T}-F1")


def test_each_execution_of_somebody_else_is_a_fill_of_its_own():
    beliefs = replace(
        HOLDING, positions={"MES": 2},
        orders=(believed("stop", size=3, price=20_984), believed("target", size=3, price=21_024)),
        fills=("x1", "x2"),
    )  # fmt: skip
    executions = [
        executed(size=3),
        executed("", number=2, side=-1, ts=20),
        executed("", number=3, side=-1, ts=30),
        executed("", number=4, side=-1, ts=40),
    ]
    found = looked(beliefs, state(ENTRY, executions=executions))
    assert [one.fill.order_id for one in found] == [f"{T}-F2", f"{T}-F3"]


@pytest.mark.parametrize(
    "other",
    [
        executed("", number=2, side=1, ts=20),  # adds
        executed("", number=2, side=-1, size=2, ts=20),  # turns it round
        executed("", number=2, side=-1, ts=5),  # before we entered
        executed("", number=2, side=-1, ts=20, symbol="MESU4"),  # another contract
    ],
)
def test_other_executions_of_somebody_else_explain_nothing(other):
    position = {1: 2, -1: 0}[other.side] if other.size == 1 else -1
    found = looked(HOLDING, state(*BRACKET, position=position, executions=[executed(), other]))
    assert ("position_differs", Remedy.HALT) in kinds(found)
    assert "closed_elsewhere" not in [one.kind for one in found]


def test_what_somebody_else_opened_and_closed_again_is_not_ours():
    others = [
        executed("", number=2, side=1, ts=20), executed("", number=3, side=-1, ts=30),
    ]  # fmt: skip
    assert looked(HOLDING, state(*BRACKET, position=1, executions=[executed(), *others])) == ()


@pytest.mark.parametrize(
    "stops",
    [
        (),
        (there("stop", price=20_984, status="cancelled"),),
        (there("stop", price=20_984, filled=1, size=1, status="working"),),
    ],
)
def test_a_position_without_its_stop_is_to_be_closed_at_market(stops):
    orders = (ENTRY, *stops, BRACKET[2])
    one = only(looked(HOLDING, state(*orders, position=1, executions=[executed()])))
    assert (one.kind, one.remedy) == ("stop_missing", Remedy.TELL)
    assert one.says[0] is ReportCancelled


def test_a_stop_in_parts_protects_as_much_as_its_parts():
    beliefs = replace(
        HOLDING, positions={"MES": 2},
        orders=(believed("stop", size=2, price=20_984), believed("target", size=2, price=21_024)),
    )  # fmt: skip
    parts = (there("stop", price=20_984), there("stop", price=20_984, key="k2"))
    target = there("target", size=2, price=21_024)
    entered = executed(size=2)
    assert looked(beliefs, state(ENTRY, *parts, target, position=2, executions=[entered])) == ()
    found = looked(beliefs, state(ENTRY, parts[0], target, position=2, executions=[entered]))
    assert kinds(found) == [("stop_missing", Remedy.TELL)]


def test_while_an_exit_is_on_its_way_the_stop_may_be_gone():
    beliefs = replace(HOLDING, orders=(believed("stop", price=20_984), believed("exit")))
    stood_down = there("stop", price=20_984, status="cancelled", reason="stood down")
    found = looked(beliefs, state(ENTRY, stood_down, there("exit"), position=1))
    assert kinds(found) == [("order_over", Remedy.TELL)]


def test_a_missing_target_is_over_and_the_stop_remains():
    one = only(looked(HOLDING, state(*BRACKET[:2], position=1, executions=[executed()])))
    assert (one.kind, one.says[0]) == ("target_missing", ReportCancelled)


def test_a_target_for_less_than_is_held_is_said():
    beliefs = replace(
        HOLDING, positions={"MES": 2},
        orders=(believed("stop", size=2, price=20_984), believed("target", size=2, price=21_024)),
    )  # fmt: skip
    orders = (ENTRY, there("stop", size=2, price=20_984), BRACKET[2])
    found = looked(beliefs, state(*orders, position=2, executions=[executed(size=2)]))
    assert kinds(found) == [("target_short", Remedy.WARN)]


def test_a_stop_that_works_at_another_price_is_where_the_broker_has_it():
    orders = (ENTRY, there("stop", price=20_980), BRACKET[2])
    one = only(looked(HOLDING, state(*orders, position=1, executions=[executed()])))
    assert one.says[0] is ReportAmendReject
    assert one.says[1]["price"] == 20_980


def test_a_stop_off_the_grid_halts():
    orders = (ENTRY, replace(BRACKET[1], price=Decimal("5246.1")), BRACKET[2])
    found = looked(HOLDING, state(*orders, position=1, executions=[executed()]))
    assert kinds(found) == [("off_grid", Remedy.HALT)]


def test_a_balance_further_off_than_the_tolerance_is_said_when_flat():
    assert looked(Beliefs(), state(balance=Decimal(2_525))) == ()
    found = looked(Beliefs(), state(balance=Decimal("2525.01")))
    assert kinds(found) == [("balance_differs", Remedy.WARN)]
    holding = state(*BRACKET, position=1, executions=[executed()], balance=Decimal(1))
    assert looked(HOLDING, holding) == ()
