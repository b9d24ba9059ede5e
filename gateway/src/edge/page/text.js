// The words of the page, in two languages. `{0}` is replaced by the first argument.

const words = {
  en: {
    language: "中文",
    tagline: "Meetings on your own server",
    signIn: "Sign in",
    signOut: "Sign out",
    sdkappid: "SDKAppID",
    user: "UserID",
    usersig: "UserSig",
    howToSign: "A UserSig is made on the server with its secret key:",
    connecting: "Connecting…",
    connected: "Connected",
    offline: "Offline",
    retryIn: "Offline. Trying again in {0} s.",
    retrying: "Offline. Trying again…",
    retryNow: "Try now",
    meetings: "Meetings",
    create: "New",
    join: "Join",
    noMeetings: "No meeting yet. Open a new one, or join one by its ID.",
    pickMeeting: "Choose a meeting to read and write.",
    back: "Back to the list",
    details: "Details",
    members: "{0} members",
    oneMember: "1 member",
    unread: "{0} unread",
    history: "Messages",
    olderFailed: "Earlier messages could not be loaded.",
    loading: "Loading…",
    beginning: "This is the beginning of the meeting.",
    newMessages: "{0} new",
    toNewest: "To the newest message",
    write: "Write a message",
    send: "Send",
    sendHint: "Enter sends, Shift+Enter starts a new line",
    sending: "Sending…",
    failed: "Not sent: {0}",
    retry: "Retry",
    recall: "Recall",
    youRecalled: "You recalled a message",
    recalled: "{0} recalled a message",
    recalledFor: "{0} recalled a message of {1}",
    createTitle: "New meeting",
    createDo: "Create",
    joinTitle: "Join a meeting",
    joinDo: "Join",
    name: "Name",
    id: "Meeting ID",
    idOptional: "Meeting ID (optional)",
    idHint: "Others join with this ID. Left empty, one is made.",
    cancel: "Cancel",
    close: "Close",
    copy: "Copy",
    copied: "Copied",
    leave: "Leave meeting",
    leaveAsk: "Leave “{0}”?",
    dismiss: "End meeting for all",
    dismissAsk: "End “{0}” for everybody? Its messages can no longer be read.",
    waitApproval: "Your request was sent. Someone has to approve it.",
    removed: "You were removed from “{0}”.",
    dismissed: "“{0}” was ended.",
    endedTitle: "This session has ended",
    kickedSame: "You signed in at another place, so this page has stopped.",
    kickedAdmin: "An administrator has ended this session.",
    expired: "The UserSig has expired, or the session is no longer valid.",
    useHere: "Continue here",
    otherUser: "Sign in as someone else",
    role: { Owner: "Owner", Admin: "Admin" },
    you: "you",
    says: "{0}: {1}",
    tipJoined: "{0} joined",
    tipInvited: "{0} added {1}",
    tipLeft: "{0} left",
    tipRemoved: "{0} removed {1}",
    tipAdmin: "{0} is now an admin",
    tipNoAdmin: "{0} is no longer an admin",
    tipMuted: "{0} was muted",
    tipUnmuted: "{0} may speak again",
    tipName: "{0} renamed the meeting to “{1}”",
    tipNotice: "{0} changed the notice: {1}",
    tipIntro: "{0} changed the introduction",
    tipFace: "{0} changed the picture",
    tipOwner: "{0} is now the owner",
    tipMuteAll: "{0} muted everybody",
    tipUnmuteAll: "{0} let everybody speak again",
    tipProfile: "{0} changed the meeting's profile",
    tipCreated: "{0} opened the meeting",
    tipOther: "The meeting was changed",
    custom: "Custom message",
    face: "Sticker",
    location: "Location",
    image: "Image",
    file: "File",
    sound: "Voice",
    video: "Video",
    relay: "Chat record",
    unknown: "Unsupported: {0}",
    error: {
      lost: "no connection",
      late: "no answer",
      1002: "signed in elsewhere",
      10004: "the input is not valid",
      10007: "you have no right to do this",
      10010: "there is no such meeting",
      10014: "the meeting is full",
      10015: "this is not a meeting ID",
      10016: "refused by the application",
      10017: "you are muted",
      10021: "this ID is taken",
      10023: "too many messages, try again in a moment",
      10025: "you already have a meeting with this ID",
      10030: "the message was not found",
      10031: "it is too late to recall this message",
      70001: "the UserSig has expired",
      70003: "the UserSig is not valid",
      70009: "the UserSig was signed with another key",
      70013: "the UserSig belongs to another user",
      70014: "the UserSig belongs to another SDKAppID",
      70052: "the UserSig has been made invalid, a new one is needed",
      70020: "the server does not know this SDKAppID",
      80001: "the text was refused",
      80002: "the message is too long",
      93000: "the message is too long",
    },
    otherError: "error {0} {1}",
  },
  zh: {
    language: "English",
    tagline: "自建服务器上的会议群",
    signIn: "登录",
    signOut: "退出登录",
    sdkappid: "SDKAppID",
    user: "UserID",
    usersig: "UserSig",
    howToSign: "UserSig 在服务器上用密钥生成：",
    connecting: "正在连接…",
    connected: "已连接",
    offline: "已断开",
    retryIn: "连接已断开，{0} 秒后重试。",
    retrying: "连接已断开，正在重试…",
    retryNow: "立即重试",
    meetings: "会议群",
    create: "新建",
    join: "加入",
    noMeetings: "还没有会议群。新建一个，或凭群 ID 加入。",
    pickMeeting: "选择一个会议群开始聊天。",
    back: "返回列表",
    details: "详情",
    members: "{0} 位成员",
    oneMember: "1 位成员",
    unread: "{0} 条未读",
    history: "消息",
    olderFailed: "更早的消息加载失败。",
    loading: "加载中…",
    beginning: "会议群从这里开始。",
    newMessages: "{0} 条新消息",
    toNewest: "回到最新消息",
    write: "输入消息",
    send: "发送",
    sendHint: "Enter 发送，Shift+Enter 换行",
    sending: "发送中…",
    failed: "未发送：{0}",
    retry: "重试",
    recall: "撤回",
    youRecalled: "你撤回了一条消息",
    recalled: "{0} 撤回了一条消息",
    recalledFor: "{0} 撤回了 {1} 的一条消息",
    createTitle: "新建会议群",
    createDo: "创建",
    joinTitle: "加入会议群",
    joinDo: "加入",
    name: "名称",
    id: "群 ID",
    idOptional: "群 ID（可选）",
    idHint: "其他人凭此 ID 加入。留空则自动生成。",
    cancel: "取消",
    close: "关闭",
    copy: "复制",
    copied: "已复制",
    leave: "退出会议群",
    leaveAsk: "退出“{0}”？",
    dismiss: "解散会议群",
    dismissAsk: "解散“{0}”？之后所有人都无法再查看其中的消息。",
    waitApproval: "申请已发送，等待审批。",
    removed: "你已被移出“{0}”。",
    dismissed: "“{0}”已解散。",
    endedTitle: "会话已结束",
    kickedSame: "你的账号在别处登录，此页面已停止工作。",
    kickedAdmin: "管理员结束了此会话。",
    expired: "UserSig 已过期，或会话已失效。",
    useHere: "在此继续",
    otherUser: "换一个账号登录",
    role: { Owner: "群主", Admin: "管理员" },
    you: "我",
    says: "{0}：{1}",
    tipJoined: "{0} 加入了会议群",
    tipInvited: "{0} 邀请了 {1}",
    tipLeft: "{0} 退出了会议群",
    tipRemoved: "{0} 移出了 {1}",
    tipAdmin: "{0} 成为管理员",
    tipNoAdmin: "{0} 不再是管理员",
    tipMuted: "{0} 被禁言",
    tipUnmuted: "{0} 已解除禁言",
    tipName: "{0} 将群名改为“{1}”",
    tipNotice: "{0} 修改了群公告：{1}",
    tipIntro: "{0} 修改了群简介",
    tipFace: "{0} 修改了群头像",
    tipOwner: "{0} 成为群主",
    tipMuteAll: "{0} 开启了全员禁言",
    tipUnmuteAll: "{0} 解除了全员禁言",
    tipProfile: "{0} 修改了群资料",
    tipCreated: "{0} 创建了会议群",
    tipOther: "群资料有变更",
    custom: "自定义消息",
    face: "表情",
    location: "位置",
    image: "图片",
    file: "文件",
    sound: "语音",
    video: "视频",
    relay: "聊天记录",
    unknown: "暂不支持：{0}",
    error: {
      lost: "没有连接",
      late: "服务器没有响应",
      1002: "已在别处登录",
      10004: "输入无效",
      10007: "没有权限",
      10010: "会议群不存在",
      10014: "会议群人数已满",
      10015: "群 ID 无效",
      10016: "被应用拒绝",
      10017: "你已被禁言",
      10021: "此 ID 已被使用",
      10023: "发送太频繁，请稍后再试",
      10025: "你已有使用此 ID 的会议群",
      10030: "消息不存在",
      10031: "已超过可撤回的时间",
      70001: "UserSig 已过期",
      70003: "UserSig 无效",
      70009: "UserSig 由其他密钥签发",
      70013: "UserSig 属于其他用户",
      70014: "UserSig 属于其他 SDKAppID",
      70052: "UserSig 已作废，需要重新生成",
      70020: "服务器上没有此 SDKAppID",
      80001: "内容被拒绝",
      80002: "消息过长",
      93000: "消息过长",
    },
    otherError: "错误 {0} {1}",
  },
};

