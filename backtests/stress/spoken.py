"""What the Monte Carlo found, in plain sentences."""

from collections.abc import Iterator

from backtests.stress.chances import Json, chance_text, percent, shown


def said(found: Json) -> list[str]:
    """The sentences of a `monte_carlo` answer."""
    ways, block = found["ways"], found["block"]
    what = "days" if block == 1 else f"blocks of {block} days"
    sentences = list(_of_way(f"In {found['paths']:,} resamplings of {what}", ways["days"], found))
    if len(found["tiers"]) > 1:
        sentences.append(
            f"The run traded in {len(found['tiers'])} tiers, and these resamplings give the money "
            "of one tier to balances of another: read the re-tiered figures first."
        )
    if "retiered" in ways:
        way = ways["retiered"]
        begin = f"In {way['paths']:,} resamplings with the sizes of each path's own balance"
        sentences += _of_way(begin, way, found)
        sentences.append(_limits_of_retiering(way, found["trades"]))
    elif found["trades"]:
        sentences.append(
            f"Sizes by each path's own balance are left out, because the run cannot be replayed "
            f"from its trades: {found['not_retiered']}."
        )
    if "trades" in ways:
        sentences.append(_of_trades(ways["days"], ways["trades"]))
    if "order" in ways:
        bands = ways["order"]["drawdown"]["bands"]
        sentences.append(
            f"The run's drawdown was {shown(found['run']['drawdown'])}; the same trades in another "
            f"order had {shown(bands['50'])} in the middle and {shown(bands['95'])} or more in the "
            "worst 5 %."
        )
    sentences.append(
        "The intervals say how exactly so many resamplings measure a share. They know nothing of "
        "whether the run's trades are typical of those to come."
    )
    return sentences


def _of_way(begin: str, way: Json, found: Json) -> Iterator[str]:
    final, fall, ruin = way["final"], way["drawdown"], found["ruin"]
    low, middle, high = (shown(final["bands"][band]) for band in ("2.5", "50", "97.5"))
    yield (
        f"{begin} the account ended between {low} and {high} in 95 %, at {middle} in the middle; "
        f"it ended with a loss in {chance_text(final['loss'])}."
    )
    depths = "; ".join(
        f"{depth['percent']} % or more in {chance_text(depth)}"
        for depth in _telling(fall["depths"])
    )
    yield f"From its highest balance it lost {depths}."
    goes_on = (
        "" if "stopped" in way or not way["ruin"]["hits"] else "; these paths go on all the same"
    )
    yield (
        f"Ruin, a balance of {shown(ruin['level'])} or less ({ruin['why']}), came in "
        f"{chance_text(way['ruin'])}{goes_on}."
    )
    if "stopped" in way:
        yield (
            f"The drawdown limit of {shown(found['limit'])} ended the trading in "
            f"{chance_text(way['stopped'])}."
        )
    else:
        yield (
            f"The drawdown limit of {shown(found['limit'])} was reached in "
            f"{chance_text(fall['limit'])}; these paths go on as if it had been lifted at once."
        )
    days = way["limit_days"]
    yield (
        f"Closed trades reached the day's loss limit on {days['50']} of {found['days']:,} days in "
        f"the middle, on {days['95']} or more in the worst 5 %."
    )
    for name in ("month", "quarter"):
        period = way[name]
        if period is not None:
            yield (
                f"A {name} ({period['days']} trading days) lost money in "
                f"{percent(period['each']['share'])} of cases, at least one of {period['of']} in "
                f"{percent(period['any']['share'])}."
            )
    recovery = way["recovery"]
    if recovery["days"] is not None:
        yield (
            "From the bottom of the deepest drawdown to a new high it took "
            f"{recovery['days']['50']} trading days in the middle and {recovery['days']['95']} or "
            f"more in the slowest 5 %; {percent(recovery['never']['share'])} did not get there."
        )


def _telling(depths: list[Json]) -> list[Json]:
    """Without those that every path has and a deeper one too, or none has and neither a lesser."""
    found = list(depths)
    while len(found) > 1 and found[1]["hits"] == found[1]["of"]:
        del found[0]
    while len(found) > 1 and found[-2]["hits"] == 0:
        del found[-1]
    return found


def _limits_of_retiering(way: Json, trades: int) -> str:
    text = (
        "Sizes, tiers and limits of these paths are the engine's own rules, and replay the run to "
        "the cent. They cannot trade what the run did not, because a limit had ended its day"
    )
    if way["unknown"]:
        text += (
            f"; of {way['unknown']:,} of {trades:,} trades the run does not tell whether signals "
            "agreed, and one signal is assumed"
        )
    return f"{text}."


def _of_trades(days: Json, trades: Json) -> str:
    ours, theirs = (shown(way["drawdown"]["bands"]["95"]) for way in (days, trades))
    return (
        f"In the worst 5 % the drawdown is {ours} or more when days are drawn, {theirs} or more "
        "when single trades are: the difference is what a day's trades have in common."
    )
