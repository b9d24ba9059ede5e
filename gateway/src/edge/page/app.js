// The page: who is signed in, what is in view, and what the user's keys and buttons do.

import { Chat } from "./chat.js";
import { Conversation } from "./conversation.js";
import { ask, askCreate, askJoin, closeDialog, notice, showDetails } from "./dialog.js";
import { h, paintAvatar } from "./element.js";
import { List } from "./list.js";
import { summary } from "./message.js";
import { errorText, switchLanguage, t, translate } from "./text.js";
import { Wire } from "./wire.js";

const SESSION = "timgate.session";
const TICK_MS = 1000;
const BETWEEN_DRAWINGS_MS = 40;
const ANNOUNCED = 5;

const $ = (id) => document.getElementById(id);
const input = $("text");
const login = $("login-form").elements;
const list = new List($("groups"), openGroup);
const conversation = new Conversation(recall);

let session = null;
let wire = null;
let chat = null;
let connection = { state: "connecting", retryAt: 0 };
let hasBeenReady = false;
let drawing = 0;
let drawnAt = 0;
/** The group whose draft is in the input. */
let writing = null;

/**
 * Takes the session from the link, if there is one. It is kept for this tab alone and leaves the
 * address bar, from where it might be copied by accident.
 */
function takeLink() {
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
  $("login-error").textContent = error ? errorText(error) : "";
  login.sdkappid.value ||= session?.sdkappid ?? "1400000000";
  login.user.value ||= session?.user ?? "";
  if (!error) login.usersig.value = "";
  showHowToSign();
  (error ? login.usersig : login.user).focus();
}

function showHowToSign() {
  const user = login.user.value || "alice";
  $("how").textContent = `sigtool gen --sdkappid ${login.sdkappid.value} --user ${user} --key-file KEYFILE`;
}

function signIn() {
  const [sdkappid, user, usersig] = [login.sdkappid, login.user, login.usersig].map(({ value }) => value.trim());
  session = { sdkappid, user, usersig };
  sessionStorage.setItem(SESSION, JSON.stringify(session));
  start();
}

function signOut(error) {
  wire?.close(0);
  stop();
  sessionStorage.removeItem(SESSION);
  showLogin(error);
}

function start() {
  document.body.dataset.view = "list";
  wire = new Wire(session, { state: showState, ready, event: (item) => chat.receive(item), ended });
  chat = new Chat(wire, session, { changed, arrived, removed, failed: (failure) => notice(errorText(failure)) });
  $("my-name").textContent = session.user;
  paintAvatar($("my-avatar"), session.user, session.user);
  changed();
  wire.open();
}

function stop() {
  wire = chat = writing = null;
  hasBeenReady = false;
  list.clear();
  conversation.clear();
  closeDialog();
  document.title = "Timgate";
}

async function ready() {
  await chat.resume();
  if (hasBeenReady || !chat) return;
  hasBeenReady = true;
  if (chat.groups.has(history.state?.group)) openGroup(history.state.group, true);
}

function ended(reason) {
  if (!hasBeenReady && !reason.kick) return signOut(reason);
  stop();
  document.body.dataset.view = "start";
  const byAdmin = reason.kick === 3;
  ask({
    title: t("endedTitle"),
    body: [h("p", {}, t(byAdmin ? "kickedAdmin" : reason.kick ? "kickedSame" : "expired"))],
    actions: [
      { text: t("otherUser"), run: () => signOut },
      { text: t("useHere"), primary: true, run: () => start },
    ],
    cancel: () => signOut(),
  });
}

function showState(state, retryAt = 0) {
  connection = { state, retryAt };
  renderConnection();
}

function renderConnection() {
  const { state, retryAt } = connection;
  const seconds = Math.ceil((retryAt - Date.now()) / 1000);
  document.body.dataset.connection = state;
  $("connection").textContent = t(state);
  $("banner").hidden = state !== "offline";
  $("banner-text").textContent = seconds > 0 ? t("retryIn", seconds) : t("retrying");
}

