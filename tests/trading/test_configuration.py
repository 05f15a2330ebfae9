"""Configurations as YAML and as stored versions: what they say, what is refused, what is kept."""

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from hypothesis import given

from engine.config import EngineConfig, engine_config
from engine.instruments import INSTRUMENTS
from engine.scalars import decimal_text
from engine.settings import is_text, settings
from engine.written import flat
from tests.engine.test_settings import configs
from trading.configuration import stored
from trading.configuration.compare import differences
from trading.configuration.document import parse
from trading.configuration.reading import MOST_BYTES, YamlError, read_text, read_yaml
from trading.configuration.sources import find_source
from trading.configuration.writing import document_text
from trading.errors import ConfigurationError
from trading.models import AuditEvent, Configuration

GUIDE = Path(__file__).parents[2] / "docs" / "configuration.md"
HEAD = "version: 1\nsymbols:\n"


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        parse(text, "es.yaml")
    return list(error.value.problems)


# YAML


def test_scalars_stay_text_and_lines_are_known():
    tree, lines = read_yaml("a: 0.10\nb:\n  - no\n  - {c: 1e3, d: 2025-01-01}\n")
    assert tree == {"a": "0.10", "b": ["no", {"c": "1e3", "d": "2025-01-01"}]}
    assert (lines["a"], lines["b"], lines["b[1]"], lines["b[1].d"]) == (1, 2, 4, 4)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; begin it with `version: 1`"),
        ("# nothing\n", "is empty"),
        ("---\n", "is empty"),
        ("- a\n", "line 1: must be a mapping"),
        ("just words\n", "line 1: must be a mapping"),
        ("a: 1\nb: 2\na: 3\n", "line 3: a is there twice, first on line 1"),
        ("r:\n  s: 1\n  s: 2\n", "line 3: r.s is there twice, first on line 2"),
        ("a: &x 1\nb: *x\n", "line 1: anchors (&) and aliases (*) are not taken"),
        ("a: *x\n", "line 1: anchors (&) and aliases (*) are not taken"),
        ("a: !!python/object:os.system x\n", "line 1: tags like tag:yaml.org,2002:python/object"),
        ("a: !x 1\n", "line 1: tags like !x are not taken"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document begins here"),
        ("? [a]\n: 1\n", "line 1: a key must be a name"),
        ("a: [1\n", "is no YAML"),
        ("a: 1\n\tb: 2\n", "line 2: is no YAML"),
        ("a: \x00\n", "is no YAML"),
        ("a: " + "[" * 5000, "line 1: is nested deeper than 8 levels"),
        ("a: " + "x" * MOST_BYTES, "is longer than 64 KiB"),
    ],
)
def test_what_is_no_configurations_yaml_is_refused_in_words(text, says):
    with pytest.raises(YamlError) as error:
        read_yaml(text)
    assert says in str(error.value)


def test_a_file_must_be_text_of_a_configurations_size(tmp_path):
    path = tmp_path / "es.yaml"
    for content, says in (
        (b"a: 1\nb: \xff\n", "line 2: is not UTF-8"),
        (b"#" * (MOST_BYTES + 1), "is longer than 64 KiB"),
    ):
        path.write_bytes(content)
        with pytest.raises(YamlError, match=says):
            read_text(path)
    with pytest.raises(YamlError, match="is no file"):
        read_text(tmp_path)
    path.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    assert read_text(path) == "version: 1\n"


# What a document says


def test_defaults_are_for_all_symbols_and_a_symbol_overrules_them():
    document = parse(
        "version: 1\nname: two\ndefaults:\n  risk: {stop_ticks: 12, target_ticks: 18}\n"
        "symbols:\n  ES: {risk: {stop_ticks: 20}}\n  MES:\n",
        "es.yaml",
    )
    es, mes = document.configs["ES"], document.configs["MES"]
    assert (es.risk.stop_ticks, es.risk.target_ticks) == (20, 18)
    assert mes == engine_config("MES").override(
        {"risk.stop_ticks": "12", "risk.target_ticks": "18"}
    )
    assert document.name == "two"
    assert document.digests == {"ES": es.rules_digest, "MES": mes.rules_digest}