const remembered = "timgate.language";
let language = localStorage.getItem(remembered) ?? (navigator.language.startsWith("zh") ? "zh" : "en");

export function t(key, ...args) {
  return words[language][key].replace(/\{(\d)\}/g, (_, index) => args[index]);
}

/** What went wrong, for a reader: `code` is a number of the server's, or `lost` or `late`. */
export function errorText({ code, info }) {
  return words[language].error[code] ?? t("otherError", code, info ?? "");
}

export function roleText(role) {
  return words[language].role[role] ?? "";
}

export function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  localStorage.setItem(remembered, language);
}

/**
 * Puts the words in place. In the document `data-t="key"` asks for an element's text, and
 * `data-t-title="key"` or `data-t-placeholder="key"` for an attribute that becomes the accessible
 * name as well.
 */
export function translate(root) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of root.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  for (const element of root.querySelectorAll("[data-t-placeholder]"))
    element.ariaLabel = element.placeholder = t(element.dataset.tPlaceholder);
  for (const element of root.querySelectorAll("[data-t-title]"))
    element.ariaLabel = element.title = t(element.dataset.tTitle);
}

const format = (options) => {
  const made = {};
  return (seconds) =>
    (made[language] ??= new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en", options)).format(seconds * 1000);
};

export const clockText = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dateText = format({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
const shortDateText = format({ month: "short", day: "numeric" });

const midnight = (seconds) => new Date(seconds * 1000).setHours(0, 0, 0, 0);

/** Whole days between now and a time: 0 today, -1 yesterday. Rounded, since days with a change of clocks are not 24 hours long. */
const daysFromToday = (seconds) => Math.round((midnight(seconds) - new Date().setHours(0, 0, 0, 0)) / 86_400_000);

export const dayKey = midnight;

export function dayText(seconds) {
  const days = daysFromToday(seconds);
  if (days > 0 || days < -1) return dateText(seconds);
  const text = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(days, "day");
  return text[0].toUpperCase() + text.slice(1);
}

/** The time beside a meeting in the list: the clock today, the date before. */
export const briefTimeText = (seconds) => (daysFromToday(seconds) === 0 ? clockText : shortDateText)(seconds);
