// The user's groups: what is pushed to them and fetched for them, what has been read, and what is
// written. History, pushes and catching up after a break may overlap in any order, because a group
// takes each message once.

import { Group, decode } from "./group.js";
import { Failure } from "./wire.js";

const PAGE = 20;
/** A longer absence is not replayed: the newest page is shown, and the rest is history. */
const LONGEST_CATCH_UP = 300;
const HOLE_PATIENCE_MS = 1000;
const RECALL_SECONDS = 120;
const GROUP_FIELDS = ["Type", "Name", "CreateTime", "LastMsgTime", "MemberNum", "NextMsgSeq"];
const ALREADY_MEMBER = 10013;

/**
 * `on.changed()` after any change of what is here; `on.arrived(group, item)` for each new message
 * of another user; `on.removed(group, reason)` when a group is gone, reason `removed` or `dismissed`
 * or nothing when the user left it; `on.failed(failure)` when something the user did not
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
        ResponseFilter: { GroupBaseInfoFilter: GROUP_FIELDS, SelfInfoFilter: ["Role"] },
        SupportTopic: 0,
      });
      for (const info of answer.GroupIdList ?? []) found.set(info.GroupId, info);
      total = answer.TotalCount ?? 0;
    }
    for (const group of this.groups.values()) if (!found.has(group.id)) this.#remove(group);
    for (const info of found.values()) this.#describe(info);
    if ([...this.groups.values()].some((group) => !group.last && group.have > 0)) await this.#previews();
    this.listed = true;
    this.seen();
    this.#on.changed();
  }

  #describe(info) {
    const newest = (info.NextMsgSeq ?? 1) - 1;
    let group = this.groups.get(info.GroupId);
    if (!group) {
      // What this browser has not seen of a group it knows counts as unread; a group it meets for
      // the first time starts read.
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
      .call("recentcontact.page_get", {
        From_Account: this.user,
        TimeStamp: 0,
        StartIndex: 0,
        TopTimeStamp: 0,
        TopStartIndex: 0,
        OrderType: 1,
        MsgAssistFlags: 15,
        AssistFlags: 31,
      })
      .catch((failure) => this.#report(failure));
    for (const item of answer?.SessionItem ?? []) {
      const group = item.Type === 2 && this.groups.get(item.ToAccount);
      if (!group || group.last || !item.LastMsg) continue;
      const tip = item.LastMsg.GroupTips;
      group.last = decode(
        {
          From_Account: item.MsgGroupFrom_Account,
          MsgSeq: item.MsgSeq,
          MsgTimeStamp: item.MsgTimeStamp,
          GroupInfo: {
            From_AccountNick: item.MsgGroupFromNickName,
            MsgFrom_AccountExtraInfo: { NameCard: item.MsgGroupFromCardName },
          },
          IsPlaceMsg: item.LastMsgFlags === 2 ? 2 : 0,
          RevokerInfo: item.LastMsg.RevokerInfo,
          ...(tip ? { Event: 4, ...(Array.isArray(tip) ? tip[0] : tip) } : { MsgBody: item.LastMsg.MsgBody }),
        },
        this.user,
      );
    }
  }

  open(id) {
    this.current = this.groups.get(id) ?? null;
    this.seen();
    this.#on.changed();
    // Nobody is told of those who join or leave a meeting: their number is asked for.
    if (this.current) this.#refreshQuietly();
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
    this.#saveRead();
  }

  #saveRead() {
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
      for (const raw of answer.RspMsgList) group.add(raw, this.user);
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
      return group.startAfresh(target);
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
        group.advanceTo(to);
      }
    });
    group.catchUp = run.catch((failure) => this.#report(failure)).finally(() => this.#on.changed());
  }

  /** Recalls of messages that are here already are no part of the history after them: asked for by time. */
  async #missedRecalls() {
    const since = this.#recallsSince;
    this.#recallsSince = this.#wire.now() - RECALL_SECONDS;
    if (!since) return;
    const span = { NotifyType: 1, Limit: 20, BeginTime: since * 1e6, EndTime: (this.#wire.now() + 1) * 1e6 };
    const loaded = [...this.groups.values()].filter((group) => group.items.size > 0);
    while (loaded.length) {
      const asked = loaded.splice(0, 10).map(({ id }) => ({ ...span, GroupId: id }));
      const answer = await this.#group("batch_get_group_notify", { NotifyReqList: asked });
      for (const { GroupId, NotifyMsgList } of answer.NotifyRspList ?? []) {
        for (const { MsgSeq, RevokerInfo } of NotifyMsgList ?? []) this.#recalled(GroupId, MsgSeq, RevokerInfo);
      }
    }
  }

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

  /**
   * Sends a failed message again, under the same random number: should the first try have reached
   * the server after all, it stays one message.
   */
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
    while (this.#wire.ready) {
      const item = group.outbox.find(({ state }) => state === "pending");
      if (!item) break;
      try {
        const answer = await this.#post(group, item);
        group.sent(item, answer.MsgSeq, answer.MsgTime);
        this.#watchHole(group);
      } catch (failure) {
        // Whether the server has it is open: it stays pending, and is sent again after the next login.
        if (failure.code === "lost") break;
        Object.assign(item, { state: "failed", error: failure });
      }
      this.#on.changed();
    }
    group.sending = false;
  }

  #post(group, item) {
    return this.#group("send_group_msg", {
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
  }

  canRecall(item) {
    return item.own && item.state === "sent" && !item.recalled && this.#wire.now() - item.time < RECALL_SECONDS;
  }

  async recall(group, item) {
    const answer = await this.#group("group_msg_recall", {
      GroupId: group.id,
      MsgSeqList: [{ MsgSeq: item.seq }],
      TopicId: "",
    });
    const code = answer.RecallRetList?.[0]?.RetCode ?? 0;
    if (code !== 0) throw new Failure(code);
    this.#recalled(group.id, item.seq, { Revoker_Account: this.user });
  }

  async create(name, id) {
    const answer = await this.#group("create_group", {
      Type: "ChatRoom",
      Name: name,
      Owner_Account: this.user,
      WebPushFlag: 1,
      FaceUrl: "",
      ...(id && { GroupId: id }),
    });
    await this.refresh();
    return answer.GroupId;
  }

  /** Resolves with whether the user is a member now (else someone has to approve). */
  async join(id) {
    const answer = await this.#group("apply_join_group", { GroupId: id, ApplyMsg: "", WebPushFlag: 1 }).catch(
      (failure) => {
        if (failure.code !== ALREADY_MEMBER) throw failure;
        return { JoinedStatus: "JoinedSuccess" };
      },
    );
    await this.refresh();
    return answer.JoinedStatus === "JoinedSuccess";
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
    const answer = await this.#group("get_group_member_info", {
      GroupId: group.id,
      Limit: 100,
      Offset: 0,
      MemberInfoFilter: ["Role", "JoinTime", "NameCard"],
    });
    group.members = answer.MemberNum;
    this.#on.changed();
    return answer.MemberList.map(({ Member_Account, NameCard, Role }) => ({
      user: Member_Account,
      name: NameCard || Member_Account,
      role: Role,
    }));
  }

  #remove(group, reason) {
    if (!this.groups.delete(group.id)) return;
    delete this.#read[group.id];
    this.#saveRead();
    if (this.current === group) this.current = null;
    this.#on.removed(group, reason);
    this.#on.changed();
  }

  receive(event) {
    for (const raw of event.GroupMsgArray ?? []) this.#arrive(this.#groupOf(raw), raw);
    for (const { GroupId, MsgSeq, MsgBody } of event.GroupMsgModNotifys ?? []) {
      if (MsgBody) this.groups.get(GroupId)?.change(MsgSeq, { body: MsgBody });
    }
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
    for (const { GroupId, MsgSeq } of MsgBody.GroupWithdrawInfoArray ?? [])
      this.#recalled(GroupId, MsgSeq, RevokerInfo);
    const group = this.groups.get(GroupInfo?.GroupId ?? ToGroupId);
    switch (MsgBody.ReportType ?? MsgBody.OpType) {
      // The user joined from another device, made a group there, was invited, or has another role.
      case 2:
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
    const item = group.add(raw, this.user);
    if (!item) return;
    if (item.kind === "tip") this.#tipped(group, raw.MsgBody);
    if (item.kind === "message" && !item.own && !item.recalled) {
      // Though the server marks all messages of a meeting as not to be counted: a reader wants to know.
      group.unread += 1;
      this.#on.arrived(group, item);
    }
    this.#watchHole(group);
    if (group === this.current) this.seen();
  }

  /** Pushes and answers may overtake each other: a hole is given a moment to close before it is fetched. */
  #watchHole(group) {
    if (!group.hasHole) return;
    clearTimeout(group.holeTimer);
    group.holeTimer = setTimeout(() => {
      if (this.#wire.ready && group.hasHole && this.groups.has(group.id)) this.#fetchMissed(group, group.newest);
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
    const item = group.items.get(seq);
    const wasUnread = item && !item.own && !item.recalled && seq > this.#read[id];
    if (wasUnread && group.unread > 0) group.unread -= 1;
    group.recall(seq, revoker?.Revoker_Account);
    this.#on.changed();
  }

  /**
   * A connection that goes away ends whatever was under way, and the next login begins it again: that
   * is no news for the user.
   */
  #report(failure) {
    if (!(failure instanceof Failure)) throw failure;
    if (failure.code !== "lost") this.#on.failed(failure);
  }

  #group(command, body) {
    return this.#wire.call(`group_open_http_svc.${command}`, body);
  }
}