/**
 * Draws soon, and once for however many changes a flood of messages brings. By a timer and not in an
 * animation frame: a hidden tab has none, but it has a title.
 */
function changed() {
  drawing ||= setTimeout(render, Math.max(0, drawnAt + BETWEEN_DRAWINGS_MS - performance.now()));
}

function render() {
  clearTimeout(drawing);
  drawing = 0;
  if (!chat) return;
  drawnAt = performance.now();
  const groups = [...chat.groups.values()];
  const unread = groups.reduce((sum, group) => sum + group.unread, 0);
  document.title = unread ? `(${unread}) Timgate` : "Timgate";
  $("no-groups").hidden = groups.length > 0 || !chat.listed;
  list.render(chat);
  conversation.render(chat);
  renderInput();
}

/** Every group has its own unfinished message. */
function renderInput() {
  if (writing === chat.current) return;
  if (writing) writing.draft = input.value;
  writing = chat.current;
  input.value = writing?.draft ?? "";
  fitInput();
}

function fitInput() {
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight + 2}px`;
}

/** On a phone an open group is a step forward from the list, with a way back in the browser's history. */
function openGroup(id, isRestored) {
  if (chat.current?.id !== id) {
    if (isRestored || history.state?.group) history.replaceState({ group: id }, "");
    else history.pushState({ group: id }, "");
  }
  document.body.dataset.view = "chat";
  chat.open(id);
  render();
  // Not where it would bring up a keyboard.
  if (matchMedia("(pointer: fine)").matches) input.focus();
}

function closeGroup() {
  if (document.body.dataset.view === "chat") document.body.dataset.view = "list";
  chat.open(null);
}

function removed(group, reason) {
  if (reason) notice(t(reason, group.name));
  if (history.state?.group !== group.id) return;
  history.replaceState(null, "");
  closeGroup();
}

function arrived(group, item) {
  if (group !== chat.current) return;
  conversation.arrived();
  $("announcer").append(h("p", {}, t("says", item.who, summary(item))));
  while ($("announcer").children.length > ANNOUNCED) $("announcer").firstChild.remove();
}

function recall(group, item) {
  chat.recall(group, item).catch((failure) => notice(errorText(failure)));
}

function send() {
  const text = input.value.trim();
  if (!text || !chat.current) return;
  input.value = "";
  fitInput();
  conversation.toNewest();
  chat.send(chat.current, text);
  input.focus();
}

const doing = {
  language() {
    switchLanguage();
    translate(document);
    renderConnection();
    changed();
  },
  logout: () => signOut(),
  create: () => askCreate(chat, openGroup),
  join: () => askJoin(chat, openGroup),
  details: () => showDetails(chat, chat.current),
  retry: () => wire.retry(),
  back: () => history.back(),
  newest() {
    conversation.toNewest();
    changed();
    $("scroller").focus({ preventScroll: true });
  },
};

document.addEventListener("click", ({ target }) => doing[target.closest("[data-do]")?.dataset.do]?.());
document.addEventListener("visibilitychange", () => chat?.seen());
addEventListener("popstate", ({ state }) => {
  if (!chat) return;
  if (chat.groups.has(state?.group)) openGroup(state.group, true);
  else closeGroup();
});
addEventListener("hashchange", () => takeLink() && location.reload());
addEventListener("beforeunload", (event) => chat?.unsent && event.preventDefault());

input.addEventListener("input", fitInput);
input.addEventListener("keydown", (event) => {
  // An Enter that ends the composing of a character belongs to the input method; 229 is how Safari says so.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  send();
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("login-form").addEventListener("input", showHowToSign);
$("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  signIn();
});

// What changes by the clock alone: the seconds to the next dial, and how long a message can be recalled.
setInterval(() => {
  if (!chat) return;
  renderConnection();
  changed();
}, TICK_MS);

translate(document);
takeLink();
session = JSON.parse(sessionStorage.getItem(SESSION));
if (session) start();
else showLogin();
