"use strict";
// What a page does beyond standing there: theme, search, rows made as they are needed. Data only ever becomes text.
(() => {
  const ROWS = 100, NAMES = 200, PERSONS = 50, PLACES = 10, OPENED = 20, PRINTED = 500;
  const root = document.documentElement;
  const find = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");
  const counted = (value, one, many) => `${number(value)} ${value === 1 ? one : many}`;

  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    made.append(...children.filter((child) => child !== "" && child != null));
    return made;
  }

  function button(text, action, attributes) {
    const made = make("button", { type: "button", ...attributes }, text);
    made.addEventListener("click", action);
    return made;
  }

  // --- Theme ---------------------------------------------------------------------------------------------------------

  function startTheme() {
    const toggle = find("theme");
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const say = () => {
      toggle.textContent = isDark() ? "Light theme" : "Dark theme";
    };
    toggle.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      say();
    });
    system.addEventListener("change", say);
    say();
  }

  for (const each of document.querySelectorAll(".needs-script")) each.hidden = false;
  startTheme();
  const island = find("data"), list = find("list");
  if (!island || !list) return;

  // --- One group -----------------------------------------------------------------------------------------------------

  const data = JSON.parse(island.textContent);
  const groups = data.groups, people = data.people;
  const [[comeSign, comeWord], [goSign, goWord]] = data.sides;
  let query = "";

  function marked(text) {
    const at = query ? text.toLowerCase().indexOf(query) : -1;
    if (at < 0 || text.toLowerCase().length !== text.length) return [text];
    const end = at + query.length;
    return [text.slice(0, at), make("mark", {}, text.slice(at, end)), text.slice(end)];
  }

  // What stands between backticks is code; a backtick that is alone is one.
  const ticked = (text) => text.split(/`([^`]+)`/).map((part, place) => (place % 2 ? make("code", {}, part) : part));

  function bar(group) {
    const kept = group.kept || 0, come = group.add || 0, gone = group.rem || 0;
    const whole = Math.max(kept + come, kept + gone, 1);
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const attributes = { class: "bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" };
    for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
    const part = (kind, y, x, width) => {
      const made = document.createElementNS(space, "rect");
      const at = { class: kind, y, height: 5, x: (100 * x) / whole, width: (100 * width) / whole };
      for (const [name, value] of Object.entries(at)) made.setAttribute(name, value);
      svg.append(made);
    };
    part("kept", 0, 0, kept);
    part("gone", 0, kept, gone);
    part("kept", 7, 0, kept);
    part("come", 7, kept, come);
    return svg;
  }

  function delta(kind, sign, word, value) {
    return value ? make("span", { class: kind }, sign + number(value), make("span", { class: "sr" }, ` ${word}`)) : "";
  }

  function summary(group) {
    const flag = group.flag && group.flag !== group.b ? make("span", { class: "flag" }, group.flag) : "";
    const was = group.was ? [make("s", {}, group.was), " → "] : [];
    return make(
      "summary", {},
      make("span", { class: "badge" }, make("span", { "aria-hidden": "true" }, group.s), ` ${group.b}`),
      make("span", { class: "name" }, ...was, ...marked(group.n), " ",
        make("span", { class: "target" }, `on ${group.t}`), " ", flag),
      make("span", { class: "size" }, group.size || ""),
      make("span", { class: "delta" }, delta("come", comeSign, comeWord, group.add), " ",
        delta("gone", goSign, goWord, group.rem)),
      bar(group),
    );
  }

  function table(caption, head, rows, columns) {
    const cells = (row) => row.map((cell, place) =>
      columns[place] === "row" ? make("th", { scope: "row" }, ...[cell].flat())
        : make("td", columns[place] ? { class: columns[place] } : {}, ...[cell].flat()));
    return make("div", { class: "scroll" }, make(
      "table", {}, make("caption", {}, caption),
      make("thead", {}, make("tr", {}, ...head.map((cell) => make("th", { scope: "col" }, cell)))),
      make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row)))),
    ));
  }

  function names(side, hits) {
    const [title, sign, count, places] = side;
    const kind = sign === "+" ? "come" : "gone";
    const found = hits ? places.filter((place) => hits.has(place)) : places;
    const some = found.length < places.length;
    let waiting = found;
    const heading = make("h4", {}, `${number(count)} ${title}`, some ? `, ${number(found.length)} found` : "");
    const ul = make("ul", { class: "people" });
    const block = make("div", {}, heading, ul);
    const more = button("", () => {
      const first = show();
      if (more.isConnected) return;
      first.setAttribute("tabindex", "-1");
      first.focus();
    });
    const show = () => {
      const made = waiting.slice(0, NAMES).map((place) => make(
        "li", { class: kind },
        make("span", { class: "sign", "aria-hidden": "true" }, sign === "+" ? "+" : "−"), ...marked(people[place])));
      waiting = waiting.slice(NAMES);
      ul.append(...made);
      more.textContent = `Show ${number(Math.min(NAMES, waiting.length))} more of ${number(waiting.length)}`;
      if (!waiting.length) more.remove();
      return made[0];
    };
    show();
    if (waiting.length) block.append(more);
    if (some) block.append(button(`Show all ${number(places.length)}`, () => block.replaceWith(names(side, null))));
    if (count > places.length) {
      const missing = number(count - places.length);
      block.append(make("p", { class: "more" }, `… and ${missing} more, who are not on this page`));
    }
    return block;
  }

  function detail(group, hits) {
    const made = make("div", { class: "detail" });
    for (const [said, hint] of group.against || []) {
      const what = hint ? make("p", { class: "hint" }, make("span", {}, "What to do:"), " ", ...ticked(hint)) : "";
      made.append(make("div", { class: "against" }, make("p", {}, ...ticked(said)), what));
    }
    for (const line of group.lines || []) made.append(make("p", {}, ...ticked(line)));
    const facts = make("dl");
    if (group.criteria) facts.append(make("dt", {}, "Criteria"), make("dd", {}, group.criteria));
    if (group.owners) {
      facts.append(make("dt", {}, "Answers for it"), make("dd", {}, ...marked(group.owners.join(", "))));
    }
    if (facts.children.length) made.append(facts);
    if (group.attrs) {
      made.append(table("Attributes", ["attribute", "before", "after"], group.attrs, ["row", "before", "after"]));
    }
    if (group.pairs) {
      made.append(table("Changed addresses of people who stay", ["before", "after"], group.pairs, []));
      if (group.morePairs) made.append(make("p", { class: "more" }, `… and ${number(group.morePairs)} more`));
    }
    const sides = group.sides || [];
    const has = hits && sides.some((side) => side[3].some((place) => hits.has(place)));
    for (const side of sides) made.append(names(side, has ? hits : null));
    return made;
  }

  function row(index, hits) {
    const group = groups[index];
    const tone = `group ${group.tone}${group.flag ? " flagged" : ""}`;
    const made = make("details", { class: tone }, summary(group));
    const fill = () => {
      if (made.open && made.children.length === 1) made.append(detail(group, hits));
    };
    made.addEventListener("toggle", fill);
    made.fill = fill;
    return made;
  }

  // --- Which groups --------------------------------------------------------------------------------------------------

  const search = find("search"), order = find("order"), filters = find("filters"), more = find("more-groups");
  const persons = find("persons"), found = find("found");
  const picked = { b: new Set(), flag: new Set(), t: new Set() };
  let lower = null, within = null, texts = null, shown = [], made = 0, hits = null;

  function index() {
    if (lower) return;
    lower = people.map((name) => name.toLowerCase());
    within = people.map(() => []);
    texts = groups.map((group) =>
      [group.n, group.was, group.t, ...(group.lines || []), ...(group.owners || []),
        ...(group.pairs || []).flat()].join("\n").toLowerCase());
    groups.forEach((group, place) => (group.sides || []).forEach((side) =>
      side[3].forEach((person) => within[person].push([place, side[1] === "+"]))));
  }

  const orders = {
    risk: () => 0,
    removed: (a, b) => (groups[b].rem || 0) - (groups[a].rem || 0),
    added: (a, b) => (groups[b].add || 0) - (groups[a].add || 0),
    name: (a, b) => (groups[a].n < groups[b].n ? -1 : groups[a].n > groups[b].n ? 1 : 0),
  };

  function isPicked(group) {
    return Object.entries(picked).every(([key, values]) => !values.size || values.has(group[key]));
  }

  function matching() {
    if (!query) return { places: groups.map((_, place) => place), hits: null };
    index();
    const members = new Set();
    lower.forEach((name, place) => {
      if (name.includes(query)) members.add(place);
    });
    const having = new Set();
    for (const person of members) for (const [place] of within[person]) having.add(place);
    const places = groups.map((_, place) => place).filter((place) => having.has(place) || texts[place].includes(query));
    return { places, hits: members };
  }

  function update() {
    query = search.value.trim().toLowerCase();
    const all = matching();
    hits = all.hits;
    shown = all.places.filter((place) => isPicked(groups[place])).sort(orders[order.value]);
    list.replaceChildren();
    made = 0;
    showRows(ROWS);
    showPersons();
    const of = shown.length === groups.length ? "" : ` of ${number(groups.length)}`;
    const who = hits ? `; ${counted(hits.size, "person matches", "people match")}` : "";
    const what = query ? ` with “${search.value.trim()}”` : "";
    found.textContent = `${number(shown.length)}${of} ${groups.length === 1 ? "group" : "groups"}${what}${who}`;
  }

  function showRows(count) {
    const next = shown.slice(made, made + count).map((place) => row(place, hits));
    made += next.length;
    list.append(...next);
    if (hits && hits.size && shown.length <= OPENED) {
      for (const each of next) {
        each.open = true;
        each.fill();
      }
    }
    const left = shown.length - made;
    more.hidden = !left;
    more.textContent = `Show ${number(Math.min(ROWS, left))} more of ${counted(left, "group", "groups")}`;
    return next[0];
  }

  function showPersons() {
    persons.hidden = !hits || !hits.size;
    if (persons.hidden) return;
    const first = [...hits].slice(0, PERSONS);
    const where = (person, comes) => {
      const all = within[person].filter(([, side]) => side === comes).map(([place]) => groups[place].n);
      const rest = all.length - PLACES;
      return all.slice(0, PLACES).join(", ") + (rest > 0 ? ` and ${number(rest)} more` : "");
    };
    const words = data.kind === "drift" ? ["too many in", "missing from"] : ["added to", "removed from"];
    const rows = first.map((person) => [marked(people[person]), where(person, true), where(person, false)]);
    const caption = `${counted(hits.size, "person", "people")} found` +
      (hits.size > PERSONS ? `; the first ${PERSONS} are here` : "");
    persons.replaceChildren(table(caption, ["who", ...words], rows, ["row", "", ""]));
  }

  // --- Controls ------------------------------------------------------------------------------------------------------

  function filterButtons(key, least) {
    const counts = new Map();
    for (const group of groups) if (group[key]) counts.set(group[key], (counts.get(group[key]) || 0) + 1);
    if (counts.size < least || counts.size > 12) return;
    for (const [value, count] of counts) {
      const toggle = button(`${key === "t" ? "on " : ""}${value} ${number(count)}`, () => {
        const on = !picked[key].delete(value);
        if (on) picked[key].add(value);
        toggle.setAttribute("aria-pressed", String(on));
        update();
      }, { "aria-pressed": "false" });
      filters.append(toggle);
    }
  }

  let waiting = 0;
  search.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(update, groups.length + people.length > 5000 ? 150 : 0);
  });
  search.form.addEventListener("submit", (event) => event.preventDefault());
  order.addEventListener("change", update);
  more.addEventListener("click", () => showRows(ROWS).querySelector("summary").focus());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && document.activeElement === search && search.value) {
      event.preventDefault();
      search.value = "";
      update();
    }
  });
  window.addEventListener("beforeprint", () => {
    if (made < shown.length) showRows(PRINTED - made);
    if (shown.length > PRINTED || people.length > PRINTED) return;
    for (const each of list.children) {
      each.open = true;
      each.fill();
    }
  });
  filterButtons("flag", 1);
  filterButtons("b", 2);
  filterButtons("t", 2);
  update();
})();
