// What must be true after a story: computed from what was answered to those who said, recalled and read something, and
// compared with what is stored and with what each device shows.

import { isPair, isWork } from './story.mjs';

const TIP = 'TIMGroupTipElem';
/** The SDK of the newest generation, 3.6.6; all others are 2.27.6. */
const NEWEST = 'chat';

/** Between a push that comes when the line breaks, and its acknowledgement. */
const BROKEN_MS = 300;

/** So many differences of one kind tell enough. */
const DIFFERENCES_SHOWN = 4;

export class Model {
  #messages = new Map();
  #reads = [];
  #absences = [];
  #logins = [];
  #memberships = [];
  #busCuts = [];
  #groups = new Map();

  /** A group that is there, with its members. */
  grouped(name, members) {
    this.#groups.set(name, new Set(members));
  }

  /** Somebody begins to say something. Gives what is known of it, to be told how it ends. */
  says({ text, device, user, conversation }) {
    const message = { text, device, user, conversation, from: Date.now(), to: Infinity, answer: null, recall: null };
    this.#messages.set(text, message);
    return message;
  }

  message(text) {
    return this.#messages.get(text);
  }

  /** What was answered in a conversation, in the order of the answers. */
  answered(conversation) {
    return [...this.#messages.values()].filter((message) => message.conversation === conversation && message.answer)
      .sort((a, b) => a.to - b.to);
  }

  /** The user has read all that is answered so far. */
  read(user, conversation) {
    const all = this.answered(conversation).map(({ answer }) => answer);
    this.#reads.push({
      at: Date.now(), user, conversation, sequence: Math.max(...all.map(({ sequence }) => sequence)), time: Math.max(...all.map(({ time }) => time)),
    });
  }

  /** The Unix second up to which anybody has read a talk of two. */
  readTime(conversation) {
    return Math.max(0, ...this.#reads.filter((read) => read.conversation === conversation).map(({ time }) => time));
  }

  /** The line of a device is down from now until the function that this gives is called. */
  absence(device) {
    return this.#period(this.#absences, { device });
  }

  /** A device is logged out and in again, from now until the function that this gives is called. */
  login(device) {
    return this.#period(this.#logins, { device });
  }

  /** The bus is cut for a moment. */
  busIsCut() {
    this.#busCuts.push(Date.now());
  }

  /** Somebody is put out of a group or brought in, from now until the function that this gives is called. */
  membership(group, user, isMember) {
    const members = this.#groups.get(group);
    if (isMember) members.add(user);
    else members.delete(user);
    return this.#period(this.#memberships, { group, user, isMember });
  }

  #period(list, what) {
    const period = { ...what, from: Date.now(), to: Infinity };
    list.push(period);
    return () => { period.to = Date.now(); };
  }

  isMember(group, user) {
    return this.#groups.get(group).has(user);
  }

  conversations() {
    return [...new Set([...this.#groups.keys(), ...[...this.#messages.values()].map(({ conversation }) => conversation)])];
  }

  participates(conversation, user) {
    return isPair(conversation) ? conversation.split('+').includes(user) : this.isMember(conversation, user);
  }

  /** How what is stored of a conversation differs from what was answered. `log` is the whole of it, oldest first. */
  differencesOfLog(conversation, log) {
    const differences = [];
    const differ = (text) => differences.push(`stored of ${conversation}: ${text}`);
    const stored = new Map();
    for (const entry of log) {
      if (entry.text === undefined) continue;
      if (stored.has(entry.text)) differ(`${entry.text} is there twice`);
      stored.set(entry.text, entry);
      const said = this.#messages.get(entry.text);
      if (said?.conversation !== conversation) differ(`${entry.text} was never said there`);
    }
    const answered = this.answered(conversation);
    for (const { text, answer, recall } of answered) {
      const entry = stored.get(text);
      if (!entry) differ(`${text} is missing, though it was answered`);
      else if (entry.time !== answer.time) differ(`${text} has the time ${entry.time}, and ${answer.time} was answered`);
      else if (!isPair(conversation) && entry.sequence !== answer.sequence) differ(`${text} is ${entry.sequence}, and ${answer.sequence} was answered`);
      if (entry && entry.isRevoked !== Boolean(recall)) differ(`${text} is ${entry.isRevoked ? '' : 'not '}recalled`);
    }
    const places = new Map(log.map((entry, place) => [entry.text, place]));
    for (const a of answered) {
      for (const b of answered) {
        if (a.to < b.from && places.get(a.text) > places.get(b.text)) differ(`${b.text} stands before ${a.text}, though it was said after its answer`);
      }
    }
    if (!isPair(conversation)) {
      log.forEach(({ sequence }, place) => {
        if (sequence !== log[0].sequence + place) differ(`the number ${sequence} stands where ${log[0].sequence + place} should`);
      });
    }
    return differences;
  }

  /** What a user must see of a conversation; undefined if they are not in it. */
  view(user, conversation, log) {
    if (!this.participates(conversation, user)) return undefined;
    if (!isWork(conversation)) return log;
    const cameLast = log.findLastIndex(({ cameIn }) => cameIn?.includes(user));
    return log.slice(Math.max(0, cameLast));
  }

  unread(user, conversation, view) {
    if (!isPair(conversation) && !isWork(conversation)) return 0;
    const reads = this.#reads.filter((read) => read.user === user && read.conversation === conversation);
    const isRead = ({ sequence, time }) => reads.some((read) => (isPair(conversation) ? time <= read.time : sequence <= read.sequence));
    // The SDK of who makes a group says so in it, in a message of its own; that counts as any other.
    return view.filter((entry) => entry.kind !== TIP && entry.from !== user && !entry.isRevoked && !isRead(entry)).length;
  }

  /**
   * By how much the count of a live device may be too low, and by how much too high, until the next list mends it.
   *
   * The SDKs take one off for every recall they are told of, also for that of a message which did not count: one that the
   * user has read, or that they said themselves on another device. 2.27.6 does so for its own recalls too, and does not for
   * that of a message which it has not in memory, because it was there when it logged in. When it hears how far its user has
   * read it counts all that it has behind that, also tips; and recalled messages, which matters where it hears it behind the
   * recall: what was read of a group within 2 s before it logged in at an instance is told again where the bus loses something
   * later, for to look at each group would cost every login more than that is worth. And a recall that came just when the line broke, so that it could
   * not be acknowledged, is told again.
   */
  #tolerance(device, user, kind, conversation, view) {
    if (!isPair(conversation) && !isWork(conversation)) return { below: 0, above: 0 };
    const isOlder = kind !== NEWEST;
    const isRead = ({ answer }, recall) => this.#reads.some((read) => read.user === user && read.conversation === conversation
      && read.at <= recall.to && (isPair(conversation) ? answer.time <= read.time : answer.sequence <= read.sequence));
    const recalled = this.answered(conversation).filter(({ recall }) => recall);
    const counts = (message) => message.user !== user && !isRead(message, message.recall);
    const reads = this.#reads.filter((read) => read.user === user && read.conversation === conversation);
    const read = Math.max(0, ...reads.map(({ sequence }) => sequence));
    const tips = view.filter((entry) => entry.kind === TIP && entry.sequence > read).length;
    // One who was put out and is in again is told, when they are back, that what was said before is read.
    const cameAgain = this.#memberships.some((change) => change.group === conversation && change.user === user && change.isMember);
    const isToldRead = reads.length > 0 || cameAgain;
    const isToldAgain = ({ answer, recall }) => read > 0 && answer.sequence > read && this.#busCuts.some((at) => at >= recall.from);
    const login = Math.max(0, ...this.#logins.filter((one) => one.device === device).map(({ to }) => to));
    const lines = this.#absences.filter((one) => one.device === device);
    const isTwice = ({ recall }) => lines.some(({ from }) => recall.from <= from + BROKEN_MS && recall.to >= from - BROKEN_MS);
    return {
      below: recalled.filter((message) => isTwice(message) || (!counts(message) && (isOlder || message.device !== device))).length,
      above: isOlder ? recalled.filter((message) => counts(message) && (message.from <= login || isToldAgain(message))).length + (isToldRead ? tips : 0) : 0,
    };
  }

  /**
   * How the list of conversations of a device differs. `logs` has what is stored, by conversation; `isFresh` is whether
   * the device has logged in just now.
   */
  differencesOfList({ name, user, kind }, { list, total }, logs, { isFresh }) {
    const differences = [];
    let sum = 0;
    for (const [conversation, log] of logs) {
      const view = this.view(user, conversation, log);
      const shown = list.get(conversation);
      if (!view) {
        // The SDKs keep a group that one was put out of on the list until the next login. 3.6.6 counts nothing in it any more,
        // 2.27.6 what it had counted by then.
        if (shown && isFresh) differences.push(`${conversation} is listed`);
        if (shown?.unread > 0 && kind === NEWEST) differences.push(`${conversation} has ${shown.unread} unread after ${user} was put out`);
        sum += shown?.unread ?? 0;
        continue;
      }
      // All that was said in it was refused.
      if (view.length === 0) continue;
      const unread = this.unread(user, conversation, view);
      if (!shown) {
        differences.push(`${conversation} is not listed`);
        continue;
      }
      sum += shown.unread;
      const { below, above } = isFresh ? { below: 0, above: 0 } : this.#tolerance(name, user, kind, conversation, view);
      if (shown.unread < unread - below || shown.unread > unread + above) differences.push(`${conversation} has ${shown.unread} unread, not ${unread}`);
      const last = displayLast(view.at(-1));
      // 2.x SDKs ask what a new group is for each item until they know, and put what comes meanwhile in the order of the answers.
      const isNew = kind !== NEWEST && !isFresh && view.every(({ text }) => text === undefined);
      if (shown.last !== last && !(isNew && view.some((entry) => displayLast(entry) === shown.last))) differences.push(`the last of ${conversation} is ${shown.last}, not ${last}`);
    }
    for (const conversation of list.keys()) if (!logs.has(conversation)) differences.push(`${conversation} is listed, and nobody ever made it`);
    if (total !== sum) differences.push(`${total} unread in total, and ${sum} in the list`);
    return differences;
  }

  /** How a history that a device reads differs. `shown` is oldest first. */
  differencesOfHistory({ name, user }, conversation, shown, log, { isFresh }) {
    const view = this.view(user, conversation, log);
    const what = `history of ${conversation}`;
    if (isFresh) return listDifference(what, shown.map(display), view.map(display));
    // The SDKs keep what they have of a group when one is put out of it, and show it before what is said once one is back: also
    // what was recalled when they could not hear of that, for it is not theirs to hear afterwards.
    const before = log.slice(0, log.length - view.length);
    const unheard = before.filter(({ text, isRevoked }) => isRevoked && this.#missesRecall(name, user, this.#messages.get(text)));
    const earlier = [...before, ...unheard.map((entry) => ({ ...entry, isRevoked: false }))].map(display);
    const isKept = (entry, place) => place < shown.length - view.length && earlier.includes(display(entry));
    const seen = shown.filter((entry, place) => !isKept(entry, place));
    // A tip of a group that they do not know yet they hold back until they have asked for its profile, and what is said
    // meanwhile stands before it.
    const isTip = ({ kind }) => kind === TIP;
    const tips = [seen, view].map((list) => list.filter(isTip).map(display));
    const others = [seen, view].map((list) => list.filter((entry) => !isTip(entry)).map(display));
    return [...listDifference(what, ...others), ...listDifference(`tips of ${conversation}`, ...tips)];
  }

  /** How what a device announced differs: texts by conversation, in the order in which they were announced. */
  differencesOfAnnounced({ name, user }, announced, logs) {
    const differences = [];
    for (const [conversation, log] of logs) {
      const heard = announced.get(conversation) ?? [];
      const wanted = log.filter((entry) => entry.text !== undefined).map((entry) => ({ ...entry, due: this.#due(name, user, this.#messages.get(entry.text)) }));
      const differ = (what, texts) => texts.length > 0
        && differences.push(`${what} in ${conversation}: ${some(texts)}`);
      differ('never announced', wanted.filter(({ due, text }) => due === 'once' && !heard.includes(text)).map(({ text }) => text));
      differ('announced more than once', [...new Set(heard.filter((text, place) => heard.indexOf(text) !== place))]);
      const never = new Set(wanted.filter(({ due }) => due === 'never').map(({ text }) => text));
      differ('announced, and should not be', heard.filter((text) => never.has(text) || !wanted.some((entry) => entry.text === text)));
      const places = wanted.map(({ text }) => text);
      differ('announced after a later one', heard.filter((text, place) => heard.slice(0, place).some((other) => places.indexOf(other) > places.indexOf(text))));
    }
    return differences;
  }

  /** What a device must have announced of a conversation by now. */
  dueBy(device, user, conversation) {
    return this.answered(conversation).filter((message) => this.#due(device, user, message) === 'once').map(({ text }) => text);
  }

  /** Whether a device must announce a message: `once`, `never`, or `perhaps`. */
  #due(device, user, message) {
    if (message.device === device) return 'never';
    const { conversation } = message;
    const overlaps = (period) => period.from <= message.to && period.to >= message.from;
    // To a login belongs what is unread, and nothing is announced of it.
    if (this.#logins.some((login) => login.device === device && overlaps(login))) return 'perhaps';
    if (isPair(conversation)) {
      if (!conversation.split('+').includes(user)) return 'never';
    } else {
      const changes = this.#memberships.filter((change) => change.group === conversation && change.user === user);
      if (changes.some(overlaps)) return 'perhaps';
      const before = changes.filter(({ to }) => to < message.from).at(-1);
      const wasMember = before ? before.isMember : (changes[0] ? !changes[0].isMember : this.isMember(conversation, user));
      if (!wasMember) return 'never';
      // Who is put out before they are back has no right any more to what was said while they were away.
      // What comes just when the line breaks is told when they are back, too.
      const away = this.#away(device, message, BROKEN_MS);
      const isPutOut = ({ isMember, from, to }) => !isMember && from > message.to && away && from <= away.to + (to - from);
      if (changes.some(isPutOut)) return 'perhaps';
    }
    const away = this.#away(device, message);
    // What was recalled before they are back may be left out, or announced and recalled.
    if (message.recall && away && message.recall.from <= away.to) return 'perhaps';
    return 'once';
  }

  /** Whether a device was away, or its user no member, when a message was recalled. */
  #missesRecall(device, user, { conversation, recall }) {
    if (!recall) return false;
    const isAway = ({ from, to }) => from <= recall.to && to >= recall.from;
    if (this.#absences.some((absence) => absence.device === device && isAway(absence))) return true;
    const changes = this.#memberships.filter((change) => change.group === conversation && change.user === user);
    return changes.some((out, place) => !out.isMember && isAway({ from: out.from, to: changes[place + 1]?.to ?? Infinity }));
  }

  /**
   * The last absence of a device in which it could not hear a message at once; undefined if there was none. What is said over a
   * line that is down takes until its sender is back, and others may be away more than once in that time.
   */
  #away(device, message, before = 0) {
    return this.#absences.findLast((absence) => absence.device === device && absence.from - before <= message.to && absence.to >= message.from);
  }
}

/** An entry in a word: its text, that it is recalled, or what it is instead of a text. */
export function display({ kind, text, isRevoked }) {
  if (text === undefined) return `(${kind})`;
  return isRevoked ? `(${text} recalled)` : text;
}

/** The last message of a conversation in a word. Of one that is recalled the lists of 2.27.6 do not have what it said. */
export function displayLast(entry) {
  return entry.isRevoked ? '(recalled)' : display(entry);
}

function listDifference(what, shown, wanted) {
  if (shown.length === wanted.length && shown.every((entry, place) => entry === wanted[place])) return [];
  const missing = wanted.filter((entry) => !shown.includes(entry));
  const surplus = shown.filter((entry, place) => !wanted.includes(entry) || (entry.startsWith('(') ? false : shown.indexOf(entry) !== place));
  const place = wanted.findIndex((entry, at) => entry !== shown[at]);
  const at = place < 0 ? wanted.length : place;
  return [[`${what} differs from entry ${at} on: ${some(shown.slice(at), 3)}, not ${some(wanted.slice(at), 3)}`,
    missing.length > 0 && `missing ${some(missing)}`, surplus.length > 0 && `too many ${some(surplus)}`].filter(Boolean).join('; ')];
}

function some(texts, most = DIFFERENCES_SHOWN) {
  if (texts.length === 0) return 'nothing';
  return texts.length > most ? `${texts.slice(0, most).join(' ')} … (${texts.length})` : texts.join(' ');
}
