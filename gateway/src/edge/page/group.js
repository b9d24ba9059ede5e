// One group and its messages.

/**
 * Messages are kept by sequence number, which the server gives without holes. `have` is the number
 * up to which nothing is missing from where the page began to listen; what lies below it is history,
 * loaded page by page from `cursor` downwards.
 */
export class Group {
  items = new Map();
  /** Messages of this user the server has not acknowledged, in the order of writing. */
  outbox = [];
  unread = 0;
  draft = "";
  /** The newest message known; it may be known from the list of conversations alone. */
  last = null;
  /** Where the next older page begins; 0 when there is none, null before the first page. */
  cursor = null;
  loading = false;
  loadFailed = false;
  sending = false;
  catchUp = null;
  holeTimer = 0;

  constructor(id, have) {
    this.id = id;
    this.name = id;
    this.have = have;
  }

  get messages() {
    return [...this.items.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Unix seconds of the last activity. */
  get time() {
    return Math.max(this.last?.time ?? 0, this.lastTime ?? 0);
  }

  get newest() {
    return Math.floor(this.last?.seq ?? 0);
  }

  get hasHole() {
    return this.newest > this.have;
  }

  /** Adds a message of the wire and returns its item; nothing if there is nothing new to show. */
  add(raw, user) {
    if (raw.IsPlaceMsg === 1) return;
    // A message for online users only carries a number that is not its own.
    const key = raw.OnlineOnlyFlag ? `online ${raw.MsgRandom}` : raw.MsgSeq;
    if (this.items.has(key)) return;
    const item = decode(raw, user);
    const written = item.own && this.outbox.find(({ random }) => random === item.random);
    if (written) return this.sent(written, item.seq, item.time);
    if (raw.OnlineOnlyFlag) item.seq = this.have + 0.5;
    this.#put(key, item);
    return item;
  }

  /** The server has taken a message of the outbox. It may say so twice: by its answer and in the history. */
  sent(item, seq, time) {
    const at = this.outbox.indexOf(item);
    if (at < 0) return;
    this.outbox.splice(at, 1);
    Object.assign(item, { seq, time, state: "sent" });
    this.#put(seq, item);
  }

  #put(key, item) {
    this.items.set(key, item);
    if (item.seq >= (this.last?.seq ?? 0)) this.last = item;
    this.advanceTo(this.have);
  }

  /** Nothing is missing up to `seq`, nor in what follows it here. */
  advanceTo(seq) {
    this.have = Math.max(this.have, seq);
    while (this.items.has(this.have + 1)) this.have += 1;
  }

  /** Forgets what is here: the newest message is `have` now, and everything up to it is history. */
  startAfresh(have) {
    this.items.clear();
    this.last = null;
    this.cursor = null;
    this.have = have;
  }

  recall(seq, revoker) {
    for (const item of new Set([this.items.get(seq), this.last])) {
      if (item?.seq === seq) change(item, { recalled: revoker || item.from });
    }
  }

  change(seq, changes) {
    if (this.items.has(seq)) change(this.items.get(seq), changes);
  }
}

/** Whoever has drawn an item draws it again when its version has changed. */
function change(item, changes) {
  Object.assign(item, changes, { version: (item.version ?? 0) + 1 });
}

/**
 * A message or tip of the wire as an item of the conversation: `who` is the sender's name, `time` in
 * Unix seconds, `body` as it came, `recalled` the user who recalled it.
 */
export function decode(raw, user) {
  const isTip = raw.Event === 4;
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
