"""The broker of a live account. A second broker is one more branch here."""

from collections.abc import Iterable

from engine.config import EngineConfig
from trading.brokers import Broker
from trading.brokers.adapter import Adapter
from trading.real_money.accounts import BrokerAccount


def live_adapter(
    account: BrokerAccount, *, contract: str = "", symbols: Iterable[str] = ()
) -> Adapter:
    """A line that is not open yet. `contract` is the feed's, `symbols` are those that may be
    entered; without them it can be asked, and flattened. OptionError names what is not set,
    BrokerError what cannot be used."""
    from trading.brokers.rithmic import open_rithmic

    return open_rithmic(account=account.id, contract=contract, symbols=symbols)


def live_broker(account: BrokerAccount, config: EngineConfig, contract: str) -> Broker:
    """Who trades a session of real money; `contract` is what the feed trades now. Whoever calls
    this knows that the account was confirmed."""
    from trading.brokers.real import RealBroker
    from trading.brokers.rules import rules

    symbols = {tier.symbol or config.instrument.symbol for tier in config.risk.tiers}
    adapter = live_adapter(account, contract=contract, symbols=sorted(symbols))
    return RealBroker(adapter, rules(), armed=True)
