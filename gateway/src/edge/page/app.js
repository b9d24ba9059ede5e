// What the user sees and does. The state is in `chat`; `render` brings the page in line with it.

import { Chat } from "./chat.js";
import { h, messageNode, paintAvatar, summary } from "./message.js";
import { briefTimeText, dayKey, dayText, errorText, roleText, switchLanguage, t, translate } from "./text.js";
import { Wire } from "./wire.js";

const SESSION = "timgate.session";
const RUN_SECONDS = 180;
const NEAR_TOP_PX = 400;
const NEAR_END_PX = 60;
const TOAST_MS = 6000;
const TICK_MS = 1000;

const $ = (id) => document.getElementById(id);
const scroller = $("scroller");
const input = $("text");

let session = null;
let wire = null;
let chat = null;
let connection = { state: "connecting", retryAt: 0 };
let everReady = false;

// ---- Signing in ----

/** A link's session is kept for this tab alone and leaves the address bar, where it could be copied by accident. Returns whether there was one. */
function sessionFromLink() {
  const link = new URLSearchParams(location.hash.slice(1));
  const [sdkappid, user, usersig] = ["sdkappid", "user", "usersig"].map((key) => link.get(key));
  if (!user || !usersig) return false;
  sessionStorage.setItem(SESSION, JSON.stringify({ sdkappid: sdkappid || "1400000000", user, usersig }));
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

function showLogin(error) {
  document.body.dataset.view = "login";
  $("login-error").hidden = !error;
  if (error) $("login-error").textContent = errorText(error);
  const { sdkappid, user, usersig } = $("login-form").elements;
  sdkappid.value ||= session?.sdkappid ?? "1400000000";
  user.value ||= session?.user ?? "";
  showHow();
  (error ? usersig : user).focus();
}

function showHow() {
  const { sdkappid, user } = $("login-form").elements;
  $("how").textContent = `sigtool gen --sdkappid ${sdkappid.value} --user ${user.value || "alice"} --key-file KEYFILE`;
}

function signIn(given) {
  session = given;
  sessionStorage.setItem(SESSION, JSON.stringify(session));
  start();
}

function signOut(error) {
  wire?.close(0);
  forget();
  sessionStorage.removeItem(SESSION);
  if (!error) $("login-form").elements.usersig.value = "";
  showLogin(error);
}

function forget() {
  for (const node of groupNodes.values()) node.remove();
  groupNodes.clear();
  chat = wire = null;
  shown = null;
  everReady = false;
  $("dialog").close();
  document.title = "Timgate";
}

function start() {
  document.body.dataset.view = "list";
  wire = new Wire(session, { state: showState, ready, event: (item) => chat.receive(item), ended });
  chat = new Chat(wire, session, { changed, arrived, removed, failed: (failure) => toast(errorText(failure)) });
  $("my-name").textContent = session.user;
  paintAvatar($("my-avatar"), session.user, session.user);
  changed();
  wire.open();
}

async function ready() {
  await chat.resume();
  if (everReady || !chat) return;
  everReady = true;
  const id = history.state?.group;
  if (chat.groups.has(id)) openGroup(id, true);
}

function ended(reason) {
  if (!everReady && !reason.kick) return signOut(reason);
  forget();
  document.body.dataset.view = "start";
  const text = reason.kick === 3 ? "kickedAdmin" : reason.kick ? "kickedSame" : "expired";
  ask({
    title: t("endedTitle"),
    body: [h("p", {}, t(text))],
    actions: [
      { text: t("otherUser"), run: () => signOut },
      { text: t("useHere"), primary: true, run: () => start },
    ],
    cancel: () => signOut(),
  });
}

// ---- The connection ----

function showState(state, retryAt = 0) {
  connection = { state, retryAt };
  renderConnection();
}

function renderConnection() {
  const { state, retryAt } = connection;
  document.body.dataset.connection = state;
  $("connection").textContent = t(state);
  const seconds = Math.ceil((retryAt - Date.now()) / 1000);
  $("banner").hidden = state !== "offline";
  $("banner-text").textContent = seconds > 0 ? t("retryIn", seconds) : t("retrying");
}

// ---- Drawing ----

let scheduled = false;

/** Draws once for however many changes happen in one go. Not in an animation frame: a hidden tab has none, but still a title. */
function changed() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    if (chat) render();
  });
}

function render() {
  renderGroups();
  renderConversation();
  const unread = [...chat.groups.values()].reduce((sum, group) => sum + group.unread, 0);
  document.title = unread ? `(${unread}) Timgate` : "Timgate";
}

