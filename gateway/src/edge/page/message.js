// One message or tip as an element of the page. Whatever a user wrote becomes text nodes, never markup.

import { clockText, errorText, t } from "./text.js";

/** `h("p", {class: "small"}, "text", node)`: properties by name, `class`, `role`, `data-*` and `aria-*` as attributes. */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(class|role|data-|aria-)/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** A disc with the first letter of a name, in a colour that is always the same for one id. */
export function paintAvatar(element, id, name) {
  let hue = 0;
  for (const char of id) hue = (hue * 31 + char.codePointAt(0)) % 360;
  element.style.setProperty("--hue", hue);
  element.textContent = [...name.trim()][0]?.toUpperCase() ?? "?";
  return element;
}

/** `actions` are `recall(item)` and `retry(item)`; `starts` when the sender changes here. */
export function messageNode(item, starts, actions) {
  if (item.recalled) return h("li", { class: "tip item" }, h("span", {}, recallText(item)));
  if (item.kind === "tip") return h("li", { class: "tip item" }, h("span", {}, tipText(item.body)));
  const created = createdText(item);
  if (created) return h("li", { class: "tip item" }, h("span", {}, created));

  const bubble = h("div", { class: "bubble", dir: "auto" }, ...item.body.map(element), when(item));
  const canRecall = actions.canRecall(item);
  const recall = canRecall && h("button", { type: "button", class: "recall quiet", onclick: () => actions.recall(item) }, t("recall"));
  const failed =
    item.state === "failed" &&
    h("p", { class: "reason small" }, t("failed", errorText(item.error)), " ", h("button", { type: "button", class: "quiet", onclick: () => actions.retry(item) }, t("retry")));
  return h(
    "li",
    { class: `message item ${item.own ? "own" : "other"} ${item.state}${starts ? " starts" : ""}` },
    !item.own && starts ? paintAvatar(h("span", { class: "avatar", "aria-hidden": true }), item.from, item.who) : null,
    h("div", { class: "stack" }, starts && !item.own ? h("span", { class: "who small line", title: item.from }, item.who) : null, h("div", { class: "row" }, recall || null, bubble), failed || null),
  );
}

function when(item) {
  if (item.state === "pending") return h("span", { class: "when" }, t("sending"));
  return h("time", { class: "when", dateTime: new Date(item.time * 1000).toISOString() }, clockText(item.time));
}

/** The message in one line, for the list and for a screen reader. */
export function summary(item) {
  if (item.recalled) return recallText(item);
  if (item.kind === "tip") return tipText(item.body);
  return createdText(item) ?? item.body.map(({ MsgType, MsgContent }) => (MsgType === "TIMTextElem" ? MsgContent?.Text : `[${chip(MsgType, MsgContent).join(" ")}]`)).join(" ");
}

function recallText(item) {
  if (item.recalled !== item.from) return t("recalledFor", item.recalled, item.who);
  return item.own ? t("youRecalled") : t("recalled", item.who);
}

function element({ MsgType, MsgContent }) {
  if (MsgType === "TIMTextElem") return h("span", { class: "text" }, ...linked(String(MsgContent?.Text ?? "")));
  const [label, detail, url] = chip(MsgType, MsgContent);
  const shown = detail && h("span", { class: "line" }, detail);
  return h("span", { class: "chip" }, h("b", {}, label), (url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, shown || url) : shown) || null);
}

/** Text with its web addresses as links; a stop after an address is the sentence's. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"'，。；！？）】]*[^\s<>"'，。；！？）】.,;:!?)])/).map((part, index) => {
    const url = index % 2 && safeUrl(part);
    return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, part) : part;
  });
}

function safeUrl(text) {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? text : null;
}

/** What stands for an element that is not text: a label, a detail, an address. */
function chip(type, content = {}) {
  const size = (bytes) => (bytes ? ` (${Math.ceil(bytes / 1024)} KB)` : "");
  switch (type) {
    case "TIMCustomElem":
      return [t("custom"), brief(content.Desc || content.Data || content.Ext)];
    case "TIMFaceElem":
      return [t("face"), brief(content.Data || `#${content.Index}`)];
    case "TIMLocationElem":
      return [t("location"), brief(`${content.Desc ?? ""} ${content.Latitude}, ${content.Longitude}`)];
    case "TIMImageElem": {
      const image = content.ImageInfoArray?.[0] ?? {};
      return [t("image"), `${image.Width || "?"} × ${image.Height || "?"}`, safeUrl(image.URL ?? "")];
    }
    case "TIMFileElem":
      return [t("file"), brief(content.FileName) + size(content.FileSize), safeUrl(content.Url ?? "")];
    case "TIMSoundElem":
      return [t("sound"), `${content.Second ?? "?"} s`, safeUrl(content.Url ?? "")];
    case "TIMVideoFileElem":
      return [t("video"), `${content.VideoSecond ?? "?"} s`, safeUrl(content.VideoUrl ?? "")];
    case "TIMRelayElem":
      return [t("relay"), brief(content.Title)];
    default:
      return [t("unknown", brief(type)), ""];
  }
}

function brief(value) {
  const text = String(value ?? "").replace(/\s+/g, " ").trim();
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** The SDKs announce a new group by a custom message of this form; to a reader it is a tip. */
function createdText(item) {
  const [first] = item.body;
  if (first?.MsgType !== "TIMCustomElem") return null;
  const data = first.MsgContent?.Data ?? "";
  if (data !== "group_create" && !/"businessID":\s*"group_create"/.test(data)) return null;
  return t("tipCreated", item.who);
}

function tipText(tip) {
  const name = (info) => info?.NickName || info?.User_Account;
  const operator = name(tip.MsgOperatorMemberExtraInfo) || tip.Operator_Account;
  const concerned = tip.MsgMemberExtraInfo?.length ? tip.MsgMemberExtraInfo.map(name) : (tip.List_Account ?? [operator]);
  const others = concerned.join(", ");
  switch (tip.OpType) {
    case 1:
      return tip.GroupJoinType === 2 ? t("tipInvited", operator, others) : t("tipJoined", others);
    case 2:
      return t("tipLeft", operator);
    case 3:
      return t("tipRemoved", operator, others);
    case 4:
      return t("tipAdmin", others);
    case 5:
      return t("tipNoAdmin", others);
    case 6:
      return profileText(operator, tip.MsgGroupNewInfo ?? {});
    case 7:
      return (tip.MsgMemberInfo ?? []).map(({ User_Account, ShutupTime }) => t(ShutupTime > 0 ? "tipMuted" : "tipUnmuted", User_Account)).join(", ");
    default:
      return t("tipOther");
  }
}

function profileText(operator, changed) {
  if (changed.GroupName) return t("tipName", operator, changed.GroupName);
  if (changed.Owner_Account) return t("tipOwner", changed.Owner_Account);
  if (changed.ShutupAll !== undefined) return t(changed.ShutupAll ? "tipMuteAll" : "tipUnmuteAll", operator);
  if (changed.GroupNotification !== undefined) return t("tipNotice", operator, changed.GroupNotification);
  if (changed.GroupIntroduction !== undefined) return t("tipIntro", operator);
  if (changed.GroupFaceUrl !== undefined) return t("tipFace", operator);
  return t("tipProfile", operator);
}
