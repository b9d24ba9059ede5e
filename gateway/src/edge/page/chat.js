// What the user's meetings hold: groups, their messages, and what has been read.
//
// A group's messages are kept by sequence number, which the server gives without holes. `have` is
// the number up to which nothing is missing; whatever the server numbers beyond it and does not
// push (the connection was gone) is fetched. Adding a message twice changes nothing, so history,
// pushes and catching up may overlap in any order.

import { Failure } from "./wire.js";

const PAGE = 20;
/** A longer absence is not replayed: the newest page is shown, and the rest is history. */
const LONGEST_CATCH_UP = 300;
const HOLE_PATIENCE_MS = 1000;
const RECALL_SECONDS = 120;
const GROUP_FIELDS = ["Type", "Name", "Owner_Account", "CreateTime", "LastMsgTime", "MemberNum", "NextMsgSeq", "MuteAllMember"];

class Group {
  items = new Map();
  /** Messages of this user the server has not acknowledged, in the order of writing. */
  outbox = [];
  unread = 0;
  draft = "";
  last = null;
  /** Where the next older page begins; 0 when there is none; null before the first page. */
  cursor = null;
  loading = false;
  loadFailed = false;
  catchUp = null;
  sending = false;

  constructor(id, have) {
    this.id = id;
    this.name = id;
    this.have = have;
  }

  get messages() {
    return [...this.items.values()].sort((a, b) => a.seq - b.seq);
  }

  get time() {
    return Math.max(this.last?.time ?? 0, this.lastTime ?? 0);
  }
}

/**
 * `on.changed()` after any change of what is here; `on.arrived(group, item)` for each new message
 * of another user; `on.removed(group, reason)` when a group is gone, reason `removed` or `dismissed`
 * or nothing when the user left it himself; `on.failed(failure)` when something the user did not
 * ask for was refused.
 */
export class Chat {
  #wire;
  #on;
  #read;
  #readKey;
  #listing = null;
  #listAgain = null;
  #recallsSince = 0;

  groups = new Map();
  current = null;
  listed = false;

  constructor(wire, { sdkappid, user }, on) {
    this.#wire = wire;
    this.#on = on;
    this.user = user;
    this.#readKey = `timgate.read:${sdkappid}:${user}`;
    this.#read = JSON.parse(localStorage.getItem(this.#readKey) ?? "{}");
  }

  /** After a login: what changed while the connection was away, then what was written meanwhile. */
  async resume() {
    try {
      await this.refresh();
      await Promise.all([...this.groups.values()].map((group) => group.catchUp));
      await this.#missedRecalls();
    } catch (failure) {
      this.#report(failure);
    } finally {
      for (const group of this.groups.values()) this.#deliver(group);
    }
  }

