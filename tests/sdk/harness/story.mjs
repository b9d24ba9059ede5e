// Stories: what some users do and what becomes of their lines, drawn from a seed. The same seed tells the same story.

/** Between so many steps a story has, before everybody comes back. */
const STEPS = [16, 26];
/** A line that is down comes back after so many steps, as a rule. */
const STEPS_AWAY = 4;
/** More than the SDKs ask for at once of what they missed. */
const MANY = 20;

/** Numbers that look random and are the same for the same seed (the generator "mulberry32", which is public domain). */
class Dice {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** At least 0 and less than 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(probability) {
    return this.next() < probability;
  }

  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  of(list) {
    return list[Math.floor(this.next() * list.length)];
  }

  /** One of `[weight, value]`. */
  weighed(choices) {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    return choices.find(([weight]) => (left -= weight) < 0)?.[1] ?? choices.at(-1)[1];
  }
}

/** The conversation of two users, by its name in a story. */
export function pair(a, b) {
  return [a, b].sort().join('+');
}

export const isPair = (conversation) => conversation.includes('+');

/** Work groups tell who comes and goes, hide what was said before somebody came, and count what is unread. */
export const isWork = (conversation) => conversation.startsWith('work');

/**
 * A story: `cast` names each device's user and SDK, `groups` what there is at first, and `steps` what happens.
 *
 * `instances` is how many there are of the gateway: with several, a line may come back to another, and one may be killed
 * alone.
 */
export function makeStory(seed, { instances = 1 } = {}) {
  return new Author(new Dice(seed), instances).write();
}

class Author {
  #dice;
  #instances;
  #steps = [];
  #texts = [];
  #away = new Map();
  #groups;
  #cast;
  #talked = new Set();
  #made = 0;

  constructor(dice, instances) {
    this.#dice = dice;
    this.#instances = instances;
  }

