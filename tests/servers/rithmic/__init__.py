"""Rithmic, on this machine: a TLS websocket server that speaks R|Protocol to async_rithmic's own
client, with an exchange and a back office inside.

    async with RithmicServer() as server:
        client = RithmicClient(..., url=server.url, manual_or_auto=OrderPlacement.AUTO)
        client.ssl_context.load_verify_locations(server.ca)
        await client.connect(plants=[SysInfraType.ORDER_PLANT, SysInfraType.PNL_PLANT])
        server.trade("MESZ6", "5000.25")

It runs in the caller's loop and does nothing of its own accord: no timers, no random numbers that
were not asked for, ids that count. Everything it is told to do it does at once; what clients are
told of it is on its way when the call returns. `server.exchange` is what really happened, whatever
the client was told: `exchange.orders`, `exchange.position`, `exchange.balance`, `exchange.ledger`.

From documents and from the library's source: frames (four bytes of length, big-endian, then a
protobuf); template ids and fields; `rp_code` only in an answer's last message, `rq_handler_rp_code`
in those before; `user_msg` comes back; rp_code 7 is "no data"; lists of orders are 352 with
`is_snapshot` and the account; one URL for all plants; 330 is acknowledged in two messages; a
bracket's children have baskets of their own, `original_basket_id` is the entry's basket, and they
come without the entry's user_tag (async_rithmic's issue 20; `tagged_children=True` gives it to
them).

Our assumptions, each of which an adapter should not depend on:
- The order of 351s and 352s, the texts in `status`, `text` and `report_type`, codes other than 0
  and 7, `completion_reason` F, C or R.
- A bracket gives each fill of the entry a stop and a target of its own at distances from that fill
  (`children="one"`: one pair that grows). The two are linked; one shrinks as the other fills.
  To cancel one leaves the other (`links_cancel=True`: takes both).
- A stop that is triggered is told with price_type MARKET and orig_price_type STOP_MARKET.
- 3504 cancels what works in the contract first (`exit_cancels=False`: leaves it), and its order has
  no user_tag.
- Lists of orders have those that work (320), or all of a trading day that ends at 17:00 in Chicago
  (324). Replayed executions are 352 with `is_snapshot`.
- In 450 net_quantity is signed, closed profit is first in first out; buy_qty and sell_qty count
  what is filled and what is ordered. 451's account_balance has closed profit and commissions.
- `buy_margin_rate` is money per contract.
"""

from tests.servers.rithmic.book import Account, Contract, Mistake
from tests.servers.rithmic.server import ACCOUNT, MES, SYSTEM, RithmicServer

__all__ = ["ACCOUNT", "MES", "SYSTEM", "Account", "Contract", "Mistake", "RithmicServer"]
