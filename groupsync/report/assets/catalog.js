"use strict";
// Filters, search and order for the page of all groups; rows are made as they are needed. Data only ever becomes text.
(() => {
  const ROWS = 100;
  const find = (id) => document.getElementById(id);
  const number = (value) => value.toLocaleString("en");
  const list = find("groups-list"), more = find("more-groups"), found = find("found");
  const search = find("search"), order = find("order");
  const groups = JSON.parse(find("catalog").textContent).groups;
  const filters = ["kind", "status", "owners", "labels"].map((key) => [key, find(key)]);

  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  function bar(group) {
    const space = "http://www.w3.org/2000/svg";
    const part = (tag, attributes) => {
      const made = document.createElementNS(space, tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    };
    const svg = part("svg", { class: "bar", viewBox: "0 0 100 12", preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(part("rect", { class: "track", width: 100, height: 12 }));
    svg.append(part("rect", { class: "kept", y: 2, height: 8, width: group.share }));
    return svg;
  }

  function detail(group) {
    const facts = make("dl", {});
    for (const [word, text, places] of group.facts) {
      const links = places.flatMap((place, index) => [
        ...(index ? [", "] : []), make("a", { href: `#group-${place}` }, groups[place].name)]);
      facts.append(make("dt", {}, word), make("dd", {}, ...(links.length ? links : [text])));
    }
    facts.append(make("dt", {}, "written in"), make("dd", {}, make("code", {}, group.at)));
    return make("div", { class: "detail" }, ...(group.note ? [make("p", {}, group.note)] : []), facts);
  }

  function row(place) {
    const group = groups[place];
    const title = group.title ? [" ", make("span", { class: "target" }, group.title)] : [];
    const made = make(
      "details", { class: `group ${group.tone}`, id: `group-${place}` },
      make("summary", {},
        make("span", { class: "badge" }, group.status),
        make("span", { class: "name" }, group.name, ...title),
        make("span", { class: "size" }, group.size),
        make("span", { class: "delta" }, group.kind),
        bar(group)),
    );
    made.addEventListener("toggle", () => {
      if (made.open && made.children.length === 1) made.append(detail(group));
    });
    return made;
  }

  // --- Which groups --------------------------------------------------------------------------------------------------

  const texts = groups.map((group) =>
    [group.name, group.title, group.note, ...group.facts.map(([, text]) => text)].join("\n").toLowerCase());
  const orders = {
    name: () => 0,
    large: (one, other) => groups[other].count - groups[one].count,
    small: (one, other) => groups[one].count - groups[other].count,
  };
  let shown = [], made = 0;

  function showRows() {
    const next = shown.slice(made, made + ROWS).map(row);
    made += next.length;
    list.append(...next);
    const left = shown.length - made;
    more.hidden = !left;
    more.textContent = `Show ${number(Math.min(ROWS, left))} more of ${number(left)} groups`;
    return next[0];
  }

  function update() {
    const query = search.value.trim().toLowerCase();
    const picked = filters.filter(([, select]) => select.value);
    shown = groups.map((_, place) => place).filter((place) =>
      texts[place].includes(query) && picked.every(([key, select]) => [groups[place][key]].flat().includes(select.value)));
    shown.sort(orders[order.value]);
    made = 0;
    list.replaceChildren();
    showRows();
    const of = shown.length === groups.length ? "" : ` of ${number(groups.length)}`;
    found.textContent = `${number(shown.length)}${of} ${groups.length === 1 ? "group" : "groups"}`;
  }

  for (const [key, select] of filters) {
    const counts = new Map();
    for (const group of groups) {
      for (const value of [group[key]].flat()) counts.set(value, (counts.get(value) || 0) + 1);
    }
    for (const value of [...counts.keys()].sort()) {
      select.append(make("option", { value }, `${value} (${number(counts.get(value))})`));
    }
    select.parentElement.hidden = !counts.size;
    select.addEventListener("change", update);
  }
  // A link to a group shows it, whatever was filtered and however far down it is.
  function showGroup(place) {
    for (const [, select] of filters) select.value = "";
    search.value = "";
    update();
    const at = shown.indexOf(place);
    while (made <= at) showRows();
    const found = find(`group-${place}`);
    found.open = true;
    found.querySelector("summary").focus();
  }
  list.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link) return;
    event.preventDefault();
    showGroup(Number(link.hash.slice("#group-".length)));
  });
  search.addEventListener("input", update);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  order.addEventListener("change", update);
  more.addEventListener("click", () => showRows().querySelector("summary").focus());
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
  update();
})();