def test_all_that_is_wrong_is_said_with_its_line_and_where_it_was_written():
    text = (
        "version: 2\nnmae: x\ndefaults:\n  risk:\n    stop_tickz: 12\n    target_ticks: 0\n"
        "symbols:\n  ES:\n    bars: {seconds: soon}\n  MES: {}\n  MSE: {}\n  NQ: 5\n"
    )
    assert refused(text) == [
        "line 1: version is '2'; this tradebot reads version 1",
        "line 2: nmae is unknown; did you mean name?",
        "line 5: defaults.risk.stop_tickz is unknown; did you mean stop_ticks or trail_step_ticks?",
        "line 6: defaults.risk.target_ticks is 0; it must be above 0",
        "line 9: symbols.ES.bars.seconds is 'soon'; it must be a whole number",
        "line 11: symbols.MSE is unknown; did you mean MES? known are " + ", ".join(INSTRUMENTS),
        "line 12: symbols.NQ must be a mapping, like {risk: {stop_ticks: 12}}",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("symbols: {ES: {}}", "version is missing; begin with `version: 1`"),
        ("version: [1]\nsymbols: {ES: {}}", "version is not one value"),
        ("version: 1", "symbols must name at least one, like {ES: {}}"),
        ("version: 1\nsymbols: [ES]", "symbols must name at least one"),
        ("version: 1\nname: a b\nsymbols: {ES: {}}", "name is 'a b'; use up to 40 letters"),
        ("version: 1\ndefaults: 5\nsymbols: {ES: {}}", "defaults must be a mapping"),
        (HEAD + "  ES: {account: {id: x}}", "account.id is no part of a configuration; name the"),
        (HEAD + "  MES: {risk: {tiers: [{name: a}]}}", "symbols.MES.risk.tiers[0] lacks min_bal"),
    ],
)
def test_what_a_document_lacks(text, says):
    assert says in refused(text)[0]


def test_one_problem_is_one_line_and_more_are_a_line_each():
    with pytest.raises(ConfigurationError) as one:
        parse("version: 1", "es.yaml")
    assert str(one.value) == "es.yaml: symbols must name at least one, like {ES: {}}"
    with pytest.raises(ConfigurationError) as two:
        parse("a: 1\nversion: 1", "es.yaml")
    assert str(two.value).splitlines() == [
        "es.yaml: 2 problems", "  symbols must name at least one, like {ES: {}}",
        "  line 1: a is unknown; known are version, name, defaults, symbols",
    ]  # fmt: skip


@given(configs())
def test_what_is_written_as_yaml_is_read_back(config: EngineConfig):
    from dataclasses import replace

    config = replace(config, account=replace(config.account, id="paper"))
    symbol = config.instrument.symbol
    for changed in (False, True):
        document = parse(document_text({symbol: config}, changed=changed), "again")
        assert document.configs == {symbol: config}
        assert document.digests == {symbol: config.rules_digest}


def test_differences_are_setting_by_setting():
    before = parse(HEAD + "  ES: {risk: {stop_ticks: 12}}\n  NQ: {}", "a").configs
    after = parse(
        HEAD + "  ES: {router: {bias: {RANGING: 1}}, risk: {margin_limits: {ES: none}}}\n  CL: {}",
        "b",
    ).configs
    assert list(map(str, differences(before, after))) == [
        "ES router.bias.RANGING: 0 -> 1", "ES risk.stop_ticks: 12 -> 16",
        "ES risk.margin_limits.ES: 400 -> none", "NQ: removed", "CL: added",
    ]  # fmt: skip
    assert differences(before, before) == []


# The page about it


