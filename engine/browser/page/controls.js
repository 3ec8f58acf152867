"use strict";
// The controls of the panel, made from the list that the viewfinder sends.

const LOGARITHMIC = new Set(["f_number", "focus", "temperature"]);
const FAR_M = 100; // the slider's end is infinity
const FORMATS = {
  f_number: (value) => `f/${value < 10 ? value.toPrecision(2).replace(/\.0$/, "") : Math.round(value)}`,
  focus: (value) => value === null || value >= FAR_M ? "∞" : value < 10 ? `${value.toFixed(2)} m` : `${Math.round(value)} m`,
  exposure: (value) => `${value > 0 ? "+" : ""}${value.toFixed(1)} EV`,
  temperature: (value) => `${Math.round(value / 10) * 10} K`,
  strength: (value) => `${Math.round(value * 100)} %`,
};
// On the page itself, or without use on it.
const NOT_LISTED = new Set(["quit", "zoom", "fit", "actual_pixels", "source_menu", "still", "scope_places", "pass_times"]);

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

class Panel {
  #connection; #root;
  #described = new Map();
  #showers = new Map(); // name -> functions that show a value
  #ids = 0;
  #isEnabled = true;

  constructor(connection, root) {
    this.#connection = connection; this.#root = root;
  }

  get keys() {
    return new Set([...this.#described.values()].filter((each) => !NOT_LISTED.has(each.name) || each.name === "still")
      .map((each) => each.key).filter(Boolean));
  }

  // `described` is the reply to {"list": true}.
  build(described) {
    const opened = new Set([...this.#root.querySelectorAll("details[open]")].map((each) => each.dataset.group));
    const top = this.#root.scrollTop;
    this.#described = new Map(described.map((each) => [each.name, each]));
    this.#showers.clear();
    this.#root.replaceChildren(
      this.#section("Focus", this.#controls("f_number", "focus", "lens"), this.#chips("autofocus", "zone_focus", "depth_of_field")),
      this.#section("Exposure", this.#controls("exposure", "white_balance", "temperature", "tint"),
        this.#chips("auto_exposure", "grey_picker")),
      this.#section("Look", this.#controls("look", "strength")),
      this.#section("Aids", this.#chips("peaking", "zebra", "false_colour", "clipping", "histogram", "waveform", "frame_lines",
        "grid", "aspect_mask", "magnifier", "freeze", "aids_off")),
      this.#section("Stills", [element("ul", { id: "stills" }),
        element("p", { id: "no-stills", className: "hint", textContent: "The stills of this run appear here." })]),
      this.#section("All controls", this.#groups(opened)),
    );
    for (const each of described) if ("value" in each) this.show(each.name, each.value);
    this.enable(this.#isEnabled);
    this.#root.scrollTop = top;
  }

  // Whether this viewer controls.
  enable(isEnabled) {
    this.#isEnabled = isEnabled;
    for (const each of this.#root.querySelectorAll("button, select, input")) each.disabled = !isEnabled;
  }

  show(name, value) {
    const described = this.#described.get(name);
    if (described) described.value = value;
    for (const shower of this.#showers.get(name) || []) shower(value);
  }

  #section(title, ...parts) {
    return element("section", {}, element("h2", { textContent: title }), ...parts.flat());
  }

  #controls(...names) {
    return names.filter((name) => this.#described.has(name)).map((name) => this.#row(this.#described.get(name)));
  }

  #chips(...names) {
    const known = names.map((name) => this.#described.get(name)).filter(Boolean);
    return element("div", { className: "chips" }, ...known.map((each) => this.#button(each)));
  }

  #groups(opened) {
    const groups = new Map();
    for (const each of this.#described.values()) {
      if (NOT_LISTED.has(each.name)) continue;
      const title = each.name.startsWith("look.") ? `Look: ${each.name.split(".")[1].replaceAll("_", " ")}` : each.group;
      groups.set(title, [...(groups.get(title) || []), each]);
    }
    return [...groups].map(([title, members]) => {
      const details = element("details", {}, element("summary", { textContent: title[0].toUpperCase() + title.slice(1) }));
      details.dataset.group = title;
      const fill = () => {
        if (details.children.length > 1) return;
        details.append(...members.map((each) => this.#row(each, true)));
        for (const each of members) if ("value" in each) this.show(each.name, each.value);
        this.enable(this.#isEnabled);
      };
      details.addEventListener("toggle", fill);
      if (opened.has(title)) { details.open = true; fill(); }
      return details;
    });
  }

  #row(described, isLong = false) {
    switch (described.kind) {
      case "action": return element("div", { className: "row long" }, this.#name(described), this.#button(described, "Do"));
      case "switch": case "bool": return element("div", { className: "row long" }, this.#name(described), this.#button(described, "On"));
      case "choice": case "enum": return this.#choice(described, isLong);
      case "text": return this.#text(described);
      case "color": return this.#colours(described);
      default: return this.#slider(described);
    }
  }

  #name(described) {
    return element("span", { className: "name", textContent: described.title, title: described.help || "" });
  }

  #label(described, id) {
    return element("label", { htmlFor: id, textContent: described.title, title: described.help || "" });
  }

  #shows(described, shower) {
    this.#showers.set(described.name, [...(this.#showers.get(described.name) || []), shower]);
  }

  // A switch, an action, or a choice that a touch advances: its label is `text`, or the title with the choice.
  #button(described, text = "") {
    const { name, title, key } = described;
    const made = element("button", { type: "button", textContent: text || title, title: described.help || "" });
    if (text) made.setAttribute("aria-label", title);
    if (key) made.title = `${made.title} (${key})`.trim();
    if (described.kind === "action") {
      made.onclick = () => this.#connection.act({ do: name });
    } else if (described.kind === "choice") {
      made.onclick = () => {
        const at = described.choices.indexOf(described.value) + 1;
        this.#connection.set(name, described.choices[at % described.choices.length]);
      };
      this.#shows(described, (value) => {
        made.textContent = value === "off" ? title : `${title}: ${value}`;
        made.setAttribute("aria-pressed", String(value !== "off"));
      });
    } else {
      const isOn = () => described.value === true || described.value === 1;
      made.onclick = () => this.#connection.set(name, !isOn());
      this.#shows(described, () => {
        made.setAttribute("aria-pressed", String(isOn()));
        if (text) made.textContent = isOn() ? "On" : "Off";
      });
    }
    return made;
  }

  #choice(described, isLong) {
    const id = `control-${++this.#ids}`;
    const select = element("select", { id }, ...described.choices.map((choice) => new Option(choice, choice)));
    select.onchange = () => this.#connection.set(described.name, select.value);
    this.#shows(described, (value) => {
      const shown = typeof value === "number" ? described.choices[value] : value;
      if (shown && !described.choices.includes(shown) && ![...select.options].some((each) => each.value === shown)) {
        select.add(new Option(shown, shown)); // a look of the user's own
      }
      select.value = shown;
    });
    return element("div", { className: isLong ? "row long" : "row wide" }, this.#label(described, id), select);
  }

  #text(described) {
    const id = `control-${++this.#ids}`;
    const input = element("input", { id, type: "text", autocomplete: "off", spellcheck: false });
    input.onchange = () => this.#connection.set(described.name, input.value);
    this.#shows(described, (value) => { if (document.activeElement !== input) input.value = value ?? ""; });
    return element("div", { className: "row long" }, this.#label(described, id), input);
  }

  #colours(described) {
    const channels = ["red", "green", "blue"].map((channel, index) => this.#slider(
      { ...described, kind: "float", title: `${described.title}: ${channel}` }, index));
    return element("div", {}, ...channels);
  }

  // A number; with `channel` one of the three of a colour.
  #slider(described, channel = null) {
    const id = `control-${++this.#ids}`, { name } = described;
    const input = element("input", { id, type: "range", min: 0, max: 1, step: 0.001 });
    const output = element("output", { htmlFor: id });
    const isLogarithmic = LOGARITHMIC.has(name);
    const low = isLogarithmic ? Math.max(described.least, 0.1) : described.least;
    const high = name === "focus" ? Math.min(described.most, FAR_M) : described.most;
    const toValue = (part) => isLogarithmic ? low * (high / low) ** part : low + (high - low) * part;
    const toPart = (value) => isLogarithmic ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
      : (value - low) / (high - low);
    const format = FORMATS[name] || ((value) => `${Number(value.toFixed(described.step >= 1 ? 0 : 3))} ${described.unit || ""}`.trim());
    const step = described.step || (described.kind === "int" ? 1 : (high - low) / 1000);
    const rounded = (value) => Math.min(Math.max(Number((Math.round(value / step) * step).toFixed(6)), described.least), described.most);
    const wanted = () => name === "focus" && Number(input.value) >= 1 ? described.most : rounded(toValue(Number(input.value)));
    const print = (value) => { output.textContent = format(value); input.setAttribute("aria-valuetext", output.textContent); };
    input.oninput = () => {
      print(wanted());
      const whole = this.#described.get(name);
      const value = channel === null ? wanted() : whole.value.map((each, index) => index === channel ? wanted() : each);
      whole.value = value;
      this.#connection.set(name, value);
    };
    this.#shows(described, (value) => {
      const shown = channel === null ? value : value[channel];
      if (this.#connection.isSetting(name) && document.activeElement === input) return;
      input.value = shown === null ? 1 : toPart(shown);
      print(shown);
    });
    input.ondblclick = () => { if (name === "exposure") this.#connection.set(name, 0); };
    return element("div", { className: "row" }, this.#label(described, id), input, output);
  }
}
