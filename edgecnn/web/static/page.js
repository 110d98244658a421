// Shows what the run tells. Text from outside goes through textContent only.
const at = (id) => document.getElementById(id);
const make = (tag, name, text = "") => Object.assign(document.createElement(tag), { className: name, textContent: text });
const percent = (share) => `${(share * 100).toFixed(share > 0.9995 || share < 0.1 ? 1 : 0)} %`;
const SPAN_S = 60;
const CALM_MS = 250; // numbers that change faster cannot be read

let facts = null; // what stays the same in a run
let chosen = null; // number of the source that a person wants large
let points = new Map(); // of each source: [seconds by this page's clock, latency, age]
let feed = null; // the stream of states
let watching = null; // number of the source whose pictures are streamed
let calmed = 0;
let holding = false; // whether a person moves the slider
let held = { text: "", since: 0 }; // the answer, and since when
let latest = null;

const now = () => performance.now() / 1000;
const short = (name) => (name.includes("://") ? name : name.split("/").pop() || name);

// ---- what the run says -------------------------------------------------------------------------

async function begin() {
  end();
  try {
    facts = await (await fetch("facts")).json();
  } catch {
    return lost();
  }
  for (const [number, past] of Object.entries(facts.history))
    points.set(Number(number), past.map(([ago, latency, age]) => [now() - ago, latency, age]));
  about();
  feed = new EventSource("events");
  feed.onmessage = (event) => show(JSON.parse(event.data));
  feed.onerror = () => lost();
}

function end() {
  feed?.close();
  feed = null;
  watch(null);
}

function lost() {
  end();
  if (latest?.ended) return;
  status("no connection", "bad");
  blank("No connection to the run");
  setTimeout(() => document.hidden || feed || begin(), 2000);
}

function watch(number) {
  if (number === watching) return;
  watching = number;
  if (number === null) at("picture").removeAttribute("src");
  else at("picture").src = `picture/${number}?${Date.now()}`;
}

// A page that nobody looks at costs the device nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) end();
  else if (!latest?.ended) begin();
});

// ---- a state -----------------------------------------------------------------------------------

function show(state) {
  latest = state;
  const source = large(state);
  remember(state);
  if (state.ended) finish();
  else if (source) watch(source.number);
  stage(state, source);
  answer(state, source);
  if (performance.now() - calmed < CALM_MS && !state.ended) return;
  calmed = performance.now();
  controls(state);
  speed(source);
  sources(state, source);
  cameras(state);
  events(state);
}

// The source that is shown large: the chosen one, or the first that has a picture.
function large({ sources }) {
  const find = (is) => sources.find(is);
  return find((each) => each.number === chosen) ?? find((each) => each.size) ?? sources[0];
}

function remember(state) {
  state.sources.forEach((source) => {
    if (!points.has(source.number)) points.set(source.number, []);
    const past = points.get(source.number);
    if (source.latency_ms !== null) past.push([now(), source.latency_ms, source.age_ms]);
    while (past.length && past[0][0] < now() - SPAN_S) past.shift();
  });
}

function finish() {
  feed?.close();
  feed = null;
  watching = null;
}

function status(text, kind) {
  const pill = at("status");
  if (pill.textContent !== text) pill.textContent = text;
  pill.className = `pill ${kind}`;
}

function blank(text) {
  at("figure").classList.toggle("blank", Boolean(text));
  at("blank").hidden = !text;
  if (at("blank").textContent !== text) at("blank").textContent = text;
}

function stage(state, source) {
  const silent = source && source.silent_s !== null;
  if (state.ended) status("run has ended", "");
  else if (state.paused) status("paused", "");
  else if (!source) status("waiting", "");
  else if (silent) status(source.state === "LIVE" ? "no frame" : source.state.toLowerCase(), "bad");
  else status("live", "live");
  if (!source) return blank("Waiting for the first frame");
  if (state.ended) blank("The run has ended");
  else if (silent) blank(source.size ? `No frame for ${source.silent_s} s` : `Waiting for ${short(source.name)}`);
  else blank("");
  at("picture").alt = `Live picture of ${short(source.name)}`;
  if (!source.size) return;
  const [width, height] = source.size;
  at("figure").style.setProperty("--shape", `${width} / ${height}`);
  at("figure").style.setProperty("--ratio", width / height);
  const [left, top, across, down] = source.seen.map((share) => `${share * 100}%`);
  at("seen").hidden = source.seen[2] > 0.99 && source.seen[3] > 0.99;
  Object.assign(at("seen").style, { left, top, width: across, height: down });
  const caption = at("caption");
  caption.textContent = source.label === "unknown" ? "unknown" : `${source.label}  ${percent(source.probability)}`;
  caption.classList.toggle("unknown", source.label === "unknown");
}

