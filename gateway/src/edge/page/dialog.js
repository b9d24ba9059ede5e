// Questions to the user, and short notices.

import { h, paintAvatar } from "./element.js";
import { errorText, roleText, t } from "./text.js";

const NOTICE_MS = 6000;

const $ = (id) => document.getElementById(id);
let noticeTimer = 0;

export function notice(text) {
  $("notice").textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => ($("notice").textContent = ""), NOTICE_MS);
}

/**
 * Shows a dialog. An action's `run(data)` may throw a Failure, which is shown; else the dialog
 * closes, and then what `run` returned is called: closing gives the focus back to where it was, so
 * whatever moves it comes after. `cancel` is called when the user closes the dialog by a key.
 */
export function ask({ title, body = [], actions, cancel }) {
  $("dialog-title").textContent = title;
  $("dialog-body").replaceChildren(...body);
  $("dialog-error").hidden = true;
  $("dialog-actions").replaceChildren(...actions.map(actionButton));
  $("dialog").oncancel = cancel ?? null;
  const first = $("dialog-body").querySelector("input") ?? $("dialog-actions").lastChild;
  first.autofocus = true;
  $("dialog").showModal();
}

export function closeDialog() {
  $("dialog").close();
}

function actionButton({ text, primary, danger, run }) {
  const look = primary ? "primary" : danger ? "danger" : "";
  const button = h("button", { type: primary ? "submit" : "button", class: look }, text);
  button.onclick = async (event) => {
    event.preventDefault();
    if (primary && !button.form.reportValidity()) return;
    const error = $("dialog-error");
    error.hidden = true;
    button.disabled = true;
    try {
      const then = await run?.(new FormData(button.form));
      closeDialog();
      then?.();
    } catch (failure) {
      error.textContent = errorText(failure);
      error.hidden = false;
    } finally {
      button.disabled = false;
    }
  };
  return button;
}

function field(label, properties, hint) {
  return h(
    "label",
    {},
    h("span", {}, t(label)),
    h("input", { autocomplete: "off", autocapitalize: "none", spellcheck: false, maxLength: 48, ...properties }),
    hint && h("span", { class: "small muted" }, t(hint)),
  );
}

const value = (data, name) => data.get(name).trim();
const cancelAction = () => ({ text: t("cancel") });

/** `open(id)` shows the group that was made. */
export function askCreate(chat, open) {
  const create = async (data) => {
    const id = await chat.create(value(data, "name"), value(data, "id"));
    return () => open(id);
  };
  ask({
    title: t("createTitle"),
    body: [field("name", { name: "name", required: true }), field("idOptional", { name: "id" }, "idHint")],
    actions: [cancelAction(), { text: t("createDo"), primary: true, run: create }],
  });
}

export function askJoin(chat, open) {
  const join = async (data) => {
    const id = value(data, "id");
    const isMember = await chat.join(id);
    return () => (isMember ? open(id) : notice(t("waitApproval")));
  };
  ask({
    title: t("joinTitle"),
    body: [field("id", { name: "id", required: true })],
    actions: [cancelAction(), { text: t("joinDo"), primary: true, run: join }],
  });
}

export async function showDetails(chat, group) {
  const isOwner = group.role === "Owner";
  const members = h("ul", { class: "members" }, h("li", { class: "muted" }, t("loading")));
  ask({
    title: group.name,
    body: [idLine(group.id), members],
    actions: [
      { text: t(isOwner ? "dismiss" : "leave"), danger: true, run: () => () => askLeave(chat, group, isOwner) },
      { text: t("close"), primary: true },
    ],
  });
  try {
    const list = await chat.members(group);
    members.replaceChildren(...list.map((member) => memberLine(member, member.user === chat.user)));
  } catch (failure) {
    members.replaceChildren(h("li", { class: "muted" }, errorText(failure)));
  }
}

function idLine(id) {
  const copy = async () => {
    await navigator.clipboard.writeText(id);
    button.textContent = t("copied");
  };
  const button = h("button", { type: "button", onclick: copy }, t("copy"));
  // Browsers offer no clipboard to a page that came over plain HTTP from another machine.
  return h(
    "p",
    { class: "row" },
    h("span", { class: "grow" }, t("id"), " ", h("code", {}, id)),
    navigator.clipboard && button,
  );
}

function memberLine({ user, name, role }, isSelf) {
  return h(
    "li",
    {},
    paintAvatar(h("span", { class: "avatar", "aria-hidden": true }), user, name),
    h("span", { class: "line grow" }, name),
    h("span", { class: "small muted" }, [roleText(role), isSelf && t("you")].filter(Boolean).join(", ")),
  );
}

function askLeave(chat, group, isOwner) {
  const leave = () => (isOwner ? chat.dismiss(group) : chat.leave(group));
  ask({
    title: t(isOwner ? "dismissAsk" : "leaveAsk", group.name),
    actions: [cancelAction(), { text: t(isOwner ? "dismiss" : "leave"), danger: true, run: leave }],
  });
}
