"""Settings as a tree of text: what it says, what is refused with which words, and that what is
written is read back."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from decimal import Decimal
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import EngineConfig, Tier, config_from, engine_config, fill_profile
from engine.errors import ConfigError, SettingsError
from engine.instruments import INSTRUMENTS
from engine.names import Pattern, Regime
from engine.scalars import Window
from engine.settings import kinds_of, merged, optional, settings
from engine.times import read_time
from engine.written import flat

UP, DOWN, RANGING, VOLATILE = list(Regime)[:4]
MES_TIER = {
    "name": "one", "min_balance": "0", "symbol": "MES", "min_size": "1", "max_size": "2",
    "loss_limit": "99.50",
}  # fmt: skip


def problems(symbol: str, tree: Any) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        config_from(symbol, tree)
    assert isinstance(refused.value, ConfigError)
    assert str(refused.value).splitlines() == list(map(str, refused.value.problems))
    return str(refused.value).splitlines()


# What a tree says


def test_what_is_not_named_is_the_symbols_default() -> None:
    assert config_from("MES", {}) == engine_config("MES")
    assert config_from("MES", {"risk": "", "bars": {}}) == engine_config("MES")
    config = config_from("MES", {"patterns": {"ratio": "4"}})
    assert config == replace(
        engine_config("MES"), patterns=replace(engine_config("MES").patterns, ratio=4.0)
    )


def test_mappings_name_what_differs() -> None:
    tree = {
        "router": {
            "matrix": {"BUY_IMBALANCE": ["VOLATILE", "RANGING"], "UNFINISHED_LOW": []},
            "bias": {"RANGING": "-1"},
            "size_multiplier": {"VOLATILE": "0.25"},
        },
        "risk": {"margin_limits": {"ES": "none", "NQ": "500"}},
    }
    config, default = config_from("ES", tree), engine_config("ES").router
    assert config.router.matrix == {
        **default.matrix, Pattern.BUY_IMBALANCE: (VOLATILE, RANGING), Pattern.UNFINISHED_LOW: (),
    }  # fmt: skip
    assert config.router.bias == {**default.bias, RANGING: -1}
    assert config.router.size_multiplier == {**default.size_multiplier, VOLATILE: Decimal("0.25")}
    assert config.risk.margin_limits == {"MES": Decimal(40), "NQ": Decimal(500)}


def test_lists_replace() -> None:
    config = config_from("MES", {"risk": {"tiers": [MES_TIER]}})
    assert config.risk.tiers == (Tier("one", Decimal(0), "MES", 1, 2, Decimal("99.50")),)


def test_news_are_new_yorks_times_or_have_an_offset() -> None:
    tree = {
        "regime": {
            "news": [
                {"from": "2025-12-10 13:55", "to": "2025-12-10 14:30:30.5"},
                {"from": "2025-07-02T12:25:00Z", "to": "2025-07-02 08:45-04:00"},
            ]
        }
    }
    minute = 60 * 10**9
    first, second = 1_765_392_900 * 10**9, 1_751_459_100 * 10**9
    assert config_from("ES", tree).regime.news == (
        (first, first + 35 * minute + 30 * 10**9 + 500_000_000),
        (second, second + 20 * minute),
    )


def test_what_is_not_there_is_none() -> None:
    peaked = config_from("ES", {"account": {"peak": "12000"}})
    assert peaked.account.peak == Decimal(12_000)
    assert peaked.read({"account": {"peak": "none"}}) == engine_config("ES")


def test_a_fill_profile_brings_its_assumptions_and_what_else_is_named_counts() -> None:
    config = config_from("ES", {"fills": {"profile": "ideal", "slippage_ticks": "2"}})
    assert config.fills == replace(fill_profile("ideal"), slippage_ticks=2)


def test_the_tree_above_counts_where_two_meet() -> None:
    below = {"risk": {"stop_ticks": "8", "tiers": [MES_TIER]}, "bars": {"seconds": "60"}}
    above = {"risk": {"stop_ticks": "12", "tiers": []}, "bars": "", "fills": {"fees": "off"}}
    assert merged(below, above) == {
        "risk": {"stop_ticks": "12", "tiers": []}, "bars": {"seconds": "60"},
        "fills": {"fees": "off"},
    }  # fmt: skip


# What is refused


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        ({"risk": {"stop_tick": "1"}}, "risk.stop_tick is unknown; did you mean stop_ticks"),
        ({"stop_ticks": "1"}, "stop_ticks is unknown; did you mean risk.stop_ticks?"),
        ({"bars": {"stop_ticks": "1"}},
         "bars.stop_ticks is unknown; did you mean risk.stop_ticks?"),
        ({"bars": {"zzz": "1"}}, "bars.zzz is unknown; known are seconds, row_ticks, kind, size"),
        ({"zzz": "1"}, "zzz is unknown; known are bars, patterns, regime, router, risk"),
        ({"rsik": {}}, "rsik is unknown; did you mean risk?"),
        ({"instrument": {}}, "instrument is no setting; it follows from the symbol"),
        ({"risk": "12"}, "risk is '12'; it must be a mapping, like {name: value}"),
        ({"risk": ["12"]}, "risk is a list; it must be a mapping"),
        ({"risk": {"stop_ticks": ["12"]}}, "risk.stop_ticks is a list; it must be a whole number"),
        ({"risk": {"stop_ticks": {}}}, "risk.stop_ticks is a mapping; it must be a whole number"),
        ({"risk": {"stop_ticks": ""}}, "risk.stop_ticks has no value; it must be a whole number"),
        ({"risk": {"stop_ticks": "0"}}, "risk.stop_ticks is 0; it must be above 0"),
        ({"risk": {"tiers": "many"}}, "risk.tiers is 'many'; it must be a list"),
        ({"risk": {"tiers": []}}, "risk.tiers is empty; at least one tier is needed"),
        ({"risk": {"tiers": ["MES"]}}, "risk.tiers[0] is 'MES'; it must be a mapping"),
        ({"risk": {"tiers": [MES_TIER | {"loss_limit": "-5"}]}},
         "risk.tiers[0].loss_limit is -5; it must be above 0"),
        ({"risk": {"tiers": [{"name": "x", "symbol": ""}]}},
         "risk.tiers[0] lacks min_balance, min_size, max_size, loss_limit"),
        ({"risk": {"tiers": [MES_TIER | {"los_limit": "5"}]}},
         "risk.tiers[0].los_limit is unknown; did you mean loss_limit?"),
        ({"risk": {"tiers": [MES_TIER | {"symbol": "MSE"}]}},
         "risk.tiers[0].symbol is 'MSE'; known are ES, MES"),
        ({"risk": {"tiers": [MES_TIER | {"symbol": "CL"}]}},
         "risk.tiers: CL of tier one and the feed's MES have different ticks"),
        ({"risk": {"margin_limits": {"MSE": "5"}}}, "risk.margin_limits: a symbol is 'MSE'; known"),
        ({"risk": {"margin_limits": {"ES": "x"}}}, "risk.margin_limits.ES is 'x'; it must be"),
        ({"router": {"matrix": {"BUY_IMBALANC": []}}},
         "router.matrix.BUY_IMBALANC is unknown; did you mean BUY_IMBALANCE"),
        ({"router": {"matrix": {"BUY_IMBALANCE": ["RANGE"]}}},
         "router.matrix.BUY_IMBALANCE[0] is 'RANGE'; it must be one of TRENDING_UP, TRENDING_DOWN"),
        ({"router": {"matrix": {"BUY_IMBALANCE": ["NO_TRADE"]}}},
         "router.matrix: BUY_IMBALANCE cannot be enabled in NO_TRADE"),
        ({"router": {"bias": {"RANGING": "up"}}}, "router.bias.RANGING is 'up'; it must be"),
        ({"regime": {"adx_period": "101", "atr_period": "101"}}, "regime.adx_period is 101"),
        ({"regime": {"news": [{"from": "2025-12-10"}]}},
         "regime.news[0] is a mapping; it must be {from: TIME, to: TIME}"),
        ({"regime": {"news": [{"from": "10.12.", "to": "2025-12-10 14:00"}]}},
         "regime.news[0].from is '10.12.'; it must be a time like 2025-12-10 13:55"),
        ({"regime": {"news": [{"from": "2025-12-10 25:00", "to": []}]}},
         "regime.news[0].from is '2025-12-10 25:00'; hour must be in 0..23"),
        ({"regime": {"news": [{"from": "2025-11-02 01:30", "to": "2025-11-03 01:30"}]}},
         "regime.news[0].from is '2025-11-02 01:30'; the clocks change in New York then"),
        ({"regime": {"news": [{"from": "2025-03-09 02:30", "to": "2025-11-03 01:30"}]}},
         "regime.news[0].from is '2025-03-09 02:30'; the clocks change in New York then"),
        ({"regime": {"news": [{"from": "1969-03-09 02:30", "to": "2025-11-03 01:30"}]}},
         "its year must be 1971 to 2115"),
        ({"regime": {"news": [{"from": "2025-12-10 14:00", "to": "2025-12-10 13:00"}]}},
         "regime.news: window"),
    ],
)  # fmt: skip
def test_each_refusal_names_path_value_and_remedy(tree: Any, says: str) -> None:
    assert problems("MES", tree)[0].startswith(says) or says in problems("MES", tree)[0]


def test_everything_wrong_is_said_at_once() -> None:
    tree = {
        "bars": {"secnods": "60", "row_ticks": "0", "kind": "hour"},
        "risk": {
            "stop_ticks": "x", "target_ticks": "0", "tiers": [MES_TIER | {"min_size": "3"}, {}],
        },
        "router": {"bias": {"RANGING": "2"}},
        "zzz": "1",
    }  # fmt: skip
    assert [line.split(" ")[0] for line in problems("MES", tree)] == [
        "bars.secnods", "bars.row_ticks", "bars.kind", "risk.stop_ticks", "risk.tiers[0].min_size",
        "risk.tiers[1]", "risk.target_ticks", "router.bias:", "zzz",
    ]  # fmt: skip


def test_a_value_is_not_blamed_for_another() -> None:
    together = {"exhaustion_levels": "7", "exhaustion_max_levels": "8"}
    assert problems("ES", {"patterns": together | {"ratio": "0"}}) == [
        "patterns.ratio is 0.0; it must be above 0"
    ]
    for pair in ({"exhaustion_levels": "9"}, {"exhaustion_max_levels": "2"}):
        assert len(problems("ES", {"patterns": together | pair})) == 1
    wrong = {"regime": {"adx_period": "101", "atr_period": "101"}}
    assert problems("ES", wrong) == [
        "regime.adx_period is 101; at most 100", "regime.atr_period is 101; at most 100",
    ]  # fmt: skip


# Round trip


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a setting's type: small ones, so that many are allowed, and a few odd ones."""
    if is_dataclass(kind):
        return st.builds(kind, **{name: values(item) for name, item in kinds_of(kind).items()})
    if kind == Window:
        ns = st.integers(366 * 86_400 * 10**9, read_time("2115-12-31 23:59"))
        return st.lists(ns, min_size=2, max_size=2, unique=True).map(lambda two: tuple(sorted(two)))
    if optional(kind):
        return st.none() | values(optional(kind))
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if get_origin(kind) is Mapping:
        keys = st.sampled_from(list(INSTRUMENTS)) if arguments[0] is str else values(arguments[0])
        return st.dictionaries(keys, values(arguments[1]), max_size=5)
    if kind is str:
        words = ["honest", "ideal", "touch", "through", "time", "volume", "", "MES", "yes", "# - :"]
        return st.sampled_from(words) | st.text(st.characters(codec="utf-8"), max_size=8).filter(
            str.isprintable
        )
    if kind is Decimal:
        return st.decimals(0, 20_000, places=2) | st.decimals(-5, 10**10, places=8)
    if kind in (int, float, bool):
        return {
            int: st.integers(-1, 30) | st.integers(-(2**31), 2**31),
            float: st.floats(0, 1) | st.floats(allow_nan=False, allow_infinity=False),
            bool: st.booleans(),
        }[kind]
    return st.sampled_from(list(kind))