function answer(state, source) {
  if (!source) return;
  const silent = source.silent_s !== null && !state.ended; // an old answer is none
  const label = at("answer");
  const text = silent ? "–" : source.label || "–";
  label.textContent = text;
  say(text);
  label.classList.toggle("unknown", source.label === "unknown");
  at("doubt").textContent = silent ? "" : doubt(source);
  bars(silent ? [] : source.top, state.threshold, source.label === "unknown");
}

// A screen reader says an answer once it has held: nobody can listen to one that flickers.
function say(text) {
  if (text !== held.text) held = { text, since: now() };
  if (now() - held.since > 1 && at("said").textContent !== text) at("said").textContent = text;
}

function doubt(source) {
  if (source.status === "obstructed") return "The picture shows nothing: the answer is withheld.";
  if (source.status === "frozen") return "The picture has not changed for a while.";
  if (source.status === "non_finite") return "The network gave no number.";
  const [guess] = source.top;
  if (source.label === "unknown" && guess) return `Perhaps ${guess[0]}, not sure enough.`;
  return guess && guess[0] !== source.label ? `This frame alone: ${guess[0]}.` : "";
}

function bars(top, threshold, unknown) {
  const list = at("bars");
  while (list.children.length > top.length) list.lastChild.remove();
  while (list.children.length < top.length) list.append(bar());
  top.forEach(([label, share], index) => {
    const item = list.children[index];
    const [name, value] = item.querySelectorAll("span");
    name.textContent = label;
    value.textContent = percent(share);
    item.querySelector(".fill").style.width = `${share * 100}%`;
    item.classList.toggle("best", index === 0);
    item.classList.toggle("unknown", unknown);
    const mark = item.querySelector(".mark");
    mark.hidden = index > 0 || threshold === 0;
    mark.style.left = `${threshold * 100}%`;
  });
}

function bar() {
  const item = make("li", "");
  const row = make("div", "row");
  const track = make("div", "track");
  row.append(make("span", ""), make("span", ""));
  track.append(make("div", "fill"), make("div", "mark"));
  item.append(row, track);
  return item;
}

function speed(source) {
  const figure = (id, value, digits, unit) => {
    const text = value === null || value === undefined ? "–" : value.toFixed(digits);
    at(id).replaceChildren(text, make("small", "", text === "–" ? "" : unit));
  };
  figure("fps", source?.fps, source?.fps < 10 ? 1 : 0, "");
  figure("latency", source?.latency_ms, source?.latency_ms < 10 ? 2 : 0, "ms");
  figure("age", source?.age_ms, source?.age_ms < 10 ? 1 : 0, "ms");
  plot(points.get(source?.number) ?? []);
}

// ---- the plot ----------------------------------------------------------------------------------

function plot(past) {
  const canvas = at("plot");
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const [left, bottom] = [38, height - 18];
  const values = past.flatMap((point) => [point[1], point[2]]).filter((value) => value > 0);
  const least = Math.floor(Math.log10(Math.min(1, ...values)));
  const most = Math.max(least + 1, Math.ceil(Math.log10(Math.max(1, ...values))));
  const x = (at_s) => left + (width - left - 2) * (1 + (at_s - now()) / SPAN_S);
  const y = (value) => bottom - (bottom - 8) * ((Math.log10(Math.max(value, 1e-9)) - least) / (most - least));
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = colour("--soft");
  pen.strokeStyle = colour("--line");
  pen.textAlign = "right";
  for (let power = least; power <= most; power += 1) {
    const level = Math.round(y(10 ** power)) + 0.5;
    pen.beginPath();
    pen.moveTo(left, level);
    pen.lineTo(width, level);
    pen.stroke();
    pen.fillText(`${Number((10 ** power).toPrecision(1))}`, left - 6, level + 4);
  }
  pen.fillText("now", width, height - 3);
  pen.fillText("ms", left - 6, height - 3);
  pen.textAlign = "left";
  pen.fillText("60 s ago", left, height - 3);
  line(pen, past, x, (point) => y(point[2]), colour("--age"));
  line(pen, past, x, (point) => y(point[1]), colour("--accent"));
}

function line(pen, past, x, y, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.lineJoin = "round";
  pen.beginPath();
  past.forEach((point, index) => {
    const gap = index === 0 || point[0] - past[index - 1][0] > 1; // silence is no line
    pen[gap ? "moveTo" : "lineTo"](x(point[0]), y(point));
  });
  pen.stroke();
}

// ---- lists -------------------------------------------------------------------------------------

