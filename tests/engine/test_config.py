"""Settings: what is refused and why, overrides from text, and the digest that names them all."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from types import NoneType
from typing import Any

import pytest

from engine.config import (
    INDEX_TIERS,
    SINGLE_TIER,
    AccountRules,
    BarRules,
    EngineConfig,
    FillRules,
    PatternRules,
    RegimeRules,
    RiskRules,
    RouterRules,
    Tier,
    engine_config,
    fill_profile,
)
from engine.errors import ConfigError, UnknownSymbolError
from engine.names import Pattern, Regime

UP, DOWN, RANGING, VOLATILE = list(Regime)[:4]
TIERS = list(INDEX_TIERS)
MULTIPLIERS = dict.fromkeys((UP, DOWN, RANGING, VOLATILE), Decimal(1))


# What is refused


@pytest.mark.parametrize(
    ("rules", "values", "message"),
    [
        (BarRules, {"seconds": 0}, "BarRules.seconds is 0; it must be above 0"),
        (BarRules, {"seconds": 86_401}, "seconds is 86401; at most a day, 86400"),
        (BarRules, {"row_ticks": 0}, "row_ticks is 0"),
        (BarRules, {"size": 0}, "size is 0"),
        (BarRules, {"kind": "hour"}, "kind is 'hour'; it is one of time, tick, volume, range"),
        (BarRules, {"row_ticks": 2**31}, "row_ticks is 2147483648; at most 2147483647"),
        (PatternRules, {"ratio": 0.0}, "ratio is 0.0"),
        (PatternRules, {"ratio": float("inf")}, "ratio is inf"),
        (PatternRules, {"ratio": float("nan")}, "ratio is nan"),
        (PatternRules, {"min_volume": 0}, "min_volume is 0"),
        (PatternRules, {"stack_levels": 0}, "stack_levels is 0"),
        (PatternRules, {"absorption_levels": 0}, "absorption_levels is 0"),
        (PatternRules, {"min_absorption": 0}, "min_absorption is 0"),
        (PatternRules, {"unfinished_memory": 0}, "unfinished_memory is 0"),
        (PatternRules, {"unfinished_volume": -1}, "unfinished_volume is -1; it cannot be negative"),
        (PatternRules, {"exhaustion_fall": 0.0}, r"exhaustion_fall is 0.0; it must be in \(0, 1\]"),
        (PatternRules, {"exhaustion_fall": 1.01}, "exhaustion_fall is 1.01"),
        (PatternRules, {"absorption_share": 0.0}, "absorption_share is 0.0"),
        (PatternRules, {"absorption_share": 1.01}, "absorption_share is 1.01"),
        (PatternRules, {"exhaustion_levels": 1}, "exhaustion_levels is 1; it must be at least 2"),
        (PatternRules, {"exhaustion_levels": 6}, r"at most exhaustion_max_levels \(5\)"),
        (PatternRules, {"exhaustion_max_levels": 2**31}, "exhaustion_max_levels is 2147483648"),
        (PatternRules, {"divergence_bars": 2}, "divergence_bars is 2; it must be 3 to 50"),
        (PatternRules, {"divergence_bars": 51}, "divergence_bars is 51"),
        (RegimeRules, {"min_bars": 0}, "min_bars is 0"),
        (RegimeRules, {"fast_ema": 0}, "fast_ema is 0"),
        (RegimeRules, {"slow_ema": 0}, "slow_ema is 0"),
        (RegimeRules, {"adx_period": 0}, "adx_period is 0"),
        (RegimeRules, {"atr_period": 0}, "atr_period is 0"),
        (RegimeRules, {"after_open_s": -1}, "after_open_s is -1"),
        (RegimeRules, {"before_close_s": -1}, "before_close_s is -1"),
        (RegimeRules, {"min_volume_ratio": -0.1}, "min_volume_ratio is -0.1"),
        (RegimeRules, {"adx_period": 101}, "adx_period is 101; at most 100"),
        (RegimeRules, {"atr_period": 101}, "atr_period is 101; at most 100"),
        (RegimeRules, {"slow_ema": 501}, "slow_ema is 501; at most 500"),
        (RegimeRules, {"news": ((5, 5),)}, r"news: window 5\.\.5 does not end after it starts"),
        (RouterRules, {"min_strength": 1.1}, "min_strength is 1.1; it must be 0 to 1"),
        (RouterRules, {"min_confidence": -0.1}, "min_confidence is -0.1"),
        (RouterRules, {"matrix": {Pattern.BUY_IMBALANCE: (Regime.NO_TRADE,)}},
         "matrix: BUY_IMBALANCE cannot be enabled in NO_TRADE"),
        (RouterRules, {"bias": {UP: 2}}, r"bias: TRENDING_UP is 2; it is \+1, -1 or 0"),
        (RouterRules, {"size_multiplier": {**MULTIPLIERS, RANGING: Decimal(0)}},
         "size_multiplier: RANGING is 0; it must be above 0"),
        (RouterRules, {"size_multiplier": {UP: Decimal(1)}}, "size_multiplier: TRENDING_DOWN"),
        (RiskRules, {"stop_ticks": 0}, "stop_ticks is 0"),
        (RiskRules, {"stop_ticks": 2**31}, "stop_ticks is 2147483648"),
        (RiskRules, {"target_ticks": 0}, "target_ticks is 0"),
        (RiskRules, {"profit_target": Decimal(0)}, "profit_target is 0"),
        (RiskRules, {"loss_limit": Decimal(-300)}, "loss_limit is -300"),
        (RiskRules, {"loss_limit": Decimal("0.000000001")}, "must be a whole number of 1e-8"),
        (RiskRules, {"max_drawdown": Decimal(0)}, "max_drawdown is 0"),
        (RiskRules, {"max_drawdown": Decimal("Infinity")}, "max_drawdown is Infinity"),
        (RiskRules, {"stale_s": 0}, "stale_s is 0"),
        (RiskRules, {"max_rejects": 0}, "max_rejects is 0"),
        (RiskRules, {"rejects_window_s": 0}, "rejects_window_s is 0"),
        (RiskRules, {"lots_per_unit": 0}, "lots_per_unit is 0"),
        (RiskRules, {"cooldown_bars": -1}, "cooldown_bars is -1"),
        (RiskRules, {"break_even_after_ticks": -1}, "break_even_after_ticks is -1"),
        (RiskRules, {"break_even_plus_ticks": -1}, "break_even_plus_ticks is -1"),
        (RiskRules, {"break_even_after_ticks": 8, "break_even_plus_ticks": 8},
         r"break_even_plus_ticks is 8; it must be below break_even_after_ticks \(8\)"),
        (RiskRules, {"trail_ticks": -1}, "trail_ticks is -1; it cannot be negative"),
        (RiskRules, {"trail_after_ticks": -1}, "trail_after_ticks is -1"),
        (RiskRules, {"trail_step_ticks": 0}, "trail_step_ticks is 0; it must be above 0"),
        (RiskRules, {"time_stop_s": -1}, "time_stop_s is -1; it cannot be negative"),
        (RiskRules, {"time_stop_s": 2**31}, "time_stop_s is 2147483648; at most"),
        (RiskRules, {"tiers": ()}, "tiers is empty; at least one tier is needed"),
        (RiskRules, {"tiers": (TIERS[1], TIERS[0])}, "must rise from tier to tier"),
        (RiskRules, {"tiers": (TIERS[0], TIERS[0])}, "must rise from tier to tier"),
        (RiskRules, {"tiers": (TIERS[0], replace(TIERS[1], name="MES 1-3"))}, "must differ"),
        (RiskRules, {"margin_limits": {"MSE": Decimal(40)}}, "a symbol is 'MSE'; known are"),
        (RiskRules, {"margin_limits": {"ES": Decimal(0)}}, "limits: ES is 0; it must be"),
        (FillRules, {"profile": "best"}, "profile is 'best'; it is one of honest, ideal"),
        (FillRules, {"latency_ms": -1}, "latency_ms is -1"),
        (FillRules, {"latency_ms": 10**12}, "latency_ms is 1000000000000; at most"),
        (FillRules, {"slippage_ticks": -1}, "slippage_ticks is -1"),
        (FillRules, {"target": "near"}, "target is 'near'; it is \"through\" or \"touch\""),
        (AccountRules, {"id": ""}, "AccountRules.id is empty"),
        (AccountRules, {"balance": Decimal(0)}, "balance is 0"),
        (AccountRules, {"balance": Decimal("0.123456789")}, "balance is 0.123456789"),
        (AccountRules, {"peak": Decimal("0.123456789")}, "peak is 0.123456789"),
    ],
)  # fmt: skip
def test_values_that_cannot_be(
    rules: Callable[..., object], values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        rules(**values)


@pytest.mark.parametrize(
    ("low", "high", "limit", "message"),
    [
        (0, 1, "1", r"Tier.min_size is 0; it must be at least 1 and at most max_size \(1\)"),
        (2, 1, "1", "Tier.min_size is 2"),
        (1, 2**31, "1", "Tier.max_size is 2147483648; at most 2147483647"),
        (1, 1, "0", "Tier.loss_limit is 0; it must be above 0"),
        (1, 1, "10000000001", "Tier.loss_limit is 10000000001; at most 10000000000"),
        (1, 1, "0.000000001", "Tier.loss_limit is 1E-9"),
    ],
)
def test_tiers_that_cannot_be(low: int, high: int, limit: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Tier("X", Decimal(0), "ES", low, high, Decimal(limit))


@pytest.mark.parametrize(
    ("rules", "values"),
    [
        (BarRules, {"seconds": 86_400}),
        (PatternRules, {"exhaustion_fall": 1.0, "absorption_share": 1.0, "unfinished_volume": 0}),
        (PatternRules, {"exhaustion_levels": 2, "exhaustion_max_levels": 2}),
        (PatternRules, {"divergence_bars": 3}),
        (PatternRules, {"divergence_bars": 50}),
        (RegimeRules, {"adx_period": 100, "atr_period": 100, "slow_ema": 500, "min_bars": 1}),
        (RegimeRules, {"after_open_s": 0, "before_close_s": 0, "min_volume_ratio": 0.0}),
        (RouterRules, {"min_strength": 0.0, "min_confidence": 1.0, "matrix": {}}),
        (RiskRules, {"cooldown_bars": 0}),
        (RiskRules, {"break_even_after_ticks": 0, "break_even_plus_ticks": 5}),
        (RiskRules, {"break_even_after_ticks": 8, "break_even_plus_ticks": 7}),
        (RiskRules, {"trail_ticks": 1, "trail_after_ticks": 0, "trail_step_ticks": 1}),
        (RiskRules, {"time_stop_s": 2**31 - 1}),
        (FillRules, {"latency_ms": 0, "slippage_ticks": 0, "target": "touch"}),
    ],
)
def test_values_at_the_edge_are_taken(rules: Callable[..., object], values: dict[str, Any]) -> None:
    made = rules(**values)
    assert {name: getattr(made, name) for name in values} == values


def test_tiers_trade_what_has_the_feed_s_tick() -> None:
    with pytest.raises(ConfigError, match="MES of tier MES 1-3 and the feed's CL have diff"):
        engine_config("CL", risk=RiskRules(tiers=INDEX_TIERS))
    with pytest.raises(ConfigError, match="symbol is 'XX'; known are ES, MES"):
        replace(INDEX_TIERS[0], symbol="XX")


# Defaults by symbol


@pytest.mark.parametrize(
    ("symbol", "min_volume", "min_absorption", "tiers", "balance"),
    [
        ("ES", 10, 150, INDEX_TIERS, 10_000),
        ("MES", 5, 30, INDEX_TIERS, 2_500),
        ("NQ", 5, 60, SINGLE_TIER, 2_500),
        ("MNQ", 5, 30, SINGLE_TIER, 2_500),
        ("CL", 5, 50, SINGLE_TIER, 2_500),
        ("GC", 5, 40, SINGLE_TIER, 2_500),
        ("MCL", 10, 150, SINGLE_TIER, 2_500),
        ("BTCUSDT", 10, 150, SINGLE_TIER, 2_500),
    ],
)
def test_defaults_of_a_symbol(
    symbol: str, min_volume: int, min_absorption: int, tiers: tuple[Tier, ...], balance: int
) -> None:
    config = engine_config(symbol)
    assert (config.patterns.min_volume, config.patterns.min_absorption) == (
        min_volume, min_absorption,
    )  # fmt: skip
    assert (config.risk.tiers, config.account.balance) == (tiers, balance)
    assert config.instrument.symbol == symbol


def test_a_section_that_is_given_replaces_the_default() -> None:
    assert engine_config("MES", patterns=PatternRules()).patterns.min_volume == 10


def test_unknown_symbol_lists_the_known_ones() -> None:
    with pytest.raises(UnknownSymbolError, match="'XYZ'; known are ES, MES"):
        engine_config("XYZ")


def test_fill_profiles_by_name() -> None:
    assert fill_profile("honest") == FillRules("honest", 50, 1, "through", True, False)
    assert fill_profile("ideal") == FillRules("ideal", 0, 0, "touch", False, True)
    with pytest.raises(ConfigError, match="unknown fill profile 'kind'; known are honest, ideal"):
        fill_profile("kind")


# Overrides


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("bars.seconds", "60", 60),
        ("patterns.ratio", "2.5", 2.5),
        ("risk.loss_limit", "250.50", Decimal("250.50")),
        ("fills.target", "touch", "touch"),
        ("fills.fees", "off", False),
        ("fills.fees", "True", True),
        ("fills.exact", "1", True),
        ("fills.exact", "0", False),
        ("fills.exact", "ON", True),
        ("fills.exact", "false", False),
        ("account.id", "apex-1", "apex-1"),
        ("account.peak", "2600.5", Decimal("2600.5")),
        ("account.peak", "none", None),
    ],
)
def test_override_parses_by_the_setting_s_type(key: str, text: str, value: object) -> None:
    section, name = key.split(".")
    before = engine_config("ES")
    after = before.override({key: text})
    assert getattr(getattr(after, section), name) == value
    assert type(getattr(getattr(after, section), name)) is type(value)
    assert before == engine_config("ES")


def test_several_overrides_hold_together_in_any_order() -> None:
    values = {"patterns.exhaustion_levels": "7", "patterns.exhaustion_max_levels": "8"}
    for settings in (values, dict(reversed(values.items()))):
        patterns = engine_config("ES").override(settings).patterns
        assert (patterns.exhaustion_levels, patterns.exhaustion_max_levels) == (7, 8)
    with pytest.raises(ConfigError, match="stop_ticks is 0"):
        engine_config("ES").override({"risk.stop_ticks": "0"})


def test_a_fill_profile_brings_its_assumptions() -> None:
    ideal = engine_config("ES").override({"fills.profile": "ideal"})
    assert ideal.fills == fill_profile("ideal")
    slow = engine_config("ES").override({"fills.profile": "ideal", "fills.latency_ms": "50"})
    assert slow.fills == replace(fill_profile("ideal"), latency_ms=50)


@pytest.mark.parametrize(
    "key",
    ["stop_ticks", "risk.", "risk.stop", "nothing.x", "settings.x", "digest.x", "", ".",
     "instrument.tick", "risk.stop_ticks.x", "__class__.x"],
)  # fmt: skip
def test_unknown_setting_lists_the_known_ones(key: str) -> None:
    with pytest.raises(ConfigError) as raised:
        engine_config("ES").override({key: "1"})
    message = str(raised.value)
    assert f"unknown setting {key!r}" in message
    assert "risk.stop_ticks" in message
    assert "bars.seconds" in message


@pytest.mark.parametrize("key", ["router.matrix", "risk.tiers", "regime.news"])
def test_what_is_no_number_or_word_cannot_be_set_from_text(key: str) -> None:
    with pytest.raises(ConfigError, match=f"{key} cannot be set from text"):
        engine_config("ES").override({key: "1"})


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("bars.seconds", "1.5", "bars.seconds is '1.5'; it must be a whole number"),
        ("bars.seconds", "", "bars.seconds has no value; it must be a whole number"),
        ("bars.seconds", "1_000", "it must be a whole number"),
        ("bars.seconds", "\u0663", "it must be a whole number"),
        ("patterns.ratio", "three", "patterns.ratio is 'three'; it must be a number"),
        ("patterns.ratio", "nan", "patterns.ratio is 'nan'; it must be a number"),
        ("patterns.ratio", "inf", "patterns.ratio is 'inf'; it must be a number"),
        ("patterns.ratio", "1e999", "patterns.ratio is '1e999'; it must be a number"),
        ("risk.loss_limit", "1,5", "it must be a number in plain digits"),
        ("risk.loss_limit", "1e3", "it must be a number in plain digits"),
        ("risk.profit_target", "NaN", "it must be a number in plain digits"),
        ("risk.profit_target", "Infinity", "it must be a number in plain digits"),
        ("fills.fees", "maybe", "fills.fees is 'maybe'; it must be true or false"),
        ("account.id", "a\nb", "it must be printable text of at most 100 characters"),
        ("account.id", "a" * 101, "it must be printable text of at most 100 characters"),
    ],
)
def test_text_that_is_no_value(key: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        engine_config("ES").override({key: text})


def test_every_setting_can_be_set_to_what_it_is() -> None:
    config = engine_config("ES")
    names = config.settings()
    same = {
        key: str(getattr(getattr(config, key.split(".")[0]), key.split(".")[1])) for key in names
    }
    assert len(names) > 30
    assert config.override(same) == config


# Digest


CHANGES: list[Callable[[EngineConfig], EngineConfig]] = [
    lambda c: engine_config("MES"),
    lambda c: replace(c, instrument=replace(c.instrument, fee=Decimal("2.26"))),
    lambda c: replace(c, router=replace(c.router, matrix={})),
    lambda c: replace(c, router=replace(c.router, bias={**c.router.bias, UP: 0})),
    lambda c: replace(c, router=replace(c.router, size_multiplier=MULTIPLIERS)),
    lambda c: replace(c, risk=replace(c.risk, tiers=c.risk.tiers[:4])),
    lambda c: replace(c, risk=replace(c.risk, margin_limits={})),
    lambda c: replace(c, regime=replace(c.regime, news=((1, 2),))),
    lambda c: replace(c, account=replace(c.account, peak=Decimal(11_000))),
]


def test_digest_is_of_the_values() -> None:
    assert engine_config("ES").digest == engine_config("ES").digest
    assert len(engine_config("ES").digest) == 12
    assert set(engine_config("ES").digest) <= set("0123456789abcdef")


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_digest_changes_with_what_text_cannot_set(number: int) -> None:
    config = engine_config("ES")
    assert CHANGES[number](config).digest != config.digest


@pytest.mark.parametrize("key", engine_config("ES").settings())
def test_digest_changes_with_any_setting(key: str) -> None:
    config = engine_config("ES")
    section, name = key.split(".")
    value = getattr(getattr(config, section), name)
    other = {
        bool: lambda: str(not value), str: lambda: "touch", int: lambda: str(value + 1),
        float: lambda: str(value / 2), Decimal: lambda: str(value + 1), NoneType: lambda: "1",
    }[type(value)]()  # fmt: skip
    words = {"patterns.exhaustion_levels": "4", "bars.kind": "volume", "fills.profile": "ideal"}
    other = words.get(key, other)
    assert config.override({key: other}).digest != config.digest


def test_equal_configurations_have_one_digest_however_they_are_written() -> None:
    config, places = engine_config("ES"), {"risk.loss_limit": "300.00000000"}
    assert config.override(places) == config
    assert config.override(places).digest == config.digest
    assert config.override({"regime.min_volume_ratio": "0"}).digest == (
        config.override({"regime.min_volume_ratio": "-0.0"}).digest
    )


def test_the_rules_digest_leaves_the_account_out() -> None:
    config = engine_config("ES")
    later = replace(config, account=replace(config.account, id="apex", balance=Decimal(11_000)))
    assert later.digest != config.digest
    assert later.rules_digest == config.rules_digest
    assert config.override({"risk.stop_ticks": "12"}).rules_digest != config.rules_digest
    assert engine_config("NQ").rules_digest != engine_config("MNQ").rules_digest


def test_the_tree_as_json_types() -> None:
    tree = engine_config("ES").as_dict()
    assert tree["risk"]["loss_limit"] == "300"
    assert tree["router"]["matrix"]["BUYING_EXHAUSTION"] == ["TRENDING_DOWN", "RANGING"]
    assert tree["router"]["bias"]["TRENDING_DOWN"] == -1
    assert tree["instrument"]["tick"] == "0.25"
    assert tree["account"]["peak"] is None
