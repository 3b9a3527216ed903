"use strict";
(() => {
  const table = document.getElementById("repositories");
  const repositories = [...table.querySelectorAll("tbody.repo")];
  const query = document.getElementById("query");
  const rule = document.getElementById("rule");
  const chips = [...document.querySelectorAll(".chip")];
  const heads = [...table.querySelectorAll("thead button")];
  const root = document.documentElement;
  const order = ["failed", "dirty", "empty", "changed", "unchanged"];
  const state = { sort: "", down: false, query: "", rule: "", status: new Set() };

  // The diff's text becomes coloured when it is first seen: a thousand of them would cost too much.
  const paint = (pre) => {
    if (pre.classList.contains("painted")) return;
    const lines = pre.textContent.replace(/\n$/, "").split("\n");
    let hunk = false;
    const parts = lines.map((line) => {
      const span = document.createElement("span");
      if (line.startsWith("diff --git ")) {
        hunk = false;
        span.className = "file";
      } else if (line.startsWith("@@")) {
        hunk = true;
        span.className = "hunk";
      } else if (!hunk) {
        span.className = "meta";
      } else if (line.startsWith("+")) {
        span.className = "plus";
      } else if (line.startsWith("-")) {
        span.className = "minus";
      }
      span.textContent = line === "" ? " " : line;
      return span;
    });
    pre.replaceChildren(...parts);
    pre.classList.add("painted");
  };

  const unfold = (repository, open) => {
    repository.querySelector(".more").hidden = !open;
    repository.querySelector(".fold").setAttribute("aria-expanded", String(open));
    if (open) repository.querySelectorAll(".diff").forEach(paint);
  };

  const value = (repository) => {
    const data = repository.dataset;
    if (state.sort === "name") return data.name;
    if (state.sort === "status") return order.indexOf(data.status);
    return Number(data[state.sort]);
  };

  const arrange = () => {
    const sorted = [...repositories];
    if (state.sort) {
      sorted.sort((left, right) => {
        const [one, other] = [value(left), value(right)];
        const by = typeof one === "string" ? (one < other ? -1 : one > other ? 1 : 0) : one - other;
        return (state.down ? -by : by) || (left.dataset.id < right.dataset.id ? -1 : 1);
      });
    }
    table.append(...sorted);
    for (const head of heads) {
      const sorting = head.dataset.key === state.sort ? (state.down ? "descending" : "ascending") : "none";
      head.parentElement.setAttribute("aria-sort", sorting);
    }
  };

  const filter = () => {
    const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const repository of repositories) {
      const data = repository.dataset;
      const fits = words.every((word) => data.text.includes(word))
        && (state.status.size === 0 || state.status.has(data.status))
        && (state.rule === "" || data.rules.split(" ").includes(state.rule));
      repository.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    document.getElementById("shown").textContent = `${shown} of ${repositories.length}`;
    document.getElementById("nothing").hidden = shown > 0 || repositories.length === 0;
    for (const chip of chips) chip.setAttribute("aria-pressed", String(state.status.has(chip.dataset.status)));
  };

  // The address keeps the view, so that it can be bookmarked and sent on.
  const remember = () => {
    const view = new URLSearchParams();
    if (state.sort) view.set("sort", (state.down ? "-" : "") + state.sort);
    if (state.query) view.set("q", state.query);
    if (state.rule) view.set("rule", state.rule);
    if (state.status.size) view.set("status", [...state.status].join(","));
    const open = repositories.filter((one) => !one.querySelector(".more").hidden).slice(0, 20).map((one) => one.dataset.id);
    if (open.length) view.set("open", open.join(","));
    const text = view.toString();
    try {
      history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
    } catch {
      // Some browsers forbid it for files; the view is then not kept.
    }
  };

  const recall = () => {
    const view = new URLSearchParams(location.hash.slice(1));
    const sort = view.get("sort") || "";
    state.down = sort.startsWith("-");
    state.sort = heads.some((head) => head.dataset.key === sort.replace(/^-/, "")) ? sort.replace(/^-/, "") : "";
    state.query = query.value = view.get("q") || "";
    rule.value = view.get("rule") || "";
    state.rule = rule.value;
    state.status = new Set((view.get("status") || "").split(",").filter((word) => order.includes(word)));
    const open = new Set((view.get("open") || "").split(","));
    for (const repository of repositories) if (open.has(repository.dataset.id)) unfold(repository, true);
    arrange();
    filter();
  };

  heads.forEach((head) => head.addEventListener("click", () => {
    const numeric = head.parentElement.classList.contains("n");
    state.down = state.sort === head.dataset.key ? !state.down : numeric;
    state.sort = head.dataset.key;
    arrange();
    remember();
  }));
  query.addEventListener("input", () => { state.query = query.value; filter(); remember(); });
  rule.addEventListener("change", () => { state.rule = rule.value; filter(); remember(); });
  chips.forEach((chip) => chip.addEventListener("click", () => {
    const word = chip.dataset.status;
    if (!state.status.delete(word)) state.status.add(word);
    filter();
    remember();
  }));
  repositories.forEach((repository) => repository.querySelector(".head").addEventListener("click", () => {
    unfold(repository, repository.querySelector(".more").hidden);
    remember();
  }));
  document.getElementById("unfold").addEventListener("click", (event) => {
    const seen = repositories.filter((one) => !one.hidden);
    const open = seen.some((one) => one.querySelector(".more").hidden);
    seen.forEach((one) => unfold(one, open));
    event.target.textContent = open ? "Fold all" : "Unfold all";
  });
  document.querySelector(".theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("hashchange", recall);
  recall();
})();
