(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("map").textContent);
  const texts = JSON.parse(document.getElementById("texts").textContent);
  const rows = [...document.querySelectorAll(".place")];
  const chips = [...document.querySelectorAll(".chip")];
  const query = document.getElementById("query");
  const api = document.getElementById("api");
  const picture = document.getElementById("picture");
  const source = document.getElementById("source");
  const root = document.documentElement;
  const verdicts = ["safe", "unknown", "faulty"];
  const MOST = 250;
  const state = { query: "", api: "", verdicts: new Set(), node: "" };

  const element = (name, attributes, ...children) => {
    const svg = ["svg", "g", "path", "rect", "text", "title"].includes(name);
    const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) made.setAttribute(key, value);
    made.append(...children);
    return made;
  };
  const cut = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);

  // Ways from a function that hands over to what runs elsewhere; several calls may share one.
  const ways = (places) => {
    const found = new Map();
    for (const at of places) {
      const place = data.places[at];
      const workers = place.workers.length ? place.workers : place.verdict === "faulty" ? [null] : [];
      for (const worker of workers) {
        const from = { path: worker ? worker.handover.path : place.path, name: worker ? worker.sender : place.context };
        const to = worker && { path: worker.definition ? worker.definition.path : "", name: worker.name };
        const key = [from.path, from.name, place.api, to ? to.path + " " + to.name : ""].join("\n");
        const way = found.get(key) || { from, to, api: place.api, verdict: "safe", places: [] };
        if (verdicts.indexOf(place.verdict) > verdicts.indexOf(way.verdict)) way.verdict = place.verdict;
        if (!way.places.includes(at)) way.places.push(at);
        found.set(key, way);
      }
    }
    return [...found.values()];
  };
  const id = (node) => node.path + "\n" + node.name;
  const belongs = (at) => {
    if (!state.node) return true;
    return ways([at]).some((way) => id(way.from) === state.node || (way.to && id(way.to) === state.node));
  };

  const choose = (at) => {
    rows.forEach((row) => row.classList.toggle("chosen", Number(row.dataset.at) === at));
    rows[at].scrollIntoView({ block: "center" });
    show(data.places[at].path, data.places[at].line, data.places[at].end_line);
  };
  const pick = (node) => {
    state.node = state.node === id(node) ? "" : id(node);
    filter();
  };
  const press = (target, act) => {
    target.setAttribute("tabindex", "0");
    target.setAttribute("role", "button");
    target.addEventListener("click", act);
    target.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); } });
  };

  // Columns: senders, APIs on the lines, workers.
  const columns = (all, width) => {
    const step = 30, wide = Math.min(290, Math.floor(width * 0.28)), letters = Math.floor((wide - 16) / 7.3);
    const group = (side) => {
      const nodes = new Map();
      all.forEach((way, at) => {
        if (!way[side]) return;
        const node = nodes.get(id(way[side])) || { ...way[side], at: [] };
        node.at.push(at);
        nodes.set(id(way[side]), node);
      });
      const sorted = [...nodes.values()].map((node) => ({ ...node, y: node.at.reduce((sum, at) => sum + at, 0) / node.at.length * step }));
      sorted.sort((one, other) => one.y - other.y);
      let free = 0;
      for (const node of sorted) { node.y = Math.max(node.y, free); free = node.y + 42; }
      return sorted;
    };
    const left = group("from"), right = group("to");
    const height = Math.max(all.length * step, ...[...left, ...right].map((node) => node.y + 40)) + 12;
    const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": "Functions, and what they send to other processes" });
    const place = (nodes, node) => nodes.find((one) => id(one) === id(node)).y + 22;
    all.forEach((way, at) => {
      const y = at * step + 22, from = place(left, way.from), middle = width / 2;
      const end = way.to ? width - wide : middle, to = way.to ? place(right, way.to) : y;
      const bend = (x1, y1, x2, y2) => `M${x1} ${y1}C${(x1 + x2) / 2} ${y1} ${(x1 + x2) / 2} ${y2} ${x2} ${y2}`;
      const name = cut(way.api, 28), half = name.length * 3.7 + 8;
      const edge = element("g", { class: `edge v-${way.verdict}` },
        element("title", {}, `${way.from.name} → ${way.api} → ${way.to ? way.to.name : "?"}: ${way.verdict}`),
        element("path", { d: bend(wide, from, middle - half, y) + (way.to ? bend(middle + half, y, end, to) : "") }),
        element("rect", { x: middle - half, y: y - 11, width: half * 2, height: 22, rx: 11 }),
        element("text", { x: middle, y: y + 4 }, name));
      press(edge, () => choose(way.places[0]));
      svg.append(edge);
    });
    const draw = (nodes, x) => nodes.forEach((node) => {
      const box = element("g", { class: "node" + (id(node) === state.node ? " chosen" : "") },
        element("title", {}, `${node.name}\n${node.path}`),
        element("rect", { x, y: node.y + 3, width: wide, height: 37, rx: 7 }),
        element("text", { x: x + 8, y: node.y + 18 }, cut(node.name, letters)),
        element("text", { x: x + 8, y: node.y + 33, class: "small" }, node.path.length > letters ? "…" + node.path.slice(1 - letters) : node.path));
      press(box, () => pick(node));
      svg.append(box);
    });
    draw(left, 1);
    draw(right, width - wide - 1);
    return svg;
  };

  // The same for narrow screens: under each sender its lines.
  const tree = (all) => {
    const list = element("div", {});
    let last = "", box = null;
    for (const way of all) {
      if (id(way.from) !== last) {
        last = id(way.from);
        box = element("div", { class: "sender" }, element("b", {}, way.from.name), element("span", {}, way.from.path));
        list.append(box);
      }
      const to = element("button", { type: "button", class: `to v-${way.verdict}` }, element("b", {}, way.api), way.to ? " → " : "");
      if (way.to) to.append(element("code", {}, way.to.name), " ", element("span", {}, way.to.path));
      to.addEventListener("click", () => choose(way.places[0]));
      box.append(to);
    }
    return list;
  };

  const draw = (shown) => {
    const all = ways(shown);
    all.sort((one, other) => (id(one.from) < id(other.from) ? -1 : id(one.from) > id(other.from) ? 1 : one.places[0] - other.places[0]));
    const width = picture.clientWidth || 800;
    const some = all.slice(0, MOST);
    picture.replaceChildren(some.length === 0 ? element("p", { class: "none" }, "Nothing to draw.") : width < 560 ? tree(some) : columns(some, width));
    if (all.length > MOST) picture.append(element("p", { class: "hint" }, `${MOST} of ${all.length} lines are drawn: filter to see the others.`));
  };

  const searchable = data.places.map((place) => [
    place.path, place.context, place.api, place.reason, place.verdict,
    ...place.workers.flatMap((worker) => [worker.name, worker.sender, worker.definition ? worker.definition.path : "", worker.handover.path]),
    ...place.findings.flatMap((finding) => [finding.code, finding.name]),
  ].join(" ").toLowerCase());

  let drawn = "";
  const filter = () => {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    const shown = [];
    rows.forEach((row, at) => {
      const place = data.places[at];
      const fits = words.every((word) => searchable[at].includes(word))
        && (state.verdicts.size === 0 || state.verdicts.has(place.verdict))
        && (state.api === "" || state.api === place.api)
        && belongs(at);
      row.hidden = !fits;
      if (fits) shown.push(at);
    });
    document.getElementById("shown").textContent = `${shown.length} of ${rows.length}`;
    document.getElementById("nothing").hidden = shown.length > 0;
    chips.forEach((chip) => chip.setAttribute("aria-pressed", String(state.verdicts.has(chip.dataset.verdict))));
    const now = shown.join() + state.node + picture.clientWidth;
    if (now !== drawn) { drawn = now; draw(shown); }
    remember();
  };

  const show = (path, line, end) => {
    const text = texts[path];
    if (text === undefined) return;
    document.getElementById("source-name").textContent = `${path}:${line}`;
    const pre = document.getElementById("source-text");
    const lines = text.split(/\r\n|\n/).map((content, at) => {
      const marked = at + 1 >= line && at + 1 <= end;
      return element("span", { class: marked ? "row marked" : "row", "data-n": at + 1 }, content);
    });
    pre.replaceChildren(...lines);
    source.hidden = false;
    const first = pre.querySelector(".marked");
    if (first) pre.scrollTop = first.offsetTop - pre.offsetTop - pre.clientHeight / 3;
  };
  const close = () => { source.hidden = true; };

  // The address keeps the view, so that it can be bookmarked and sent on.
  const remember = () => {
    const view = new URLSearchParams();
    if (state.query) view.set("q", state.query);
    if (state.api) view.set("api", state.api);
    if (state.verdicts.size) view.set("verdict", [...state.verdicts].join(","));
    const text = view.toString();
    try {
      history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    } catch {
      // Some browsers forbid it for files; the view is then not kept.
    }
  };
  const recall = () => {
    const view = new URLSearchParams(location.hash.slice(1));
    state.query = query.value = view.get("q") || "";
    api.value = view.get("api") || "";
    state.api = api.value || "";
    state.verdicts = new Set((view.get("verdict") || "").split(",").filter((word) => verdicts.includes(word)));
    filter();
  };

  query.addEventListener("input", () => { state.query = query.value; filter(); });
  api.addEventListener("change", () => { state.api = api.value; filter(); });
  chips.forEach((chip) => chip.addEventListener("click", () => {
    const word = chip.dataset.verdict;
    if (!state.verdicts.delete(word)) state.verdicts.add(word);
    filter();
  }));
  document.addEventListener("click", (event) => {
    const at = event.target.closest && event.target.closest(".at");
    if (at) show(at.dataset.path, Number(at.dataset.line), Number(at.dataset.end));
  });
  document.getElementById("source-close").addEventListener("click", close);
  addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  document.querySelector(".theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("resize", filter);
  addEventListener("hashchange", recall);
  recall();
})();
