// One message or tip as an element of the page. Whatever a user wrote becomes text nodes, never markup.

import { h, paintAvatar } from "./element.js";
import { clockText, errorText, t } from "./text.js";

/** `starts` when the sender's name stands here; `recall` is false when it is too late for it. */
export function messageNode(item, starts, { recall, retry }) {
  if (item.recalled) return h("li", { class: "tip item" }, h("span", {}, recallText(item)));
  if (item.kind === "tip") return h("li", { class: "tip item" }, h("span", {}, tipText(item.body)));
  const created = createdText(item);
  if (created) return h("li", { class: "tip item" }, h("span", {}, created));

  const named = starts && !item.own;
  const button = (text, run, look = "") => h("button", { type: "button", class: `quiet ${look}`, onclick: run }, text);
  const time = h("time", { class: "when", dateTime: new Date(item.time * 1000).toISOString() }, clockText(item.time));
  return h(
    "li",
    { class: `message item ${item.own ? "own" : "other"} ${item.state}${starts ? " starts" : ""}` },
    named && paintAvatar(h("span", { class: "avatar", "aria-hidden": true }), item.from, item.who),
    h(
      "div",
      { class: "stack" },
      named && h("span", { class: "who small line", title: item.from }, item.who),
      h("div", { class: "bubble", dir: "auto" }, ...item.body.map(element), time),
      item.state === "pending" && h("span", { class: "beside small muted" }, t("sending")),
      recall && button(t("recall"), recall, "beside recall"),
      item.state === "failed" &&
        h("p", { class: "reason small" }, t("failed", errorText(item.error)), " ", button(t("retry"), retry)),
    ),
  );
}

/** The message in one line, for the list and for a screen reader. */
export function summary(item) {
  if (item.recalled) return recallText(item);
  if (item.kind === "tip") return tipText(item.body);
  return (
    createdText(item) ??
    item.body
      .map(({ MsgType, MsgContent }) =>
        MsgType === "TIMTextElem" ? MsgContent?.Text : `[${chip(MsgType, MsgContent).join(" ")}]`,
      )
      .join(" ")
  );
}

function recallText(item) {
  if (item.recalled !== item.from) return t("recalledFor", item.recalled, item.who);
  return item.own ? t("youRecalled") : t("recalled", item.who);
}

function element({ MsgType, MsgContent }) {
  if (MsgType === "TIMTextElem") return h("span", { class: "text" }, ...linked(String(MsgContent?.Text ?? "")));
  const [label, detail, url] = chip(MsgType, MsgContent);
  return h("span", { class: "chip" }, h("b", {}, label), url ? link(url, detail) : detail && h("span", {}, detail));
}

const link = (url, text) => h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);

/** Text with its web addresses as links; a stop after an address is the sentence's. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"'，。；！？）】]*[^\s<>"'，。；！？）】.,;:!?)])/).map((part, index) => {
    const url = index % 2 && safeUrl(part);
    return url ? link(url, part) : part;
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
      return [t("unknown", brief(type))];
  }
}

function brief(value) {
  const text = String(value ?? "")
    .replace(/\s+/g, " ")
    .trim();
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
  const concerned = tip.MsgMemberExtraInfo?.length
    ? tip.MsgMemberExtraInfo.map(name)
    : (tip.List_Account ?? [operator]);
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
      return (tip.MsgMemberInfo ?? [])
        .map(({ User_Account, ShutupTime }) => t(ShutupTime > 0 ? "tipMuted" : "tipUnmuted", User_Account))
        .join(", ");
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
