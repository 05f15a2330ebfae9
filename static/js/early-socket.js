// Opens the live page's socket and asks for the day while the page's modules are still on their way: what the
// server needs for its answer is over when they can take it. They take the socket over (live-socket.js); if
// they were faster, or this one is gone by then, they open one of their own. A classic script on purpose:
// modules run too late.
(() => {
  if (window.livePage) return;
  const MOST_WAITING = 500; // a page whose modules failed takes nothing
  const account = new URLSearchParams(location.search).get("account");
  const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/${account ? `?${new URLSearchParams({ account })}` : ""}`;
  const early = { url, socket: new WebSocket(url), asked: false, waiting: [] };
  early.socket.onopen = () => {
    early.asked = true;
    early.socket.send(JSON.stringify({ type: "sync", have: null }));
  };
  early.socket.onmessage = (event) => {
    early.waiting.push(event);
    if (early.waiting.length > MOST_WAITING) early.socket.close();
  };
  window.earlySocket = early;
})();
