// One session with the gateway: frames, requests, pushes, and coming back after a break.

const PING_AFTER_MS = 10_000;
const PING_ANSWER_MS = 3_000;
const ANSWER_MS = 15_000;
const DIAL_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
/** A connection that worked this long starts the pauses anew. */
const STEADY_MS = 5_000;

/** A server that answers a login with one of these may accept it a moment later. */
const PASSING = new Set([60008, 60014, 60017, 60018, 60019, 60020, 70169, 70202, 70500, 91000]);
const SESSION_OVER = new Set([20002, 70001]);

/** A request that was refused (a code of the server's), or got no answer (`lost` with the connection, `late`). */
export class Failure extends Error {
  constructor(code, info) {
    super(`${code} ${info ?? ""}`);
    this.code = code;
    this.info = info;
  }
}

/**
 * `on.state(state, retryAt)` with state `connecting`, `connected` or `offline`;
 * `on.ready()` after every login, the first and those after a break;
 * `on.event(item)` for each pushed event;
 * `on.ended({kick} | {code, info})` when the session is over and nothing is tried again.
 */
export class Wire {
  #session;
  #on;
  #instance = [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  #seq = Math.floor(Math.random() * 1e8);
  #socket = null;
  #pending = new Map();
  #login = null;
  #clockOffset = 0;
  #heard = 0;
  #helloAt = Infinity;
  #dialDeadline = Infinity;
  #readyAt = Infinity;
  #failures = 0;
  #redial = 0;
  #timer = 0;
  #over = false;

  constructor(session, on) {
    this.#session = session;
    this.#on = on;
  }

  ready = false;

  open() {
    this.#timer = setInterval(() => this.#tick(), 1000);
    addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#hurry);
    this.#dial();
  }