/** Makes `nodes` the children of `parent` and touches only those that are new, gone or moved. */
function place(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const node of nodes) {
    if (node === at) at = at.nextElementSibling;
    else parent.insertBefore(node, at);
  }
}

const groupNodes = new Map();

function renderGroups() {
  const groups = [...chat.groups.values()].sort((a, b) => b.time - a.time || a.id.localeCompare(b.id));
  for (const id of groupNodes.keys()) if (!chat.groups.has(id)) groupNodes.delete(id);
  place($("groups"), groups.map(groupNode));
  $("no-groups").hidden = groups.length > 0 || !chat.listed;
}

function groupNode(group) {
  let node = groupNodes.get(group.id);
  if (!node) {
    const parts = Object.fromEntries(["avatar", "name", "time", "preview", "badge"].map((name) => [name, h("span", { class: name })]));
    const button = h(
      "button",
      { type: "button", class: "group", onclick: () => openGroup(group.id) },
      parts.avatar,
      h("span", { class: "grow" }, h("span", { class: "row" }, parts.name, parts.time), h("span", { class: "row" }, parts.preview, parts.badge)),
    );
    parts.avatar.ariaHidden = true;
    node = h("li", { "data-group": group.id }, button);
    Object.assign(node, { parts, button });
    groupNodes.set(group.id, node);
  }
  const { avatar, name, time, preview, badge } = node.parts;
  const { last } = group;
  paintAvatar(avatar, group.id, group.name);
  name.textContent = group.name;
  time.textContent = group.time ? briefTimeText(group.time) : "";
  preview.textContent = !last ? "" : last.kind === "tip" || last.own || last.recalled ? summary(last) : t("says", last.who, summary(last));
  badge.textContent = group.unread > 99 ? "99+" : group.unread;
  badge.ariaLabel = t("unread", group.unread);
  badge.hidden = group.unread === 0;
  node.button.ariaCurrent = group === chat.current ? "true" : null;
  return node;
}

let shown = null;
let atEnd = true;
let newBelow = 0;
let knownTop = 0;

/**
 * Notes where the reader has scrolled to. The browser tells of it a frame late, so drawing looks for
 * itself; and only a changed position counts, since a view that became lower has not been scrolled.
 */
function noteScroll() {
  if (scroller.scrollTop === knownTop) return;
  knownTop = scroller.scrollTop;
  atEnd = scroller.scrollHeight - knownTop - scroller.clientHeight < NEAR_END_PX;
  if (atEnd) newBelow = 0;
}

function scrollTo(top) {
  scroller.scrollTop = top;
  knownTop = scroller.scrollTop;
}

function renderConversation() {
  const group = chat.current;
  const other = group !== shown;
  if (other) {
    if (shown) shown.draft = input.value;
    shown = group;
    atEnd = true;
    newBelow = 0;
    input.value = group?.draft ?? "";
    fitInput();
  } else {
    noteScroll();
  }
  $("conversation").hidden = !group;
  $("pick").hidden = !!group;
  if (!group) return;

  $("group-name").textContent = group.name;
  const members = group.members === 1 ? t("oneMember") : group.members ? t("members", group.members) : "";
  $("group-info").textContent = [members, group.id !== group.name ? group.id : ""].filter(Boolean).join(" · ");

  const anchor = other || atEnd ? null : scrollAnchor(group);
  renderOlder(group);
  place($("messages"), conversationNodes(group));
  const bottom = anchor && bottomOf(anchor.item);
  if (bottom) scrollTo(scroller.scrollTop + bottom - anchor.bottom);
  else if (atEnd) scrollTo(scroller.scrollHeight);
  $("newest").hidden = atEnd;
  $("newest-count").textContent = newBelow ? t("newMessages", newBelow) : "";
  loadIfNearTop();
}

function renderOlder(group) {
  const retry = () => h("button", { type: "button", class: "quiet", onclick: () => chat.loadOlder(group) }, t("retry"));
  const older = $("older");
  if (group.loadFailed) older.replaceChildren(t("olderFailed"), " ", retry());
  else older.textContent = t(group.cursor === 0 ? "beginning" : "loading");
}

/**
 * The first item in view, and where its lower edge is: restored after drawing, so that nothing the
 * reader looks at moves when messages are put in above. The lower edge, because the upper one moves
 * when the message loses its sender's name to an earlier one of the same run.
 */
function scrollAnchor(group) {
  const top = scroller.getBoundingClientRect().top;
  const item = itemsOf(group).find((each) => bottomOf(each) > top);
  return item && { item, bottom: bottomOf(item) };
}

/** Where on the screen the element of an item ends; nothing for an item that is not drawn. */
function bottomOf(item) {
  const node = drawn.get(item)?.node;
  return node?.isConnected ? node.getBoundingClientRect().bottom : null;
}