  /** Reads the list of groups again. Calls that come while one runs wait for one more run. */
  refresh() {
    if (!this.#listing) return (this.#listing = this.#list().finally(() => (this.#listing = null)));
    this.#listAgain ??= this.#listing
      .catch(() => {})
      .then(() => {
        this.#listAgain = null;
        return this.refresh();
      });
    return this.#listAgain;
  }

  async #list() {
    const found = new Map();
    for (let offset = 0, total = 1; offset < total; offset += 100) {
      const answer = await this.#group("get_joined_group_list", {
        Member_Account: this.user,
        Limit: 100,
        Offset: offset,
        ResponseFilter: { GroupBaseInfoFilter: GROUP_FIELDS, SelfInfoFilter: ["Role", "MsgSeq"] },
        SupportTopic: 0,
      });
      for (const info of answer.GroupIdList ?? []) found.set(info.GroupId, info);
      total = answer.TotalCount ?? 0;
    }
    for (const group of this.groups.values()) if (!found.has(group.id)) this.#remove(group);
    for (const info of found.values()) this.#describe(info);
    if ([...this.groups.values()].some((group) => !group.last && group.have > 0)) await this.#previews();
    this.listed = true;
    this.#on.changed();
  }

  #describe(info) {
    const newest = (info.NextMsgSeq ?? 1) - 1;
    let group = this.groups.get(info.GroupId);
    if (!group) {
      // What this browser has not seen of a group it knows counts as unread; a group it meets for the first time starts read.
      group = new Group(info.GroupId, Math.min(this.#read[info.GroupId] ?? newest, newest));
      this.groups.set(group.id, group);
      this.#markRead(group, group.have);
    }
    group.name = info.Name || group.id;
    group.members = info.MemberNum ?? group.members;
    group.role = info.SelfInfo?.Role ?? group.role;
    group.lastTime = info.LastMsgTime || info.CreateTime;
    if (newest > group.have) this.#fetchMissed(group, newest);
  }

  /** The last message of each group, for the list. */
  async #previews() {
    const answer = await this.#wire
      .call("recentcontact.page_get", { From_Account: this.user, TimeStamp: 0, StartIndex: 0, TopTimeStamp: 0, TopStartIndex: 0, OrderType: 1, MsgAssistFlags: 15, AssistFlags: 31 })
      .catch((failure) => this.#report(failure));
    for (const item of answer?.SessionItem ?? []) {
      const group = item.Type === 2 && this.groups.get(item.ToAccount);
      if (!group || group.last || !item.LastMsg) continue;
      const tip = item.LastMsg.GroupTips;
      group.last = decode({
        From_Account: item.MsgGroupFrom_Account,
        MsgSeq: item.MsgSeq,
        MsgTimeStamp: item.MsgTimeStamp,
        GroupInfo: { From_AccountNick: item.MsgGroupFromNickName, MsgFrom_AccountExtraInfo: { NameCard: item.MsgGroupFromCardName } },
        IsPlaceMsg: item.LastMsgFlags === 2 ? 2 : 0,
        RevokerInfo: item.LastMsg.RevokerInfo,
        ...(tip ? { Event: 4, ...(Array.isArray(tip) ? tip[0] : tip) } : { MsgBody: item.LastMsg.MsgBody }),
      }, this.user);
    }
  }

  // Reading

  open(id) {
    this.current = this.groups.get(id) ?? null;
    if (this.current) this.seen();
    this.#on.changed();
  }

  /** The user looks at the current group. */
  seen() {
    const group = this.current;
    if (!group || document.visibilityState === "hidden") return;
    group.unread = 0;
    this.#markRead(group, group.have);
    this.#on.changed();
  }

  #markRead(group, seq) {
    if (this.#read[group.id] === seq) return;
    this.#read[group.id] = seq;
    localStorage.setItem(this.#readKey, JSON.stringify(this.#read));
  }

  /** Loads the page before the oldest message here. */
  async loadOlder(group) {
    if (group.loading || group.cursor === 0 || !this.#wire.ready) return;
    const from = group.cursor ?? group.have;
    if (from === 0) {
      group.cursor = 0;
      return this.#on.changed();
    }
    group.loading = true;
    group.loadFailed = false;
    this.#on.changed();
    try {
      const answer = await this.#history(group, from, PAGE);
      for (const raw of answer.RspMsgList) this.#add(group, raw);
      const next = answer.NextReqMsgSeq ?? 0;
      group.cursor = answer.IsFinished === 2 || next < 1 ? 0 : next;
    } catch (failure) {
      group.loadFailed = failure.code !== "lost";
    } finally {
      group.loading = false;
      this.#on.changed();
    }
  }

  /** `count` messages, the newest numbered `seq`. */
  #history(group, seq, count) {
    return this.#group("group_msg_get", { GroupId: group.id, ReqMsgSeq: seq, ReqMsgNumber: count, WithRecalledMsg: 1 });
  }

  /** Fetches what lies between `have` and `target` as if it had been pushed. */
  #fetchMissed(group, target) {
    if (target - group.have > LONGEST_CATCH_UP) {
      group.unread += target - group.have;
      group.items.clear();
      group.last = null;
      group.cursor = null;
      group.have = target;
      return;
    }
    const before = group.catchUp ?? Promise.resolve();
    const run = before.then(async () => {
      while (group.have < target) {
        const from = group.have;
        const to = Math.min(from + PAGE, target);
        const answer = await this.#history(group, to, to - from);
        const missed = answer.RspMsgList.filter((raw) => raw.MsgSeq > from);
        for (const raw of missed.reverse()) this.#arrive(group, raw);
        // Numbers the server no longer shows (deleted, expired) are not missing either.
        group.have = Math.max(group.have, to);
        this.#advance(group);
      }
    });
    group.catchUp = run
      .catch((failure) => this.#report(failure))
      .finally(() => this.#on.changed());
  }

  /** Recalls of messages that are already here are not part of the history after them: asked for by time. */
  async #missedRecalls() {
    const since = this.#recallsSince;
    this.#recallsSince = this.#wire.now() - RECALL_SECONDS;
    const loaded = [...this.groups.values()].filter((group) => group.items.size > 0);
    if (!since) return;
    for (let at = 0; at < loaded.length; at += 10) {
      const ask = loaded.slice(at, at + 10).map(({ id }) => ({ NotifyType: 1, GroupId: id, Limit: 20, BeginTime: since * 1e6, EndTime: (this.#wire.now() + 1) * 1e6 }));
      const answer = await this.#group("batch_get_group_notify", { NotifyReqList: ask });
      for (const { GroupId, NotifyMsgList } of answer.NotifyRspList ?? [])
        for (const { MsgSeq, RevokerInfo } of NotifyMsgList ?? []) this.#recalled(GroupId, MsgSeq, RevokerInfo);
    }
  }

  // Writing

  send(group, text) {
    const item = {
      kind: "message",
      own: true,
      from: this.user,
      who: this.user,
      random: crypto.getRandomValues(new Uint32Array(1))[0],
      time: this.#wire.now(),
      body: [{ MsgType: "TIMTextElem", MsgContent: { Text: text } }],
      state: "pending",
    };
    group.outbox.push(item);
    this.#on.changed();
    this.#deliver(group);
  }

  /** Sends a failed message again, under the same random number: should the first try have reached the server after all, it stays one message. */
  retry(group, item) {
    item.state = "pending";
    item.error = null;
    this.#on.changed();
    this.#deliver(group);
  }

  get unsent() {
    return [...this.groups.values()].some((group) => group.outbox.some(({ state }) => state === "pending"));
  }

  /** One at a time, so that the order of writing is the order of sending. */
  async #deliver(group) {
    if (group.sending) return;
    group.sending = true;
    try {
      for (let item; this.#wire.ready && (item = group.outbox.find(({ state }) => state === "pending")); ) {
        try {
          const answer = await this.#group("send_group_msg", {
            From_Account: this.user,
            GroupId: group.id,
            Random: item.random,
            ClientSeq: item.random,
            MsgPriority: "Normal",
            MsgBody: item.body,
            CloudCustomData: "",
            OnlineOnlyFlag: 0,
            OfflinePushInfo: { PushFlag: 0 },
            GroupAtInfo: [],
            SendMsgControl: [],
            MsgClientTime: item.time,
            NeedReadReceipt: 0,
            SupportMessageExtension: 0,
            IsRelayMsg: 0,
          });
          this.#sent(group, item, answer.MsgSeq, answer.MsgTime);
        } catch (failure) {
          if (failure.code === "lost") return;
          item.state = "failed";
          item.error = failure;
        }
        this.#on.changed();
      }
    } finally {
      group.sending = false;
    }
  }

  #sent(group, item, seq, time) {
    const at = group.outbox.indexOf(item);
    if (at < 0) return;
    group.outbox.splice(at, 1);
    Object.assign(item, { seq, time, state: "sent" });
    group.items.set(seq, item);
    this.#latest(group, item);
    this.#advance(group);
  }

  canRecall(item) {
    return item.own && item.state === "sent" && !item.recalled && this.recallSecondsLeft(item) > 0;
  }

  recallSecondsLeft(item) {
    return item.time + RECALL_SECONDS - this.#wire.now();
  }

  async recall(group, item) {
    const answer = await this.#group("group_msg_recall", { GroupId: group.id, MsgSeqList: [{ MsgSeq: item.seq }], TopicId: "" });
    const code = answer.RecallRetList?.[0]?.RetCode ?? 0;
    if (code !== 0) throw new Failure(code);
    this.#recalled(group.id, item.seq, { Revoker_Account: this.user });
  }

  // Groups

  async create(name, id) {
    const answer = await this.#group("create_group", { Type: "ChatRoom", Name: name, Owner_Account: this.user, WebPushFlag: 1, FaceUrl: "", ...(id && { GroupId: id }) });
    await this.refresh();
    return answer.GroupId;
  }

  /** Resolves with whether the user is a member now (else someone has to approve). */
  async join(id) {
    let status = "JoinedSuccess";
    try {
      const answer = await this.#group("apply_join_group", { GroupId: id, ApplyMsg: "", WebPushFlag: 1 });
      status = answer.JoinedStatus;
    } catch (failure) {
      const alreadyMember = 10013;
      if (failure.code !== alreadyMember) throw failure;
    }
    await this.refresh();
    return status === "JoinedSuccess";
  }

  async leave(group) {
    await this.#group("quit_group", { GroupId: group.id });
    this.#remove(group);
  }

  async dismiss(group) {
    await this.#group("destroy_group", { GroupId: group.id });
    this.#remove(group);
  }

  /** The first hundred members: `[{user, name, role}]`. */
  async members(group) {
    const answer = await this.#group("get_group_member_info", { GroupId: group.id, Limit: 100, Offset: 0, MemberInfoFilter: ["Role", "JoinTime", "NameCard"] });
    group.members = answer.MemberNum;
    this.#on.changed();
    return answer.MemberList.map(({ Member_Account, NameCard, Role }) => ({ user: Member_Account, name: NameCard || Member_Account, role: Role }));
  }

  #remove(group, reason) {
    if (!this.groups.delete(group.id)) return;
    delete this.#read[group.id];
    if (this.current === group) this.current = null;
    this.#on.removed(group, reason);
    this.#on.changed();
  }

  // Pushed events

  receive(event) {
    for (const raw of event.GroupMsgArray ?? []) this.#arrive(this.#groupOf(raw), raw);
    for (const raw of event.GroupMsgModNotifys ?? []) this.#modified(raw);
    for (const tip of event.GroupTips ?? []) {
      if (event.Event === 4) this.#arrive(this.#groupOf(tip), { ...tip, Event: 4 });
      else if (event.Event === 5) this.#notice(tip);
    }
    this.#on.changed();
  }

  /** A message can be the first sign of a group: the list tells the rest about it. */
  #groupOf(raw) {
    const id = raw.GroupInfo?.GroupId ?? raw.ToGroupId;
    let group = this.groups.get(id);
    if (!group) {
      group = new Group(id, raw.MsgSeq - 1);
      group.name = raw.GroupInfo?.GroupName || id;
      this.groups.set(id, group);
      this.#refreshQuietly();
    }
    return group;
  }

  #refreshQuietly() {
    this.refresh().catch((failure) => this.#report(failure));
  }

  #notice({ ToGroupId, GroupInfo, RevokerInfo, MsgBody }) {
    for (const { GroupId, MsgSeq } of MsgBody.GroupWithdrawInfoArray ?? []) this.#recalled(GroupId, MsgSeq, RevokerInfo);
    const group = this.groups.get(GroupInfo?.GroupId ?? ToGroupId);
    switch (MsgBody.ReportType ?? MsgBody.OpType) {
      case 2: // This user joined from another device, was invited, created a group elsewhere, or has another role.
      case 6:
      case 7:
      case 9:
      case 10:
        return this.#refreshQuietly();
      case 4:
        return group && this.#remove(group, "removed");
      case 5:
      case 11:
        return group && this.#remove(group, "dismissed");
      case 8:
        return group && this.#remove(group);
    }
  }

  /** A message or tip that is new here, pushed or caught up with. */
  #arrive(group, raw) {
    const item = this.#add(group, raw);
    if (!item) return;
    if (item.kind === "tip") this.#tipped(group, raw.MsgBody);
    const counts = item.kind === "message" && !item.own && !item.recalled;
    if (counts) {
      const watched = group === this.current && document.visibilityState !== "hidden";
      if (!watched && !raw.SendMsgControl?.NoUnread) group.unread += 1;
      this.#on.arrived(group, item);
    }
    this.#advance(group);
    if (group === this.current) this.seen();
  }

  /** Adds one message to what is known; nothing if it was known. */
  #add(group, raw) {
    if (raw.IsPlaceMsg === 1) return;
    // A message for online users only has a number that is not its own.
    const key = raw.OnlineOnlyFlag ? `online ${raw.MsgRandom}` : raw.MsgSeq;
    if (group.items.has(key)) return;
    const item = decode(raw, this.user);
    const written = item.own && group.outbox.find(({ random }) => random === item.random);
    if (written) return this.#sent(group, written, item.seq, item.time);
    if (raw.OnlineOnlyFlag) item.seq = group.have + 0.5;
    group.items.set(key, item);
    this.#latest(group, item);
    return item;
  }

  #latest(group, item) {
    if (item.seq >= (group.last?.seq ?? 0)) group.last = item;
  }

  /** Moves `have` over what has arrived in order. Pushes and answers may overtake each other, so a hole is given a moment to close. */
  #advance(group) {
    while (group.items.has(group.have + 1)) group.have += 1;
    const newest = group.last?.seq ?? 0;
    if (newest <= group.have + 1) return;
    clearTimeout(group.holeTimer);
    group.holeTimer = setTimeout(() => {
      if (this.#wire.ready && newest > group.have + 1 && this.groups.has(group.id)) this.#fetchMissed(group, Math.floor(newest));
    }, HOLE_PATIENCE_MS);
  }

  #tipped(group, tip) {
    const changed = tip.MsgGroupNewInfo ?? {};
    if (tip.MemberNum) group.members = tip.MemberNum;
    if (changed.GroupName) group.name = changed.GroupName;
    if (changed.Owner_Account) this.#refreshQuietly();
  }

  #recalled(id, seq, revoker) {
    const group = this.groups.get(id);
    if (!group) return;
    for (const item of [group.items.get(seq), group.last?.seq === seq && group.last]) {
      if (item && !item.recalled) mark(item, { recalled: revoker?.Revoker_Account || item.from });
    }
    if (seq > (this.#read[id] ?? 0) && group.unread > 0) group.unread -= 1;
    this.#on.changed();
  }

  #modified({ GroupId, MsgSeq, MsgBody }) {
    const item = this.groups.get(GroupId)?.items.get(MsgSeq);
    if (item && MsgBody) mark(item, { body: MsgBody });
  }

  /** A connection that goes away ends whatever was under way, and the next login begins it again: no news for the user. */
  #report(failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.code !== "lost") this.#on.failed(failure);
  }

  #group(command, body) {
    return this.#wire.call(`group_open_http_svc.${command}`, body);
  }
}

/** An item that looks different from now on: whoever has drawn it draws it again. */
function mark(item, changes) {
  Object.assign(item, changes, { version: (item.version ?? 0) + 1 });
}

/** The wire's message or tip as an item of the conversation. */
function decode(raw, user) {
  const isTip = raw.Event === 4 || raw.Event === 6;
  const from = raw.From_Account;
  return {
    kind: isTip ? "tip" : "message",
    own: !isTip && from === user,
    from,
    who: raw.GroupInfo?.MsgFrom_AccountExtraInfo?.NameCard || raw.GroupInfo?.From_AccountNick || from,
    seq: raw.MsgSeq,
    random: raw.MsgRandom ?? raw.Random,
    time: raw.MsgTimeStamp ?? raw.MsgTime,
    body: raw.MsgBody,
    state: "sent",
    recalled: raw.IsPlaceMsg === 2 ? raw.RevokerInfo?.Revoker_Account || from : null,
  };
}
