// The open group: its messages, and where in them the reader is.

import { h, place } from "./element.js";
import { messageNode } from "./message.js";
import { dayKey, dayText, t } from "./text.js";

/** Messages of one sender within this time of each other share their name. */
const RUN_SECONDS = 180;
const NEAR_TOP_PX = 400;
const NEAR_END_PX = 60;

const $ = (id) => document.getElementById(id);
const scroller = $("scroller");

export class Conversation {
  #chat = null;
  #shown = null;
  #recall;
  #atEnd = true;
  #newBelow = 0;
  #knownTop = 0;
  #drawn = new WeakMap();
  #days = new Map();

  /** `recall(group, item)` is called when the user recalls a message. */
  constructor(recall) {
    this.#recall = recall;
    scroller.addEventListener("scroll", () => {
      this.#noteScroll();
      this.#renderNewest();
      this.#loadIfNearTop();
    });
    // A keyboard that opens or a growing input makes the view lower: the newest message stays in it.
    new ResizeObserver(() => this.#atEnd && this.#scrollTo(scroller.scrollHeight)).observe(scroller);
  }

  render(chat) {
    const group = chat.current;
    this.#chat = chat;
    $("conversation").hidden = !group;
    $("pick").hidden = !!group;
    if (group !== this.#shown) {
      this.#shown = group;
      this.toNewest();
    } else {
      this.#noteScroll();
    }
    if (!group) return;

    const members = group.members === 1 ? t("oneMember") : group.members ? t("members", group.members) : "";
    $("group-name").textContent = group.name;
    $("group-info").textContent = [members, group.id !== group.name ? group.id : ""].filter(Boolean).join(" · ");

    const anchor = this.#atEnd ? null : this.#anchor();
    this.#renderOlder();
    place($("messages"), this.#nodes());
    const bottom = anchor && this.#bottomOf(anchor.item);
    if (bottom) this.#scrollTo(scroller.scrollTop + bottom - anchor.bottom);
    else if (this.#atEnd) this.#scrollTo(scroller.scrollHeight);
    this.#renderNewest();
    this.#loadIfNearTop();
  }

  clear() {
    this.#shown = null;
  }

  /** The next drawing shows the newest message. */
  toNewest() {
    this.#atEnd = true;
    this.#newBelow = 0;
  }

  /** A message of another user has come in the open group. */
  arrived() {
    if (!this.#atEnd) this.#newBelow += 1;
  }

  /**
   * Notes where the reader has scrolled to. The browser tells of it a frame late, so drawing looks
   * for itself; and only a changed position counts, since a view that became lower was not scrolled.
   */
  #noteScroll() {
    if (scroller.scrollTop === this.#knownTop) return;
    this.#knownTop = scroller.scrollTop;
    this.#atEnd = scroller.scrollHeight - this.#knownTop - scroller.clientHeight < NEAR_END_PX;
    if (this.#atEnd) this.#newBelow = 0;
  }

  #scrollTo(top) {
    scroller.scrollTop = top;
    this.#knownTop = scroller.scrollTop;
  }

  #loadIfNearTop() {
    const group = this.#shown;
    if (group && scroller.scrollTop < NEAR_TOP_PX && !group.loadFailed) this.#chat.loadOlder(group);
  }

  #renderNewest() {
    $("newest").hidden = this.#atEnd;
    $("newest-count").textContent = this.#newBelow ? t("newMessages", this.#newBelow) : "";
  }

  #renderOlder() {
    const group = this.#shown;
    const retry = () => this.#chat.loadOlder(group);
    if (group.loadFailed)
      $("older").replaceChildren(
        t("olderFailed"),
        " ",
        h("button", { type: "button", class: "quiet", onclick: retry }, t("retry")),
      );
    else $("older").textContent = t(group.cursor === 0 ? "beginning" : "loading");
  }

  /**
   * The first item in view, and where its lower edge is: restored after drawing, so that nothing the
   * reader looks at moves when messages are put in above. The lower edge, because the upper one
   * moves when the message loses its sender's name to an earlier one of the same run.
   */
  #anchor() {
    const top = scroller.getBoundingClientRect().top;
    const item = this.#items().find((each) => this.#bottomOf(each) > top);
    return item && { item, bottom: this.#bottomOf(item) };
  }

  /** Where on the screen the element of an item ends; nothing for an item that is not drawn. */
  #bottomOf(item) {
    const node = this.#drawn.get(item)?.node;
    return node?.isConnected ? node.getBoundingClientRect().bottom : null;
  }

  #items() {
    return [...this.#shown.messages, ...this.#shown.outbox];
  }

  #nodes() {
    const nodes = [];
    let before = null;
    for (const item of this.#items()) {
      const isNewDay = !before || dayKey(before.time) !== dayKey(item.time);
      if (isNewDay) nodes.push(this.#dayNode(item.time));
      nodes.push(this.#itemNode(item, isNewDay || startsRun(before, item)));
      before = item;
    }
    return nodes;
  }

  #dayNode(time) {
    const day = dayKey(time);
    if (!this.#days.has(day)) this.#days.set(day, h("li", { class: "day small muted" }));
    const node = this.#days.get(day);
    node.textContent = dayText(time);
    return node;
  }

  /** An item is drawn again when its look has changed, and then in the place of its old element. */
  #itemNode(item, starts) {
    const group = this.#shown;
    const canRecall = this.#chat.canRecall(item);
    const { lang } = document.documentElement;
    const look = [item.state, item.error?.code, item.version, item.time, starts, canRecall, lang].join();
    const last = this.#drawn.get(item);
    if (last?.look === look) return last.node;
    const node = messageNode(item, starts, {
      recall: canRecall && (() => this.#recall(group, item)),
      retry: () => this.#chat.retry(group, item),
    });
    node.dataset.seq = item.seq ?? "";
    last?.node.replaceWith(node);
    this.#drawn.set(item, { look, node });
    return node;
  }
}

function startsRun(before, item) {
  const continues = before.kind === "message" && !before.recalled && before.from === item.from;
  return !continues || item.time - before.time > RUN_SECONDS;
}
