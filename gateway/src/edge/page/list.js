// The list of the user's groups, the latest on top.

import { h, paintAvatar, place } from "./element.js";
import { summary } from "./message.js";
import { briefTimeText, t } from "./text.js";

export class List {
  #element;
  #open;
  #lines = new Map();

  /** `open(id)` is called when the user chooses a group. */
  constructor(element, open) {
    this.#element = element;
    this.#open = open;
  }

  render({ groups, current }) {
    for (const id of this.#lines.keys()) if (!groups.has(id)) this.#lines.delete(id);
    const sorted = [...groups.values()].sort((a, b) => b.time - a.time || a.id.localeCompare(b.id));
    place(
      this.#element,
      sorted.map((group) => this.#line(group, group === current)),
    );
  }

  clear() {
    this.#lines.clear();
    this.#element.replaceChildren();
  }

  #line(group, isCurrent) {
    if (!this.#lines.has(group.id)) this.#lines.set(group.id, this.#newLine(group));
    const { line, button, avatar, name, time, preview, badge } = this.#lines.get(group.id);
    paintAvatar(avatar, group.id, group.name);
    name.textContent = group.name;
    time.textContent = group.time ? briefTimeText(group.time) : "";
    preview.textContent = previewText(group.last);
    badge.textContent = group.unread > 99 ? "99+" : group.unread;
    badge.ariaLabel = t("unread", group.unread);
    badge.hidden = group.unread === 0;
    button.ariaCurrent = isCurrent ? "true" : null;
    return line;
  }

  #newLine(group) {
    const [name, time, preview, badge] = ["name", "time", "preview", "badge"].map((part) => h("span", { class: part }));
    const avatar = h("span", { class: "avatar", "aria-hidden": true });
    const rows = [h("span", { class: "row" }, name, time), h("span", { class: "row" }, preview, badge)];
    const choose = () => this.#open(group.id);
    const button = h(
      "button",
      { type: "button", class: "group", onclick: choose },
      avatar,
      h("span", { class: "grow" }, ...rows),
    );
    return { line: h("li", {}, button), button, avatar, name, time, preview, badge };
  }
}

function previewText(last) {
  if (!last) return "";
  const speaks = last.kind === "message" && !last.own && !last.recalled;
  return speaks ? t("says", last.who, summary(last)) : summary(last);
}