  write() {
    this.#castDevices();
    const all = this.#users();
    // Not everybody is in every group at first, and some have never talked with each other.
    this.#groups = new Map([
      ['meeting0', { owner: 'ann', members: new Set(all) }],
      ['work0', { owner: 'ben', members: new Set(all) }],
    ]);
    const groups = [...this.#groups].map(([name, { owner, members }]) => ({ name, owner, members: [...members] }));
    for (const conversation of ['meeting0', 'work0', pair('ann', 'cat')]) this.#say({ conversation, count: 1 });
    const length = this.#dice.between(...STEPS);
    while (this.#steps.length < length) this.#step();
    return { cast: this.#cast, groups, steps: this.#steps };
  }

  #castDevices() {
    const newest = 'chat';
    const older = 'tim-js';
    const kinds = this.#dice.of([[newest, older, newest, older], [older, newest, newest, 'tim-wx'], [newest, newest, older, 'tim-wx'],
      [older, older, newest, newest]]);
    this.#cast = ['ann', 'ben', 'cat', 'dan'].map((user, n) => ({ device: user, user, kind: kinds[n] }));
    // Of another platform, so that the two do not put each other out.
    this.#cast.push({ device: 'cat-wx', user: 'cat', kind: 'tim-wx' });
  }

  #step() {
    const d = this.#dice;
    const isAnybodyAway = this.#away.size > 0;
    const step = d.weighed([
      [8, () => this.#say()],
      [2, () => this.#recall()],
      [2.5, () => this.#read()],
      [1, () => this.#newGroup()],
      [1.5, () => this.#membership()],
      [isAnybodyAway ? 2 : 9, () => this.#leave()],
      [isAnybodyAway ? this.#away.size * 8 / STEPS_AWAY : 0, () => this.#comeBack()],
      [1.5, () => this.#add({ do: 'pause', ms: d.between(300, 1_500) })],
      [1, () => this.#kill()],
      [0.5, () => this.#putOut()],
      [this.#instances > 1 ? 1 : 0, () => this.#add({ do: 'cut the bus', meanwhile: this.#remarks(d.between(0, 3)) })],
    ]);
    step();
  }

  #add(step) {
    this.#steps.push(step);
  }

  #users() {
    return [...new Set(this.#cast.map(({ user }) => user))];
  }

  #userOf(device) {
    return this.#cast.find((entry) => entry.device === device).user;
  }

  #devicesOf(user) {
    return this.#cast.filter((entry) => entry.user === user).map(({ device }) => device);
  }

  #isUp(device) {
    return !this.#away.has(device);
  }

  /** A user's device whose line is up, or undefined. */
  #upDevice(user) {
    const up = this.#devicesOf(user).filter((device) => this.#isUp(device));
    return up.length > 0 ? this.#dice.of(up) : undefined;
  }

  /** One of the devices that can be told to say something: a sleeping one cannot. */
  #awake() {
    return this.#cast.map(({ device }) => device).filter((device) => this.#away.get(device) !== 'asleep');
  }

  #participants(conversation) {
    return isPair(conversation) ? conversation.split('+') : [...this.#groups.get(conversation).members];
  }

  #conversationsOf(user) {
    const groups = [...this.#groups].filter(([, { members }]) => members.has(user)).map(([name]) => name);
    const peers = this.#users().filter((other) => other !== user).map((other) => pair(user, other));
    return [...groups, ...groups, ...peers];
  }

  /** What is said in one go by one device, given or drawn. */
  #remark({ device, conversation, count } = {}) {
    const d = this.#dice;
    if (conversation) {
      const devices = this.#participants(conversation).map((user) => this.#upDevice(user)).filter(Boolean);
      if (devices.length === 0) return undefined;
      device = d.of(devices);
    }
    device ??= d.of(this.#awake().filter((one) => this.#isUp(one) || d.chance(0.5)));
    if (device === undefined) return undefined;
    conversation ??= d.of(this.#conversationsOf(this.#userOf(device)));
    count ??= this.#isUp(device) ? d.weighed([[6, 1], [3, d.between(2, 5)], [0.6, MANY], [0.2, 2 * MANY]]) : d.between(1, 2);
    const texts = [];
    for (let n = 0; n < count; n += 1) {
      const text = `t${this.#texts.length}`;
      this.#texts.push({ text, device, conversation, isRecalled: false, isCertain: this.#isUp(device) });
      texts.push(text);
    }
    this.#talked.add(conversation);
    return { device, conversation, texts };
  }

  #remarks(count) {
    return Array.from({ length: count }, () => this.#remark()).filter(Boolean);
  }

  #say(given = {}) {
    const remark = this.#remark(given);
    // Together: not waiting for the answer to one before the next is said.
    if (remark) this.#add({ do: 'say', ...remark, together: this.#dice.chance(0.6) });
  }

  #recall() {
    const candidates = this.#texts.filter(({ device, conversation, isRecalled, isCertain }) => isCertain && !isRecalled && this.#isUp(device)
      && this.#participants(conversation).includes(this.#userOf(device)));
    const chosen = candidates.slice(-8);
    if (chosen.length === 0) return;
    const message = this.#dice.of(chosen);
    message.isRecalled = true;
    this.#add({ do: 'recall', device: message.device, text: message.text });
  }

  #read() {
    const readers = this.#cast.map(({ device }) => device).filter((device) => this.#isUp(device));
    if (readers.length === 0) return;
    const device = this.#dice.of([...readers, ...readers.filter((one) => this.#userOf(one) === 'cat')]);
    const counted = this.#conversationsOf(this.#userOf(device))
      .filter((conversation) => this.#talked.has(conversation) && (isPair(conversation) || isWork(conversation)));
    if (counted.length > 0) this.#add({ do: 'read', device, conversation: this.#dice.of(counted) });
  }

  #newGroup() {
    const owner = this.#dice.of(this.#users());
    const device = this.#upDevice(owner);
    if (!device) return;
    const others = this.#users().filter((user) => user !== owner && this.#dice.chance(0.6));
    if (others.length === 0) return;
    const name = `work${this.#made += 1}`;
    this.#groups.set(name, { owner, members: new Set([owner, ...others]) });
    this.#add({ do: 'make a group', device, group: name, others });
    if (this.#dice.chance(0.7)) this.#say({ conversation: name });
  }

  /** The owner of a Work group puts somebody out, or brings somebody in. */
  #membership() {
    const d = this.#dice;
    const [group, { owner, members }] = d.of([...this.#groups].filter(([name]) => isWork(name)));
    const device = this.#upDevice(owner);
    if (!device) return;
    const user = d.of(this.#users().filter((one) => one !== owner));
    if (members.has(user)) members.delete(user);
    else members.add(user);
    this.#add({ do: members.has(user) ? 'bring in' : 'put out', device, group, user });
  }

  #leave() {
    const d = this.#dice;
    const up = this.#cast.map(({ device }) => device).filter((device) => this.#isUp(device));
    if (up.length === 0) return;
    const device = d.of(up);
    const how = d.weighed([[3, 'cut'], [5, 'interrupt'], [3, 'half-open'], [2, 'sleep']]);
    if (how === 'cut') {
      this.#add({ do: 'cut', device, ...this.#switch(), meanwhile: this.#remarks(d.between(0, 2)) });
      return;
    }
    this.#away.set(device, how === 'sleep' ? 'asleep' : how);
    this.#add({ do: how, device });
  }

  #comeBack() {
    const device = this.#dice.of([...this.#away.keys()]);
    const how = this.#away.get(device);
    // To notice it by its own pings takes the SDKs 13 s.
    const byItself = how === 'half-open' && this.#dice.chance(0.15);
    const others = this.#awake().filter((one) => this.#isUp(one));
    const meanwhile = others.length > 0 ? Array.from({ length: this.#dice.between(0, 2) }, () => this.#remark({ device: this.#dice.of(others) })) : [];
    this.#away.delete(device);
    this.#add({ do: 'come back', device, byItself, ...this.#switch(), meanwhile });
  }

  /** Whether the next connection goes to another instance. */
  #switch() {
    return { switch: this.#instances > 1 && this.#dice.chance(0.5) };
  }

  #kill() {
    const d = this.#dice;
    const which = this.#instances > 1 && d.chance(0.6) ? d.between(0, this.#instances - 1) : 'all';
    const speakers = this.#awake().filter((device) => this.#isUp(device));
    // Under way while it is killed.
    const meanwhile = speakers.length > 0 ? Array.from({ length: d.between(0, 3) }, () => this.#remark({ device: d.of(speakers) })) : [];
    this.#add({ do: 'kill', which, meanwhile });
  }

  /** A back end ends the logins of a user, who logs in again on each device. */
  #putOut() {
    const user = this.#dice.of(this.#users());
    if (this.#devicesOf(user).some((device) => !this.#isUp(device))) return;
    // Their SDKs forget the messages that they would name in a recall.
    for (const text of this.#texts) if (this.#userOf(text.device) === user) text.isCertain = false;
    this.#add({ do: 'log out by force', user });
  }
}

/** A step as a person reads it. */
export function describe({ do: what, ...more }) {
  const remark = ({ device, conversation, texts }) => `${device} says ${range(texts)} in ${conversation}`;
  switch (what) {
    case 'say': return `${remark(more)}${more.texts.length > 1 ? more.together ? ', at once' : ', one by one' : ''}`;
    case 'kill': case 'cut': case 'come back': case 'cut the bus': {
      const { meanwhile, ...rest } = more;
      const words = Object.entries(rest).filter(([, value]) => value !== false).map(([key, value]) => (value === true ? key : `${value}`));
      return [`${what} ${words.join(', ')}`, ...meanwhile.map(remark)].join('; meanwhile ');
    }
    default: return `${what}: ${Object.values(more).flat().join(', ')}`;
  }
}

function range(texts) {
  return texts.length > 2 ? `${texts[0]} to ${texts.at(-1)}` : texts.join(' and ');
}
