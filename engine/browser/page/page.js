"use strict";
// Puts the parts of the page together.

const $ = (id) => document.getElementById(id);
const MESSAGE_MS = 2500, LETTER_MS = 50; // of a message, and of each of its letters
const RELISTS = ["lens", "look", "source"]; // they change the ranges of other controls
const connection = new Connection();
const stream = new Stream(connection, $("video"), $("jpeg"));
const panel = new Panel(connection, $("panel"));
const gestures = new Gestures(connection, $("stage"), stream, showReticle);
let viewers = { count: 1, you: 0, controls: 0 };
let stills = [];
let messageTimer = 0;
let isBusy = false;

function showReticle(point) {
  const box = $("stage").getBoundingClientRect(), reticle = $("reticle");
  reticle.style.left = `${point.clientX - box.left}px`;
  reticle.style.top = `${point.clientY - box.top}px`;
  reticle.classList.remove("shown");
  void reticle.offsetWidth; // the animation starts again
  reticle.classList.add("shown");
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

function message(text, isLost = false) {
  if (!text) return;
  $("message").textContent = text;
  $("message").classList.toggle("lost", isLost);
  $("message").hidden = false;
  clearTimeout(messageTimer);
  messageTimer = setTimeout(() => { $("message").hidden = true; }, MESSAGE_MS + LETTER_MS * text.length);
}

async function list() {
  const reply = await connection.request({ list: true });
  if (!reply.ok) return;
  panel.build(reply.value);
  showStills();
}

function showStills() {
  const address = (name) => withToken(`/stills/${encodeURIComponent(name)}`);
  $("stills").replaceChildren(...stills.toReversed().map((name) => element("li", {}, element(
    "a", { href: address(name), download: name, textContent: name }))));
  $("no-stills").hidden = stills.length > 0;
  const newest = stills.findLast((name) => name.endsWith(".jpg"));
  $("newest").hidden = !newest;
  $("none").hidden = Boolean(newest);
  if (newest && $("newest").download !== newest) {
    Object.assign($("newest"), { href: address(newest), download: newest, title: `Download ${newest}` });
    $("newest").querySelector("img").src = `${address(newest)}&view=1`;
  }
}

function showViewers() {
  const isMine = viewers.you === viewers.controls, button = $("control");
  panel.enable(isMine);
  $("shutter").disabled = !isMine;
  button.hidden = viewers.count < 2;
  button.setAttribute("aria-disabled", String(isMine));
  button.textContent = isMine ? `You control, ${viewers.count - 1} watching` : "Take control";
  button.title = isMine ? "" : `Viewer ${viewers.controls} controls now`;
}

async function poll() {
  const frames = stream.takeFrames();
  const reply = document.hidden ? { ok: false } : await connection.request({ state: true });
  if (reply.ok) {
    const state = reply.value;
    const focus = !state.has_depth ? "no depth" : FORMATS.focus(state.focus_m);
    $("status").textContent = `${FORMATS.f_number(state.f_number)}   ${focus}   ${state.look}   ${state.lens}`;
    $("status").title = `${state.source}, ${state.size.join("x")}, ${state.device}`;
    $("whole").hidden = state.zoom <= 1;
    const rate = frames === null ? state.fps : frames;
    $("rate").textContent = rate === null ? "" : `${Math.round(rate)} fps`;
    $("rate").title = `${stream.kind}; drawn at ${state.fps === null ? "0" : state.fps.toFixed(1)} fps`;
    notice(state.status || (hasPicture() ? "" : "Waiting for the first picture …"));
  }
  setTimeout(poll, 1000);
}

function hasPicture() {
  const picture = stream.picture;
  return Boolean(picture.videoWidth || picture.naturalWidth);
}

connection.addEventListener("open", async () => {
  notice(hasPicture() ? "" : "Waiting for the first picture …");
  if (!document.hidden) stream.start();
  await list();
  const reply = await connection.request({ watch: true });
  for (const [name, value] of Object.entries(reply.value || {})) panel.show(name, value);
});
connection.addEventListener("closed", () => { stream.stop(); notice("The stream is lost. Connecting again …"); });
connection.addEventListener("unreachable", (event) => { if (event.detail) notice(event.detail); });
connection.addEventListener("changed", (event) => {
  for (const [name, value] of Object.entries(event.detail)) panel.show(name, value);
  if (RELISTS.some((name) => name in event.detail)) list();
});
connection.addEventListener("message", (event) => message(event.detail));
connection.addEventListener("refused", (event) => { message(event.detail); list(); }); // the panel shows what is set
connection.addEventListener("error", (event) => { if (event.detail) notice(event.detail); });
connection.addEventListener("lost", (event) => message(event.detail, true));
connection.addEventListener("stills", (event) => { stills = event.detail; if ($("stills")) showStills(); });
connection.addEventListener("still", (event) => {
  stills = [...stills.filter((name) => name !== event.detail), event.detail];
  if ($("stills")) showStills();
});
connection.addEventListener("viewers", (event) => {
  if (event.detail.controls !== viewers.controls && viewers.controls) {
    message(event.detail.you === event.detail.controls ? "You control now." : `Viewer ${event.detail.controls} controls now.`);
  }
  viewers = event.detail;
  showViewers();
});

stream.addEventListener("lost", () => notice("The picture is lost. Connecting again …"));
stream.addEventListener("size", (event) => {
  const [width, height] = event.detail;
  document.documentElement.style.setProperty("--ratio", `${width} / ${height}`);
  notice("");
});

$("control").onclick = () => { if (viewers.you !== viewers.controls) connection.act({ take: true }); };
$("whole").onclick = () => connection.act({ do: "fit" });
$("shutter").onclick = async () => {
  if (isBusy) return;
  isBusy = true;
  $("shutter").classList.add("busy");
  await connection.act({ do: "still" });
  isBusy = false;
  $("shutter").classList.remove("busy");
};
$("fill").hidden = !document.fullscreenEnabled;
$("fill").onclick = () => (document.fullscreenElement ? document.exitFullscreen() : $("stage").requestFullscreen());
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, textarea") || (event.key === " " && event.target.closest("button, a, summary"))) return;
  const name = keyName(event);
  if (!panel.keys.has(name)) return;
  event.preventDefault();
  if (name === "S") $("shutter").click(); else connection.act({ press: name });
});
// A page in the background receives nothing, so that nothing is encoded for it.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) { stream.stop(); connection.request({ stop: true }); } else if (connection.isOpen) stream.start();
});
async function stayAwake() {
  if (!document.hidden && navigator.wakeLock) await navigator.wakeLock.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
connection.connect();
poll();