@st.composite
def configs(draw: st.DrawFn) -> EngineConfig:
    """Valid configurations: each drawn value is kept where the rules allow it."""
    config = engine_config(draw(st.sampled_from(list(INSTRUMENTS))))
    changed = draw(st.lists(st.sampled_from(sorted(settings(config))), max_size=12, unique=True))
    for name in changed:
        section, _, key = name.partition(".")
        rules = getattr(config, section)
        try:
            value = draw(values(settings(config)[name]))
            config = replace(config, **{section: replace(rules, **{key: value})})
        except ConfigError:
            continue
    return config


@given(configs())
def test_what_is_written_is_read_back(config: EngineConfig) -> None:
    symbol = config.instrument.symbol
    for changed in (False, True):
        again = config_from(symbol, config.as_tree(changed=changed))
        assert again == config
        assert (again.digest, again.rules_digest) == (config.digest, config.rules_digest)


@given(configs())
def test_only_what_differs_is_written(config: EngineConfig) -> None:
    whole, changed = flat(config.as_tree()), flat(config.as_tree(changed=True))
    assert set(changed) <= set(whole)
    default = engine_config(config.instrument.symbol)
    assert (not changed) is (config == default)


@pytest.mark.parametrize("name", settings(engine_config("ES")))
def test_every_setting_can_be_written_and_read(name: str) -> None:
    section, _, key = name.partition(".")
    tree = engine_config("ES").as_tree()[section]
    assert isinstance(tree, Mapping)
    assert config_from("ES", {section: {key: tree[key]}}) == engine_config("ES")
