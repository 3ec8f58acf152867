"use strict";
// The WebSocket to the viewfinder. It connects again until the page is closed.

const TOKEN = new URLSearchParams(location.search).get("token") || "";
const withToken = (path) => `${path}?token=${encodeURIComponent(TOKEN)}`;

class Connection extends EventTarget {
  #socket = null;
  #waiting = new Map(); // id of a request -> resolve
  #sending = new Map(); // name of a control -> its next value
  #id = 0;
  #tries = 0;

  get isOpen() { return this.#socket !== null && this.#socket.readyState === WebSocket.OPEN; }

  connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = this.#socket = new WebSocket(`${scheme}://${location.host}${withToken("/socket")}`);
    socket.onopen = () => { this.#tries = 0; this.#emit("open"); };
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = () => this.#lost(socket);
  }

  // The reply of a request; {ok: false} if the connection is lost.
  request(message) {
    if (!this.isOpen) return Promise.resolve({ ok: false, error: "not connected" });
    const id = ++this.#id;
    this.#socket.send(JSON.stringify({ ...message, id }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  // Sets a control. While a value is on its way, only the newest one waits.
  async set(name, value) {
    const isBusy = this.#sending.has(name);
    this.#sending.set(name, [value]);
    if (isBusy) return;
    let reply = { ok: true };
    for (let next = this.#sending.get(name); next.length; next = this.#sending.get(name)) {
      this.#sending.set(name, []);
      reply = await this.request({ set: name, to: next[0] });
    }
    this.#sending.delete(name);
    if (!reply.ok) this.#emit("refused", reply.error);
  }

  isSetting(name) { return this.#sending.has(name); }

  async act(message) {
    const reply = await this.request(message);
    if (!reply.ok) this.#emit("refused", reply.error);
    else if (reply.message) this.#emit("message", reply.message);
    return reply;
  }

  #receive(message) {
    const resolve = this.#waiting.get(message.id);
    if (resolve) {
      this.#waiting.delete(message.id);
      resolve(message);
      return;
    }
    for (const [kind, detail] of Object.entries(message)) this.#emit(kind, detail);
  }

  async #lost(socket) {
    if (socket !== this.#socket) return;
    for (const resolve of this.#waiting.values()) resolve({ ok: false, error: "the connection is lost" });
    this.#waiting.clear();
    this.#sending.clear();
    this.#emit("closed");
    const isRefused = await fetch(withToken("/page/icon.svg")).then((reply) => reply.status === 403, () => false);
    this.#emit("unreachable", isRefused ? "This address is no longer valid. Scan the code again." : "");
    this.#tries += 1;
    setTimeout(() => this.connect(), Math.min(500 * this.#tries, 3000));
  }

  #emit(kind, detail) { this.dispatchEvent(new CustomEvent(kind, { detail })); }
}
