// A market within the page, in place of its socket: the same numbers each time, as fast as wanted.
// The page gets text as from the wire. `bench.join(bars)` sets how many bars its snapshot has.

(() => {
  const LEVELS = 40;
  const TIMEFRAME_MS = 60_000;
  const START = Date.UTC(2026, 0, 5, 14, 30);

  let seed = 20_260_105;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const whole = (limit) => Math.floor(random() * limit);

  // `traded`: volume, volume by price and by its square, since the session's open.
  const market = { bars: [], close: 17_000, cd: 0, index: 0, seq: 0, signals: 0, at: START, traded: [0, 0, 0] };

  // A bar of LEVELS prices, with everything that a bar of the engine has.
  function bar(index) {
    const open = market.close;
    const low = open - Math.floor(LEVELS / 2) + whole(9) - 4;
    const high = low + LEVELS - 1;
    const lv = [];
    const [bi, si] = [[], []];
    let [bv, sv, poc, most] = [0, 0, low, 0];
    for (let price = low; price <= high; price += 1) {
      const near = 1 - Math.abs(price - open) / LEVELS;
      const bid = whole(180 * near) + whole(8);
      const ask = whole(180 * near) + whole(8);
      lv.push([price, bid, ask, 0]);
      bv += ask;
      sv += bid;
      if (bid + ask > most) [most, poc] = [bid + ask, price];
      if (price > low && ask >= 5 && ask >= 3 * Math.max(1, lv.at(-2)[1])) bi.push(price);
      if (price < high && bid > 150) si.push(price);
    }
    market.close = low + 10 + whole(LEVELS - 20);
    market.cd += bv - sv;
    const t = START + index * TIMEFRAME_MS;
    const { vwap, svwap, sdev } = averages(lv);
    return {
      i: index, t, e: t + TIMEFRAME_MS, o: open, h: high, l: low, c: market.close, v: bv + sv, bv, sv,
      d: bv - sv, dmin: Math.min(0, bv - sv) - 40, dmax: Math.max(0, bv - sv) + 40, cd: market.cd, n: 900,
      poc, vah: Math.min(high, poc + 9), val: Math.max(low, poc - 9), vwap, svwap, lv, bi, si,
      sdev, ema: [open - 2, open - 5],
      regime: "RANGING", conf: 0.7, scores: [1, 2, 3, 0], said: "", warm: false,
    };
  }

  // The bar's own VWAP, the session's, and its standard deviation in ticks.
  function averages(lv) {
    let [volume, value] = [0, 0];
    for (const [price, bid, ask] of lv) {
      volume += bid + ask;
      value += (bid + ask) * price;
      market.traded[2] += (bid + ask) * price * price;
    }
    market.traded[0] += volume;
    market.traded[1] += value;
    const [all, sum, squares] = market.traded;
    const mean = sum / all;
    const price = (ticks) => (ticks / 4).toFixed(2);
    return { vwap: price(value / volume), svwap: price(mean), sdev: Math.sqrt(Math.max(0, squares / all - mean * mean)) };
  }

  function signal(of) {
    market.signals += 1;
    return {
      id: `s${market.signals}`, t: of.e, bar: of.t, pattern: "BUY_IMBALANCE", dir: market.signals % 2 ? 1 : -1,
      price: of.c, strength: 0.7, details: {}, regime: "RANGING", conf: 0.7, ok: market.signals % 5 === 0,
      why: market.signals % 5 === 0 ? "" : "BUY_IMBALANCE is not enabled in RANGING",
    };
  }

  const config = {
    symbol: "MES", name: "Micro E-mini S&P 500", contract: "MESH6", tick: "0.25", decimals: 2,
    tick_value: "1.25", lot: "1", currency: "USD", timeframe: 60, bars: { kind: "time", length: 60 }, row_ticks: 1, ratio: 3, min_volume: 5,
    session_date: "2026-01-05", account: "paper-MES", mode: "paper", fills: { profile: "honest" },
    source: "simulator", synthetic: true, inferred: false, speed: "1",
  };

  // As a frame of the pipeline; `closed` bars with it, `forming` the one being built.
  function frame({ closed = [], forming = null, signals = [], now = Date.now() }) {
    market.seq += 1;
    return {
      type: "frame", seq: market.seq, now, account_name: "paper-MES", bars: closed, forming, signals, trades: [],
      last_bar: (closed.at(-1) ?? market.bars.at(-1))?.t ?? null, position: null, orders: [], waiting: null,
      account: { balance: "2500.00", peak: "2512.50", day_pnl: "12.50", open_pnl: "0.00", target: "500", limit: "100", tier: "MES 1-3", symbol: "MES", halts: [], streak: 1 },
      feed: {
        source: "simulator", synthetic: true, inferred: false, state: "live", last_tick: now, age_ms: 5,
        ticks: market.seq * 100, tps: 1000, dropped: {}, speed: "1", latency_us: { p50: 0.6, p99: 2.1 },
      },
      regime: { name: "RANGING", conf: 0.7, scores: [1, 2, 3, 0], reason: "", inputs: {} },
      session: { day: "2026-01-05", phase: "open", mode: "paper", status: "live", ts: now, times: null },
      output: { written: market.seq, waiting: 0, failing: false, inputs: 0 }, notices: [],
    };
  }

  // Part of a bar: what of it has traded so far.
  function partOf(whole, share) {
    const lv = whole.lv.map(([price, bid, ask]) => [price, Math.ceil(bid * share), Math.ceil(ask * share), 0]);
    return { ...whole, lv, v: Math.ceil(whole.v * share), d: Math.ceil(whole.d * share), c: whole.lv[Math.floor(share * (LEVELS - 1))][0], bi: [], si: [], regime: "", conf: null, scores: null };
  }

  let socket = null;
  class MarketSocket extends EventTarget {
    constructor(url) {
      super();
      if (!String(url).includes("/ws/")) return;
      Object.assign(this, { url, readyState: 0, bufferedAmount: 0 });
      socket = this;
      setTimeout(() => {
        this.readyState = 1;
        this.#tell("open", new Event("open"));
      });
    }

    #tell(name, event) {
      this[`on${name}`]?.(event);
      this.dispatchEvent(event);
    }

    send(text) {
      const asked = JSON.parse(text);
      if (asked.type === "ping") this.say({ type: "pong" });
      if (asked.type !== "sync") return;
      const have = asked.have ?? null;
      const bars = market.bars.filter((each) => have === null || each.t > have);
      const signals = bars.map((each) => signal(each));
      this.say({ type: "snapshot", have, config, bars, signals, trades: [], notices: [], frame: null });
    }

    say(message) {
      const data = JSON.stringify(message);
      this.#tell("message", new MessageEvent("message", { data }));
    }

    close() {
      this.readyState = 3;
    }
  }
  for (const [name, value] of [["CONNECTING", 0], ["OPEN", 1], ["CLOSING", 2], ["CLOSED", 3]]) {
    MarketSocket[name] = value;
    MarketSocket.prototype[name] = value;
  }
  const count = Number(new URLSearchParams(location.search).get("bench-bars") ?? 500);
  for (; market.index < count; market.index += 1) market.bars.push(bar(market.index));
  window.WebSocket = MarketSocket;

  // `bars` bars as fast as they can be taken, `frames` frames each, some at every paint.
  async function run(bars, frames, atOnce) {
    let sent = 0;
    for (let made = 0; made < bars; made += 1) {
      const next = bar(market.index);
      market.index += 1;
      for (let part = 1; part < frames; part += 1) {
        socket.say(frame({ forming: partOf(next, part / frames) }));
        sent += 1;
        if (sent % atOnce === 0) await new Promise(requestAnimationFrame);
      }
      market.bars.push(next);
      if (market.bars.length > 1500) market.bars.shift();
      socket.say(frame({ closed: [next], signals: [signal(next)] }));
    }
    await new Promise(requestAnimationFrame);
    return sent;
  }

  window.bench = { run };
})();