def test_the_guides_example_holds():
    example = re.search(r"```yaml\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert example is not None
    document = parse(example[1], "guide")
    es, mes = document.configs["ES"], document.configs["MES"]
    assert document.name == "scalper"
    assert (es.bars.seconds, es.risk.stop_ticks, len(es.regime.news)) == (60, 12, 2)
    assert [tier.name for tier in mes.risk.tiers] == ["small", "large"]
    assert "ES" not in mes.risk.margin_limits


def test_the_guide_lists_every_setting_with_its_default():
    rows = dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", GUIDE.read_text(), re.MULTILINE))
    config = engine_config("ES")
    kinds, texts = settings(config), flat(config.as_tree())
    wanted = {name: texts[name] if is_text(kind) else "see below" for name, kind in kinds.items()}
    assert rows == wanted, "docs/configuration.md: one line a setting, as the dataclasses have it"


# Stored versions

TEXT = "version: 1\nsymbols:\n  MES: {risk: {stop_ticks: %s}}\n"


@pytest.fixture
def person():
    return User.objects.create_user("ada")


@pytest.mark.django_db
def test_each_save_is_the_next_version_and_the_newest_is_current(person):
    first = stored.save_version("scalper", TEXT % 12, user=person)
    second = stored.save_version("scalper", TEXT % 14, note="wider", user=person)
    assert (str(first), str(second)) == ("scalper@1", "scalper@2")
    assert stored.newest("scalper") == stored.find("scalper") == second
    assert stored.find("scalper@1") == first
    assert [stored.find(name) for name in ("scalper@3", "other", "a b", "scalper@")] == [None] * 4
    assert first.digests == parse(TEXT % 12, "x").digests != second.digests
    event = AuditEvent.objects.get(payload__configuration="scalper@2")
    assert (event.kind, event.actor) == ("configuration_saved", "ada")
    assert event.payload["before"] == "scalper@1"
    assert event.payload["changes"] == ["MES risk.stop_ticks: 12 -> 14"]
    assert event.payload["note"] == "wider"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("scalper", TEXT % 12, "nothing differs from version 1"),
        ("scalper", TEXT % 0, "line 3: symbols.MES.risk.stop_ticks is 0"),
        ("scalper", "name: other\n" + TEXT % 1, "the text says `name: other`"),
        ("a b", TEXT % 1, "is no name"),
    ],
)
def test_what_cannot_be_stored_is_not(name, text, says):
    stored.save_version("scalper", TEXT % 12)
    with pytest.raises(ConfigurationError, match=says):
        stored.save_version(name, text)
    assert Configuration.objects.count() == AuditEvent.objects.count() == 1


@pytest.mark.django_db
def test_a_version_is_neither_changed_nor_deleted():
    row = stored.save_version("scalper", TEXT % 12)
    row.text = TEXT % 13
    with pytest.raises(TypeError, match="next version"):
        row.save()
    with pytest.raises(TypeError, match="results name it"):
        row.delete()
    assert Configuration.objects.get().text == TEXT % 12


@pytest.mark.django_db
def test_what_an_older_tradebot_took_can_be_replaced():
    Configuration.objects.create(name="scalper", version=1, text="version: 0")
    assert str(stored.save_version("scalper", TEXT % 12)) == "scalper@2"


# What --config names


@pytest.mark.django_db
def test_a_file_comes_before_a_stored_name(tmp_path, monkeypatch):
    stored.save_version("scalper", TEXT % 12)
    stored.save_version("scalper", TEXT % 14)
    assert find_source("scalper").label == "scalper@2"
    assert find_source("scalper@1").document.configs["MES"].risk.stop_ticks == 12
    monkeypatch.chdir(tmp_path)
    Path("scalper").write_text("name: mine\n" + TEXT % 20)
    source = find_source("scalper")
    assert source.label == "mine (scalper)"
    assert source.document.configs["MES"].risk.stop_ticks == 20


@pytest.mark.django_db
def test_a_name_that_is_not_there_says_what_is():
    with pytest.raises(ConfigurationError, match="no such stored configuration; none is stored"):
        find_source("scalper")
    stored.save_version("scalper", TEXT % 12)
    with pytest.raises(ConfigurationError, match="stored are scalper"):
        find_source("scalpel")
    with pytest.raises(ConfigurationError, match=r"es\.yaml: there is no such file$"):
        find_source("es.yaml")


def test_decimals_are_written_in_plain_digits():
    from decimal import Decimal

    texts = {"1E+3": "1000", "0.10": "0.1", "-0": "0", "1E-8": "0.00000001", "300.00": "300"}
    assert {text: decimal_text(Decimal(text)) for text in texts} == texts