  /** Ends the session for good; `logout` tells the server, and why: 0 the user asked, 1 after a kick. */
  close(logout) {
    if (this.#over) return;
    if (logout !== undefined && this.ready)
      this.call("im_open_status.wslogout", { wslogout_type: logout }).catch(() => {});
    this.#over = true;
    this.ready = false;
    clearInterval(this.#timer);
    clearTimeout(this.#redial);
    removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#hurry);
    this.#abandon(4000);
  }

  /** Dials now instead of at the end of the pause. */
  retry() {
    if (this.#over || this.#socket) return;
    clearTimeout(this.#redial);
    this.#dial();
  }

  /** Unix seconds by the server's clock. */
  now() {
    return Math.floor((Date.now() + this.#clockOffset) / 1000);
  }

  /** Resolves with the body of the answer; rejects with a Failure. */
  call(servcmd, body) {
    if (!this.ready) return Promise.reject(new Failure("lost"));
    return this.#request(servcmd, body, ANSWER_MS);
  }

  /** A page that was asleep or off the network may not know yet that its connection is gone. */
  #hurry = () => {
    if (document.visibilityState === "hidden") return;
    if (!this.#socket) this.retry();
    else if (this.ready) this.#ping();
  };

  #dial() {
    this.#on.state("connecting");
    this.#dialDeadline = performance.now() + DIAL_MS;
    const query = new URLSearchParams({
      sdkappid: this.#session.sdkappid,
      instanceid: this.#instance,
      random: Math.random(),
      platform: 7,
      host: "unknown",
      version: -1,
      sdkversion: "page",
    });
    const url = new URL(`binfo?${query}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#enter();
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#lost();
    this.#socket = socket;
  }

  async #enter() {
    try {
      const sent = Date.now();
      const login = await this.#request(
        "im_open_status.wslogin",
        { State: "Online", is_web_uniapp: 0, InstType: 0, CustomInfo: "" },
        ANSWER_MS,
      );
      // The token of the first login stays the session's: later answers only renew the instance.
      this.#login = { ...login, A2Key: this.#login?.A2Key ?? login.A2Key };
      if (login.TimeStamp) this.#clockOffset = login.TimeStamp * 1000 - (sent + Date.now()) / 2;
      this.#helloAt = performance.now() + (login.HelloInterval || 30) * 1000;
      this.#dialDeadline = Infinity;
      this.#readyAt = performance.now();
      this.ready = true;
      this.#on.state("connected");
      this.#on.ready();
    } catch (failure) {
      if (this.#over || failure.code === "lost") return;
      if (failure.code === "late" || PASSING.has(failure.code)) this.#lost();
      else this.#end(failure);
    }
  }

  #head(servcmd, seq) {
    const { sdkappid, user, usersig } = this.#session;
    const login = this.#login;
    const credentials = login ? { a2: login.A2Key, tinyid: login.TinyId } : { identifier: user, usersig };
    return {
      ver: "v4",
      platform: 7,
      sdkappid: Number(sdkappid),
      contenttype: "json",
      reqtime: this.now(),
      status_instid: login?.InstId ?? 0,
      ...credentials,
      servcmd,
      seq,
    };
  }

  #post(servcmd, seq, body) {
    this.#socket.send(new TextEncoder().encode(JSON.stringify({ head: this.#head(servcmd, seq), body })));
  }

  #request(servcmd, body, patience) {
    const seq = ++this.#seq;
    return new Promise((resolve, reject) => {
      this.#pending.set(`${servcmd} ${seq}`, { resolve, reject, deadline: performance.now() + patience });
      this.#post(servcmd, seq, body);
    });
  }

  #receive(data) {
    this.#heard = performance.now();
    const { head, body } = JSON.parse(new TextDecoder().decode(data));
    const key = `${head.servcmd} ${head.seq}`;
    const request = this.#pending.get(key);
    if (!request) return this.#pushed(head.servcmd, body);
    this.#pending.delete(key);
    const code = body.ErrorCode ?? 0;
    if (code === 0) return request.resolve(body);
    request.reject(new Failure(code, body.ErrorInfo));
    if (body.KickType) this.#end({ kick: body.KickType });
    else if (SESSION_OVER.has(code)) this.#end({ code, info: body.ErrorInfo });
  }

  #pushed(servcmd, body) {
    if (body.NeedAck) this.#post("openim.ws_msg_push_ack", ++this.#seq, { SessionData: body.SessionData });
    if (servcmd === "StatSvc.KickOther") return this.#enter();
    for (const item of body.EventArray ?? []) {
      const kick = item.C2cNotifyMsgArray?.find((notice) => notice.KickoutMsgNotify)?.KickoutMsgNotify;
      if (kick) return this.#end({ kick: kick.KickType });
      this.#on.event(item);
    }
  }

  #tick() {
    const now = performance.now();
    for (const [key, { reject, deadline }] of this.#pending) {
      if (now < deadline) continue;
      this.#pending.delete(key);
      reject(new Failure("late"));
    }
    if (now > this.#dialDeadline) return this.#lost();
    if (!this.ready) return;
    if (now - this.#heard > PING_AFTER_MS) this.#ping();
    if (now > this.#helloAt) {
      this.#helloAt = now + (this.#login.HelloInterval || 30) * 1000;
      this.call("im_open_status.wshello", { is_web_uniapp: 0 }).catch(() => {});
    }
  }

  #ping() {
    if ([...this.#pending.keys()].some((key) => key.startsWith("heartbeat.alive"))) return;
    const socket = this.#socket;
    this.#request("heartbeat.alive", {}, PING_ANSWER_MS).catch(() => {
      if (this.#socket === socket) this.#lost();
    });
  }

  /** Lets go of the socket without waiting for its close: on a dead network that can take minutes. */
  #abandon(code) {
    const socket = this.#socket;
    this.#socket = null;
    this.ready = false;
    this.#dialDeadline = Infinity;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(code);
    }
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(new Failure("lost"));
  }

  /** The first dial after a break comes at once, spread a little since a whole room may have lost the same server; then the pauses grow. */
  #lost() {
    if (this.ready && performance.now() - this.#readyAt > STEADY_MS) this.#failures = 0;
    this.#abandon(4001);
    if (this.#over) return;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    const pause = longest * (0.5 + Math.random() / 2);
    this.#on.state(this.#failures > 1 ? "offline" : "connecting", Date.now() + pause);
    this.#redial = setTimeout(() => this.#dial(), pause);
  }

  #end(reason) {
    this.close(reason.kick && reason.kick !== 3 ? 1 : undefined);
    this.#on.ended(reason);
  }
}
