"""The engine decides: ticks go in, events come out.

Rules of this package: no Django, no network, no wall clock, no unseeded randomness. Inside,
a price is an integer count of the instrument's tick, a size an integer count of its lot, a
time an integer of UTC nanoseconds, money an integer of 1e-8 of the currency. Indicators and
ratios may be float64; prices, sizes and money never are.
"""