const itemsOf = (group) => [...group.messages, ...group.outbox];
const drawn = new WeakMap();
const days = new Map();

function conversationNodes(group) {
  const nodes = [];
  let before = null;
  for (const item of itemsOf(group)) {
    const day = dayKey(item.time);
    const newDay = !before || dayKey(before.time) !== day;
    if (newDay) nodes.push(dayNode(day, item.time));
    const starts = newDay || before.kind !== "message" || before.recalled || before.from !== item.from || item.time - before.time > RUN_SECONDS;
    nodes.push(itemNode(group, item, starts));
    before = item;
  }
  return nodes;
}

function dayNode(day, time) {
  if (!days.has(day)) days.set(day, h("li", { class: "day small muted" }));
  const node = days.get(day);
  node.textContent = dayText(time);
  return node;
}

/** An item is drawn again when how it looks has changed, and then in the place of its old element. */
function itemNode(group, item, starts) {
  const canRecall = chat.canRecall(item);
  const look = [item.state, item.error?.code, item.version, item.time, starts, canRecall, document.documentElement.lang].join();
  const last = drawn.get(item);
  if (last?.look === look) return last.node;
  const actions = { canRecall: () => canRecall, recall: (target) => recall(group, target), retry: (target) => chat.retry(group, target) };
  const node = messageNode(item, starts, actions);
  node.dataset.seq = item.seq ?? "";
  last?.node.replaceWith(node);
  drawn.set(item, { look, node });
  return node;
}

// ---- Reading ----

function openGroup(id, replace) {
  if (chat.current?.id !== id) {
    const state = { group: id };
    if (replace || history.state?.group) history.replaceState(state, "");
    else history.pushState(state, "");
  }
  document.body.dataset.view = "chat";
  chat.open(id);
  if (matchMedia("(pointer: fine)").matches) input.focus();
}

function closeGroup() {
  if (document.body.dataset.view === "chat") document.body.dataset.view = "list";
  chat.open(null);
}

async function loadIfNearTop() {
  const group = chat?.current;
  if (!group || group.loading || group.loadFailed || group.cursor === 0) return;
  if (scroller.scrollTop < NEAR_TOP_PX) await chat.loadOlder(group);
}

function arrived(group, item) {
  if (group !== chat.current) return;
  if (!atEnd) newBelow += 1;
  $("announcer").append(h("p", {}, t("says", item.who, summary(item))));
  while ($("announcer").children.length > 5) $("announcer").firstChild.remove();
}

function removed(group, reason) {
  if (reason) toast(t(reason, group.name));
  if (shown !== group) return;
  if (history.state?.group === group.id) history.replaceState(null, "");
  closeGroup();
}

function toNewest() {
  atEnd = true;
  newBelow = 0;
  changed();
  scroller.focus({ preventScroll: true });
}

scroller.addEventListener("scroll", () => {
  noteScroll();
  $("newest").hidden = atEnd;
  loadIfNearTop();
});

// A keyboard that opens or a growing input makes the view lower: the newest message stays in it.
new ResizeObserver(() => atEnd && scrollTo(scroller.scrollHeight)).observe(scroller);

// ---- Writing ----

