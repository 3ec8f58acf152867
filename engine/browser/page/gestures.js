"use strict";
// Fingers, mouse and keys on the picture, in fractions of it: they do what they do in the window.

const DRAG_PX = 9;          // a touch that moves farther is a drag, else a tap
const STEPS_PER_DOUBLE = 3; // of the wheel
const WHEEL_PX = 100;       // per step

class Gestures {
  #connection; #stage; #stream; #onTap;
  #touches = new Map();
  #start = null;  // where a single touch began
  #isDrag = false;
  #isPinch = false;
  #steps = 0;     // of the wheel, not sent yet
  #at = null;
  #move = null;

  constructor(connection, stage, stream, onTap) {
    this.#connection = connection; this.#stage = stage; this.#stream = stream; this.#onTap = onTap;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#moved(event));
    stage.addEventListener("pointerup", (event) => this.#up(event, false));
    stage.addEventListener("pointercancel", (event) => this.#up(event, true));
    stage.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    stage.addEventListener("contextmenu", (event) => this.#pick(event));
    const send = () => { this.#send(); requestAnimationFrame(send); };
    requestAnimationFrame(send);
  }

  // The fraction of the picture at a point of the page; null beside the picture.
  fraction(point, isInside = true) {
    const picture = this.#stream.picture;
    const width = picture.videoWidth || picture.naturalWidth, height = picture.videoHeight || picture.naturalHeight;
    if (!width || !height) return null;
    const box = this.#stage.getBoundingClientRect();
    const scale = Math.min(box.width / width, box.height / height);
    const x = 0.5 + (point.clientX - box.left - box.width / 2) / (scale * width);
    const y = 0.5 + (point.clientY - box.top - box.height / 2) / (scale * height);
    return isInside && (x < 0 || x >= 1 || y < 0 || y >= 1) ? null : [x, y];
  }

  #down(event) {
    if (event.target.closest("button") || (event.pointerType === "mouse" && event.button !== 0)) return;
    this.#stage.setPointerCapture(event.pointerId);
    this.#touches.set(event.pointerId, event);
    if (this.#touches.size === 1) {
      this.#start = event;
      this.#isDrag = this.#isPinch = false;
    } else {
      if (this.#isDrag) this.#release(event);
      this.#isPinch = true;
    }
  }

  #moved(event) {
    const before = this.#touches.get(event.pointerId);
    if (!before) return;
    if (this.#isPinch) {
      const other = [...this.#touches.values()].find((touch) => touch.pointerId !== event.pointerId);
      if (other) {
        const span = (touch) => Math.hypot(touch.clientX - other.clientX, touch.clientY - other.clientY);
        this.#steps += STEPS_PER_DOUBLE * Math.log2(Math.max(span(event), 1) / Math.max(span(before), 1));
        this.#at = this.fraction({
          clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 });
      }
    } else if (this.#isDrag) {
      this.#move = this.fraction(event, false);
    } else if (Math.hypot(event.clientX - this.#start.clientX, event.clientY - this.#start.clientY) > DRAG_PX) {
      const at = this.fraction(this.#start);
      if (at) this.#connection.act({ point: "press", at });
      this.#isDrag = at !== null;
    }
    this.#touches.set(event.pointerId, event);
  }

  #up(event, isCancelled) {
    if (!this.#touches.delete(event.pointerId)) return;
    if (this.#isDrag) this.#release(event);
    else if (!this.#isPinch && !isCancelled) this.#tap(event);
    this.#isDrag = false;
  }

  #tap(event) {
    const at = this.fraction(event);
    if (!at) return;
    this.#onTap(event);
    this.#connection.act({ point: "click", at });
  }

  #release(event) {
    this.#move = null;
    this.#isDrag = false;
    this.#connection.act({ point: "release", at: this.fraction(event, false) || [0, 0] });
  }

  #pick(event) {
    event.preventDefault();
    const at = event.pointerType === "touch" ? null : this.fraction(event);
    if (at) this.#connection.act({ point: "click", at, button: "right" });
  }

  #wheel(event) {
    event.preventDefault();
    this.#at = this.fraction(event);
    this.#steps -= (event.deltaMode === 1 ? 33 : 1) * event.deltaY / WHEEL_PX;
  }

  // At most once for each picture of the screen.
  #send() {
    if (this.#at && Math.abs(this.#steps) > 0.02) {
      this.#connection.request({ scroll: Math.max(-20, Math.min(20, this.#steps)), at: this.#at });
      this.#steps = 0;
    }
    if (this.#isDrag && this.#move) {
      this.#connection.request({ point: "move", at: this.#move });
      this.#move = null;
    }
  }
}

// Keys of the window, except those that the browser or this page needs.
const NAMED_KEYS = { " ": "Space", ArrowLeft: "Left", ArrowRight: "Right", ArrowUp: "Up", ArrowDown: "Down" };

function keyName(event) {
  if (event.altKey || event.metaKey && !event.ctrlKey) return "";
  const digit = /^Digit(\d)$/.exec(event.code);
  const plain = NAMED_KEYS[event.key] || (digit ? digit[1] : event.key.length === 1 ? event.key.toUpperCase() : event.key);
  const name = (event.ctrlKey ? "Ctrl+" : "") + (event.shiftKey && plain !== "?" ? "Shift+" : "") + plain;
  if (event.ctrlKey) return ["Ctrl+Z", "Ctrl+Shift+Z"].includes(name) ? name : "";
  return ["Tab", "Shift+Tab", "Escape", "Enter", "F5", "F11", "F12", "PageUp", "PageDown"].includes(plain) ? "" : name;
}