function sources(state, large) {
  const box = at("sources");
  box.hidden = state.sources.length < 2;
  if (box.hidden) return;
  while (box.children.length < state.sources.length) box.append(choice());
  state.sources.forEach((source, index) => {
    const button = box.children[index];
    const [name, says] = button.querySelectorAll("span");
    name.textContent = short(source.name);
    says.textContent = source.silent_s === null ? source.label : source.state.toLowerCase();
    button.dataset.number = source.number;
    button.setAttribute("aria-pressed", String(source === large));
    button.title = source.name;
    refresh(button.querySelector("img"), source.number, source.silent_s === null && !state.ended);
  });
}

function choice() {
  const button = Object.assign(make("button", ""), { type: "button" });
  button.append(Object.assign(make("img", ""), { alt: "" }), make("span", ""), make("span", "says"));
  button.addEventListener("click", () => {
    chosen = Number(button.dataset.number);
    if (latest) show(latest);
  });
  return button;
}

function refresh(image, number, live) {
  image.style.visibility = live ? "visible" : "hidden";
  const due = Number(image.dataset.due ?? 0);
  if (!live || performance.now() < due) return;
  image.dataset.due = performance.now() + 2000;
  image.src = `thumbnail/${number}?${Date.now()}`;
}

function cameras(state) {
  fill(at("cameras"), state.sources, (item, source) => {
    const [name, state_, counts] = item.querySelectorAll("b, .state, .counts");
    name.textContent = short(source.name);
    item.title = source.name;
    state_.textContent = source.status ? `${source.state}, ${source.status}` : source.state;
    const bad = ["STALLED", "RECONNECTING", "FAILED"].includes(source.state);
    state_.className = `state ${bad ? "bad" : source.status || source.state === "CONNECTING" ? "warn" : ""}`;
    counts.textContent = counted(source);
  }, () => {
    const item = make("li", "");
    const row = make("div", "line");
    row.append(make("b", ""), make("span", "state"));
    item.append(row, make("div", "counts"));
    return item;
  });
}

function counted(source) {
  const words = [`${source.frames.toLocaleString("en")} frames`];
  if (source.dropped !== null) words.push(`${source.dropped.toLocaleString("en")} dropped`);
  if (source.corrupt) words.push(`${source.corrupt} corrupt`);
  if (source.reconnects) words.push(`${source.reconnects} reconnects`);
  return words.join(" · ");
}

function events(state) {
  at("no-events").hidden = state.events.length > 0;
  fill(at("events"), state.events, (item, event) => {
    const [text, when] = item.querySelectorAll("span");
    const said = `${short(event.source)}: ${event.what}${event.detail && ", "}${event.detail}`;
    if (text.textContent !== said) text.textContent = said;
    when.textContent = ago(event.ago_s);
  }, () => {
    const item = make("li", "line");
    item.append(make("span", ""), make("span", "when"));
    return item;
  });
}

function ago(seconds) {
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

function fill(list, values, write, build) {
  while (list.children.length > values.length) list.lastChild.remove();
  while (list.children.length < values.length) list.append(build());
  values.forEach((value, index) => write(list.children[index], value));
}

function about() {
  const { model } = facts;
  document.title = `${model.name} live`;
  at("model-name").textContent = model.name;
  at("model-brief").textContent = `${model.form} · ${model.input} · ${model.size_kib} KiB · ${model.provider}`;
  const rows = { form: model.form, provider: model.provider, input: model.input, labels: model.labels };
  if (model.accuracy) rows.accuracy = model.accuracy;
  rows.digest = model.digest.slice(0, 16);
  at("about").replaceChildren();
  for (const [name, value] of Object.entries(rows)) at("about").append(make("dt", "", name), make("dd", "", value));
  at("reset").textContent = `Back to the file's ${facts.threshold.toFixed(2)}`;
}

// ---- what a person changes ---------------------------------------------------------------------

function controls(state) {
  if (!holding) at("threshold").value = state.threshold;
  at("threshold-value").textContent = percent(holding ? Number(at("threshold").value) : state.threshold);
  at("reset").hidden = Math.abs(state.threshold - facts.threshold) < 1e-6;
  at("pause").textContent = state.paused ? "Go on" : "Pause";
  at("pause").setAttribute("aria-pressed", String(state.paused));
  for (const id of ["threshold", "pause", "reset"]) at(id).disabled = state.ended;
}

async function ask(change) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(change) };
  try {
    await fetch("control", options);
  } catch {
    lost();
  }
  calmed = 0; // show the effect at once
}

at("threshold").addEventListener("input", (event) => {
  holding = true;
  at("threshold-value").textContent = percent(Number(event.target.value));
  ask({ threshold: Number(event.target.value) });
});
at("threshold").addEventListener("change", () => setTimeout(() => (holding = false), 300));
at("reset").addEventListener("click", () => ask({ threshold: facts.threshold }));
at("pause").addEventListener("click", () => ask({ paused: !latest?.paused }));

begin();