function fitInput() {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + 2}px`;
}

function send() {
  const text = input.value.trim();
  if (!text || !chat?.current) return;
  input.value = "";
  fitInput();
  atEnd = true;
  chat.send(chat.current, text);
  input.focus();
}

input.addEventListener("input", fitInput);
input.addEventListener("keydown", (event) => {
  // An Enter that ends the composing of a character belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  send();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

async function recall(group, item) {
  await chat.recall(group, item).catch((failure) => toast(errorText(failure)));
}

// ---- Dialogs ----

/**
 * Shows a dialog. An action's `run` may throw a Failure, which is shown; else the dialog closes, and
 * what `run` returned is called: closing gives the focus back to where it was, so whatever moves it comes after.
 */
function ask({ title, body, actions, cancel }) {
  const dialog = $("dialog");
  const error = $("dialog-error");
  const buttons = actions.map(({ text, primary, danger, run }) => {
    const button = h("button", { type: primary ? "submit" : "button", class: primary ? "primary" : danger ? "danger" : "" }, text);
    button.onclick = async (event) => {
      event.preventDefault();
      if (primary && !button.form.reportValidity()) return;
      error.hidden = true;
      for (const each of buttons) each.disabled = true;
      try {
        const then = await run?.(new FormData(button.form));
        dialog.close();
        then?.();
      } catch (failure) {
        error.textContent = errorText(failure);
        error.hidden = false;
      } finally {
        for (const each of buttons) each.disabled = false;
      }
    };
    return button;
  });
  error.hidden = true;
  $("dialog-title").textContent = title;
  $("dialog-body").replaceChildren(...body);
  $("dialog-actions").replaceChildren(...buttons);
  dialog.oncancel = cancel ?? null;
  dialog.showModal();
}

const field = (label, properties, hint) => h("label", {}, h("span", {}, t(label)), h("input", { autocomplete: "off", maxLength: 48, ...properties }), hint ? h("span", { class: "small muted" }, t(hint)) : null);
const opened = (id) => () => openGroup(id);
const cancelAction = () => ({ text: t("cancel") });

function askCreate() {
  ask({
    title: t("createTitle"),
    body: [field("name", { name: "name", required: true, maxLength: 33 }), field("idOptional", { name: "id", autocapitalize: "none", spellcheck: false }, "idHint")],
    actions: [cancelAction(), { text: t("createDo"), primary: true, run: async (data) => opened(await chat.create(data.get("name").trim(), data.get("id").trim())) }],
  });
}

function askJoin() {
  ask({
    title: t("joinTitle"),
    body: [field("id", { name: "id", required: true, autocapitalize: "none", spellcheck: false })],
    actions: [
      cancelAction(),
      {
        text: t("joinDo"),
        primary: true,
        run: async (data) => {
          const id = data.get("id").trim();
          return (await chat.join(id)) ? opened(id) : () => toast(t("waitApproval"));
        },
      },
    ],
  });
}

async function showDetails() {
  const group = chat.current;
  const members = h("ul", { class: "members" }, h("li", { class: "muted" }, t("loading")));
  const copy = h("button", { type: "button", onclick: () => navigator.clipboard.writeText(group.id).then(() => (copy.textContent = t("copied"))) }, t("copy"));
  const owner = group.role === "Owner";
  ask({
    title: group.name,
    body: [h("p", { class: "row" }, h("span", { class: "grow" }, `${t("id")} `, h("code", {}, group.id)), navigator.clipboard ? copy : null), members],
    actions: [
      { text: t(owner ? "dismiss" : "leave"), danger: true, run: () => () => askLeave(group, owner) },
      { text: t("close"), primary: true },
    ],
  });
  try {
    const list = await chat.members(group);
    members.replaceChildren(...list.map(memberNode));
  } catch (failure) {
    members.replaceChildren(h("li", { class: "muted" }, errorText(failure)));
  }
}

function memberNode({ user, name, role }) {
  const remarks = [roleText(role), user === session.user ? t("you") : ""].filter(Boolean).join(", ");
  return h("li", {}, paintAvatar(h("span", { class: "avatar", "aria-hidden": true }), user, name), h("span", { class: "line grow" }, name), h("span", { class: "small muted" }, remarks));
}

function askLeave(group, owner) {
  ask({
    title: t(owner ? "dismissAsk" : "leaveAsk", group.name),
    body: [],
    actions: [cancelAction(), { text: t(owner ? "dismiss" : "leave"), danger: true, run: () => (owner ? chat.dismiss(group) : chat.leave(group)) }],
  });
}

let toastTimer = 0;

function toast(text) {
  $("toast").textContent = text;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => ($("toast").textContent = ""), TOAST_MS);
}

// ---- The page ----

const doing = {
  language() {
    switchLanguage();
    translate(document);
    renderConnection();
    changed();
  },
  logout: () => signOut(),
  create: askCreate,
  join: askJoin,
  details: showDetails,
  retry: () => wire.retry(),
  back: () => history.back(),
  newest: toNewest,
};

document.addEventListener("click", ({ target }) => doing[target.closest("[data-do]")?.dataset.do]?.());
document.addEventListener("visibilitychange", () => chat?.seen());
addEventListener("popstate", ({ state }) => {
  if (!chat) return;
  if (state?.group && chat.groups.has(state.group)) openGroup(state.group, true);
  else closeGroup();
});
addEventListener("hashchange", () => sessionFromLink() && location.reload());
addEventListener("beforeunload", (event) => chat?.unsent && event.preventDefault());

$("login-form").addEventListener("input", showHow);
$("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn(Object.fromEntries([...new FormData(event.target)].map(([name, value]) => [name, value.trim()])));
});

// What changes by the clock alone: the seconds to the next dial, and how long a message can be recalled.
setInterval(() => {
  if (!chat) return;
  if (connection.state === "offline") renderConnection();
  if (chat.current) changed();
}, TICK_MS);

translate(document);
sessionFromLink();
session = JSON.parse(sessionStorage.getItem(SESSION));
if (session) start();
else showLogin();
