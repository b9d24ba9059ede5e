// Stories drawn from seeds: users talk while their lines and the gateway break; when all are back, every device shows
// and has announced exactly what a model of the story says, and a fresh login shows the same.
//
// SDK_SEEDS is the number of stories; SDK_SEED=… tells one story again and prints its steps.

import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';

import { allPages, forget } from './harness/actions.mjs';
import { Model, displayLast } from './harness/model.mjs';
import { RawClient } from './harness/raw.mjs';
import { Relay } from './harness/relay.mjs';
import { Rest } from './harness/rest.mjs';
import { describe, isPair, isWork, makeStory } from './harness/story.mjs';
import { elapse, until } from '../js/wait.mjs';

const SEEDS = Number(process.env.SDK_SEEDS ?? 20);
const SEED = process.env.SDK_SEED === undefined ? undefined : Number(process.env.SDK_SEED);
const SIDE_BY_SIDE = 5;

/** A device whose line is open again has everything by then. */
const CONVERGED_WITHIN_MS = 10_000;
/** The SDKs dial at once; one that has to notice first that its line is dead takes 13 s. */
const BACK_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 200;
const A_SECOND_MS = 1_000;
const HEARD_WITHIN_MS = 3_000;
/** Codes of the gateway, and one of the SDKs for what is not answered. */
const MALFORMED = 40001;
const NO_MEMBER = 10007;
const NO_ANSWER = 2801;
const DIFFERENCES_SHOWN = 20;

export default async function converging(t) {
  const seeds = SEED === undefined ? Array.from({ length: SEEDS }, () => randomInt(2 ** 32)) : [SEED];
  await t.sideBySide(SIDE_BY_SIDE, seeds.map((seed) => ({ label: `seed ${seed}`, ownGateway: true, body: (part) => new Telling(part, seed).tell() })));
}

/** One story and its devices. */
class Telling {
  #t;
  #seed;
  #story;
  #model = new Model();
  #devices = new Map();
  #groupIds = new Map();
  #sends = [];
  #rest;
  #printed = [];

  constructor(t, seed) {
    this.#t = t;
    this.#seed = seed;
    this.#story = makeStory(seed, { instances: t.gateway.ports.length });
    this.#rest = new Rest(t.gateway);
  }

  async tell() {
    this.#print(`seed ${this.#seed}: ${this.#story.cast.map(({ device, kind }) => `${device} (${kind})`).join(', ')}`);
    await this.#begin();
    for (const [number, step] of this.#story.steps.entries()) {
      this.#print(`${number}: ${describe(step)}`);
      await this.#doing(number, step);
    }
    await this.#everybodyBack();
    await this.#t.check('when all are back, lists, counts and announcements are right', () => this.#converge());
    await this.#t.check('what is said then is heard, and histories are whole', async () => {
      await this.#lastWords();
      await this.#converge({ histories: true });
    });
    await this.#t.check('a new login shows the same', async () => {
      await Promise.all(this.#all().map((one) => forget(one.sdk)));
      await this.#converge({ histories: true, isFresh: true });
    });
  }

  /** Of one story the steps are printed as they are done; of many, those of a story that fails. */
  #print(line) {
    const printed = `      ${new Date().toISOString().slice(11, 23)} ${line}`;
    if (SEED === undefined) this.#printed.push(printed);
    else console.log(printed);
  }

  #all() {
    return [...this.#devices.values()];
  }

  #of(name) {
    return this.#devices.get(name);
  }

  async #doing(number, step) {
    try {
      await this.#do(step);
    } catch (error) {
      throw new Error(`step ${number} (${describe(step)}): ${error.message}`, { cause: error });
    }
  }

  #do({ do: what, ...more }) {
    const steps = {
      say: () => this.#say(more),
      recall: () => this.#recall(more),
      read: () => this.#read(more),
      'make a group': () => this.#makeGroup(more),
      'put out': () => this.#membership(more, false),
      'bring in': () => this.#membership(more, true),
      pause: () => elapse(more.ms),
      cut: () => this.#cut(more),
      interrupt: () => this.#leave(more.device, what),
      'half-open': () => this.#leave(more.device, what),
      sleep: () => this.#leave(more.device, what),
      'come back': () => this.#comeBack(more),
      kill: () => this.#kill(more),
      'log out by force': () => this.#putOut(more),
      'cut the bus': () => this.#cutBus(more),
    };
    return steps[what]();
  }

  /** Everybody logs in over a line of their own, and the first groups are made. */
  async #begin() {
    const { cast, groups } = this.#story;
    await Promise.all(cast.map(async ({ device: name, user, kind }, n) => {
      const ports = this.#t.gateway.ports;
      const instance = n % ports.length;
      const relay = await Relay.to({ port: ports[instance] });
      this.#t.onLeave(() => relay.close());
      const sdk = await this.#t.login(user, kind, { server: relay.url });
      // 3.6.6 asks for the profile of nobody when it reads a history with something that it has recalled itself.
      sdk.excuse(MALFORMED);
      // 2.27.6 counts twice what comes of a group that it does not know while it asks for its list.
      await sdk.getConversationList();
      await sdk.quiet();
      this.#devices.set(name, { name, user, kind, sdk, relay, instance, isUp: true });
    }));
    for (const { name, owner, members } of groups) {
      await this.#group({ device: owner, group: name, others: members.filter((user) => user !== owner) });
    }
    await Promise.all(this.#all().map(({ sdk }) => sdk.quiet()));
    // By which the frames of `SDK_FRAMES` are told apart.
    if (process.env.SDK_FRAMES) this.#print(`processes: ${this.#all().map(({ name, sdk }) => `${name} ${sdk.process}`).join(', ')}`);
  }

  async #group({ device, group: name, others }) {
    const { sdk, user } = this.#of(device);
    const isOfWork = isWork(name);
    const type = isOfWork ? sdk.types.GRP_WORK : sdk.types.GRP_MEETING;
    const memberList = others.map((userID) => ({ userID }));
    const { group } = await sdk.createGroup({ type, name, groupID: name, ...(isOfWork && { memberList }) });
    this.#groupIds.set(name, group.groupID);
    if (!isOfWork) {
      for (const other of others) {
        const [first] = this.#all().filter((one) => one.user === other);
        await first.sdk.joinGroup({ groupID: group.groupID });
      }
    }
    this.#model.grouped(name, [user, ...others]);
    await this.#known(name, [user, ...others]);
  }

  /**
   * Waits until the devices of these users that are there know a group.
   *
   * 2.27.6 asks for each message what its group is until it knows, and puts in the order of the answers what is said meanwhile.
   */
  async #known(group, users) {
    // A Meeting is listed when something is said in it.
    const there = this.#all().filter((device) => device.isUp && isWork(group) && users.includes(device.user));
    await Promise.all(there.map(async (device) => {
      // Not by asking for the list: of one that is empty 2.27.6 asks the gateway, and counts what comes meanwhile twice.
      const lists = () => device.sdk.allEvents('CONVERSATION_LIST_UPDATED').flat();
      const isListed = () => lists().some(({ conversationID }) => conversationID === this.#idOf(group, device.user));
      // Where the bus was cut it takes a while.
      await until(isListed, BACK_WITHIN_MS, `${device.name} lists ${group}`);
      await device.sdk.quiet();
    }));
  }

  async #makeGroup(step) {
    // The SDKs ask for the profiles of groups 8 times a second at most, and have asked for those they came to hear of.
    await elapse(A_SECOND_MS);
    await this.#group(step);
  }

  /** Begins to say everything, and waits for the answers if the line is there. */
  async #say({ device, conversation, texts, together = true }) {
    const { isUp } = this.#of(device);
    const answers = [];
    for (const text of texts) {
      const answer = this.#saying(device, conversation, text);
      answers.push(answer);
      if (isUp && !together) await answer;
    }
    if (isUp) await Promise.all(answers);
  }

  #saying(name, conversation, text) {
    const { sdk, user } = this.#of(name);
    const message = this.#model.says({ text, device: name, user, conversation });
    const say = async () => {
      if (isPair(conversation)) await this.#isNewSecond(conversation);
      message.from = Date.now();
      return isPair(conversation)
        ? sdk.tell(conversation.split('+').find((other) => other !== user), text)
        : sdk.say(this.#groupIds.get(conversation), text);
    };
    const done = say().then(
      (sent) => {
        message.to = Date.now();
        message.answer = { sequence: sent.sequence, time: sent.time, ID: sent.ID };
        message.sent = sent;
      },
      // Whether it is stored is not known to who said it; what is stored tells.
      (error) => {
        message.to = Date.now();
        message.error = error;
        this.#print(`${name} was refused ${text}: ${error.message}`);
      },
    );
    this.#sends.push({ name, done });
    return done;
  }

  /** A talk of two is read up to a whole second, and what is said later in that second counts as read. */
  async #isNewSecond(conversation) {
    const read = this.#model.readTime(conversation);
    if (Date.now() < (read + 1) * 1000) await elapse((read + 1) * 1000 - Date.now());
  }

  #meanwhile({ meanwhile }) {
    return meanwhile.map((remark) => this.#say(remark));
  }

  async #recall({ device, text }) {
    const message = this.#model.message(text);
    // It was refused, so there is nothing to recall.
    if (!message.sent) return;
    const from = Date.now();
    await this.#of(device).sdk.revokeMessage(message.sent);
    message.recall = { from, to: Date.now() };
  }

  /** A device reads a conversation, once it has heard all that it is to hear of it. */
  async #read({ device, conversation }) {
    const { sdk, user } = this.#of(device);
    if (!this.#model.participates(conversation, user) || this.#model.answered(conversation).length === 0) return;
    const due = this.#model.dueBy(device, user, conversation);
    const hasHeard = () => due.every((text) => this.#announced(device).get(conversation)?.includes(text));
    const isListed = async () => (await this.#shown(this.#of(device))).list.has(conversation);
    try {
      await until(async () => hasHeard() && await isListed(), HEARD_WITHIN_MS, 'it has heard all');
    } catch {
      // What it has not heard it cannot read, and is told of at the end.
      this.#print(`${device} has not heard all of ${conversation} and does not read it`);
      return;
    }
    // The SDKs report nothing where they count nothing, and they count too little after some recalls.
    if ((await this.#shown(this.#of(device))).list.get(conversation).unread === 0) return;
    await sdk.setMessageRead({ conversationID: this.#idOf(conversation, user) });
    this.#model.read(user, conversation);
  }

  async #membership({ device, group, user }, isMember) {
    const { sdk, user: owner } = this.#of(device);
    await this.#known(group, [owner]);
    const done = this.#model.membership(group, user, isMember);
    // The SDKs go on asking after a group that one was put out of, and nobody hears the answer.
    for (const one of this.#all()) if (one.user === user) one.sdk.excuse(NO_MEMBER);
    const what = { groupID: this.#groupIds.get(group), userIDList: [user] };
    await (isMember ? sdk.addGroupMember(what) : sdk.deleteGroupMember(what));
    done();
    if (isMember) await this.#known(group, [user]);
  }

  async #leave(name, how) {
    const device = this.#of(name);
    const { relay, sdk } = device;
    await relay.settled();
    device.isUp = false;
    device.isBack = this.#model.absence(name);
    // What the SDK itself asks for it gives up after 15 s.
    sdk.excuse(NO_ANSWER);
    device.how = how;
    if (how === 'interrupt') relay.interrupt();
    else relay.halfOpen();
    if (how === 'sleep') sdk.sleep();
  }

  async #cut({ device: name, switch: isSwitched, meanwhile }) {
    const device = this.#of(name);
    await device.relay.settled();
    const isBack = this.#model.absence(name);
    if (isSwitched) this.#switch(device);
    await this.#reconnected([device], () => device.relay.cut(), this.#meanwhile({ meanwhile }));
    isBack();
  }

  #switch(device) {
    const { ports } = this.#t.gateway;
    device.instance = (device.instance + 1) % ports.length;
    device.relay.redirect({ port: ports[device.instance] });
  }

  async #comeBack({ device: name, byItself = false, switch: isSwitched = false, meanwhile = [] }) {
    const device = this.#of(name);
    if (isSwitched) this.#switch(device);
    const open = () => {
      if (device.how === 'interrupt') device.relay.resume();
      else if (!byItself) device.relay.cut();
      if (device.how === 'sleep') device.sdk.wake();
    };
    await this.#reconnected([device], open, this.#meanwhile({ meanwhile }));
    device.isUp = true;
    device.isBack();
    await this.#answered(name);
  }

  /** Waits for what a device has said, which its SDK repeats until it is answered. */
  async #answered(device) {
    await Promise.all(this.#sends.filter(({ name }) => name === device).map(({ done }) => done));
  }

  /** Does what makes these devices connect anew, and waits until they have. */
  async #reconnected(devices, work, meanwhile = []) {
    const before = devices.map(({ sdk }) => connections(sdk));
    await work();
    await Promise.all(devices.map(({ name, sdk }, n) => until(() => connections(sdk) > before[n], BACK_WITHIN_MS, `${name} is connected again`)));
    await Promise.all(meanwhile);
  }

  async #kill({ which, meanwhile }) {
    const { gateway } = this.#t;
    const hit = this.#all().filter(({ isUp, instance }) => isUp && (which === 'all' || instance === which));
    await Promise.all(hit.map(({ relay }) => relay.settled()));
    const back = hit.map(({ name }) => this.#model.absence(name));
    const said = this.#meanwhile({ meanwhile });
    await this.#reconnected(hit, async () => {
      if (which === 'all') {
        hit.forEach(({ relay }) => relay.park());
        await gateway.restartAfterKill();
        hit.forEach(({ relay }) => relay.resume());
      } else {
        hit.forEach((device) => this.#switch(device));
        await gateway.killOne(which);
        await gateway.upOne(which);
      }
    }, said);
    back.forEach((isBack) => isBack());
  }

  async #cutBus({ meanwhile }) {
    this.#model.busIsCut();
    await Promise.all([this.#t.gateway.cutBus(), ...this.#meanwhile({ meanwhile })]);
  }

  /** A back end ends the logins of a user, who logs in again. */
  async #putOut({ user }) {
    const devices = this.#all().filter((device) => device.user === user);
    // One that is just back is told what it missed before it is put out.
    await Promise.all(devices.map(({ sdk }) => sdk.quiet()));
    const back = devices.map(({ name }) => this.#model.login(name));
    const kicks = devices.map(({ sdk }) => sdk.allEvents('KICKED_OUT').length);
    await this.#rest.kick(user);
    await Promise.all(devices.map(({ name, sdk }, n) => until(() => sdk.allEvents('KICKED_OUT').length > kicks[n], BACK_WITHIN_MS, `${name} is put out`)));
    // A UserSig of the second of the kick is not valid.
    await elapse(A_SECOND_MS);
    for (const { sdk } of devices) {
      await sdk.signIn();
      await sdk.getGroupList();
      await sdk.quiet();
    }
    back.forEach((isBack) => isBack());
  }

  async #everybodyBack() {
    for (const { name, isUp } of this.#all()) {
      if (isUp) continue;
      this.#print(`at last ${name} comes back`);
      await this.#comeBack({ device: name });
    }
    // What is pushed while an answer with the list is on its way to 3.6.6 may be older to it than the list.
    await Promise.all(this.#all().map(({ sdk }) => sdk.quiet()));
  }

  /** Something is said in each conversation, by somebody in it, which comes behind everything else. */
  async #lastWords() {
    for (const conversation of this.#model.conversations()) {
      const speakers = this.#all().filter(({ user }) => this.#model.participates(conversation, user));
      await this.#say({ device: speakers[0].name, conversation, texts: [`the end of ${conversation}`] });
    }
  }

  /** Waits until every device is as the model says; if that does not happen, all that differs is told. */
  async #converge({ histories = false, isFresh = false } = {}) {
    const logs = new Map();
    for (const conversation of this.#model.conversations()) logs.set(conversation, await this.#log(conversation));
    const wrong = [...logs].flatMap(([conversation, log]) => this.#model.differencesOfLog(conversation, log));
    const found = await Promise.all(this.#all().map((device) => this.#differences(device, logs, { histories, isFresh })));
    const all = [...wrong, ...found.flat()];
    if (all.length === 0) return;
    this.#printed.splice(0).forEach((line) => console.log(line));
    const shown = all.length > DIFFERENCES_SHOWN ? [...all.slice(0, DIFFERENCES_SHOWN), `(${all.length} in all)`] : all;
    assert.fail([...shown, `to see it again: ${this.#replay()}`].join('\n'));
  }

  #replay() {
    const { length } = this.#t.gateway.ports;
    return `SDK_SEED=${this.#seed} ${length > 1 ? `SDK_INSTANCES=${length} ` : ''}tests/sdk/run converging`;
  }

  async #differences(device, logs, { histories, isFresh }) {
    const end = Date.now() + CONVERGED_WITHIN_MS;
    const told = (differences) => differences.map((text) => `${device.name} (${device.kind}): ${text}`);
    const look = async () => [
      ...this.#model.differencesOfList(device, await this.#shown(device), logs, { isFresh }),
      ...this.#model.differencesOfAnnounced(device, this.#announced(device.name), logs),
    ];
    let differences = await look();
    while (differences.length > 0 && Date.now() < end) {
      await elapse(LOOK_EVERY_MS);
      differences = await look();
    }
    if (!histories) return told(differences);
    for (const [conversation, log] of logs) {
      if (!this.#model.participates(conversation, device.user)) continue;
      try {
        const pages = await allPages(device.sdk, this.#idOf(conversation, device.user));
        const shown = pages.flat().filter(({ status }) => status !== 'fail').map(entryOf);
        differences.push(...this.#model.differencesOfHistory(device, conversation, shown, log, { isFresh }));
      } catch (error) {
        // Of one that cannot be read the others are to be told all the same.
        differences.push(`history of ${conversation}: ${error.message}`);
      }
    }
    return told(differences);
  }

  /** The list of conversations of a device, by their names in the story. */
  async #shown({ sdk, user }) {
    const { conversationList } = await sdk.getConversationList();
    const list = new Map();
    for (const { conversationID, unreadCount, lastMessage, type } of conversationList) {
      if (type !== sdk.types.CONV_C2C && type !== sdk.types.CONV_GROUP) continue;
      list.set(this.#nameOf(conversationID, user), { unread: unreadCount, last: displayLast(entryOf(lastMessage)) });
    }
    return { list, total: await sdk.getTotalUnreadMessageCount() };
  }

  /** The texts that a device has announced, by conversation. */
  #announced(name) {
    const { sdk, user } = this.#of(name);
    const announced = new Map();
    for (const message of sdk.allEvents('MESSAGE_RECEIVED').flat()) {
      if (message.type !== sdk.types.MSG_TEXT) continue;
      const conversation = this.#nameOf(message.conversationID, user);
      announced.set(conversation, [...announced.get(conversation) ?? [], message.payload.text]);
    }
    return announced;
  }

  #idOf(conversation, user) {
    return isPair(conversation) ? `C2C${conversation.split('+').find((other) => other !== user)}` : `GROUP${this.#groupIds.get(conversation)}`;
  }

  #nameOf(conversationID, user) {
    const names = this.#model.conversations().filter((name) => !isPair(name) || name.split('+').includes(user));
    return names.find((name) => this.#idOf(name, user) === conversationID) ?? conversationID;
  }

  /** All that is stored of a conversation, oldest first, read without an SDK and without a device. */
  async #log(conversation) {
    const owners = this.#all().filter(({ user }) => this.#model.participates(conversation, user));
    const whole = this.#story.groups.find(({ name }) => name === conversation)?.owner
      ?? this.#story.steps.find((step) => step.group === conversation && step.do === 'make a group')?.device ?? owners[0].name;
    const { user } = this.#of(whole);
    const reader = await RawClient.open(this.#t.gateway, user);
    try {
      return isPair(conversation)
        ? await talkOf(reader, conversation.split('+').find((other) => other !== user))
        : await logOf(reader, this.#groupIds.get(conversation));
    } finally {
      reader.close();
    }
  }
}

/** How often an SDK has said that it is connected. */
function connections(sdk) {
  return sdk.allEvents('NET_STATE_CHANGE').filter(({ state }) => state === 'connected').length;
}

/** What a message of an SDK, or the last message of its list, is to the model. */
function entryOf({ type, payload, isRevoked }) {
  return { kind: type, text: type === 'TIMTextElem' ? payload.text : undefined, isRevoked: Boolean(isRevoked) };
}

async function logOf(reader, groupID) {
  const filter = { GroupBaseInfoFilter: ['NextMsgSeq'], SelfInfoFilter: ['Role'] };
  const info = await reader.call('group_open_http_svc.get_group_self_member_info', { GroupIdList: [groupID], ResponseFilter: filter });
  const log = [];
  for (let next = info.GroupInfo[0].NextMsgSeq - 1; next > 0;) {
    const page = await reader.call('group_open_http_svc.group_msg_get', { GroupId: groupID, ReqMsgNumber: 20, ReqMsgSeq: next, WithRecalledMsg: 1 });
    assert.equal(page.ErrorCode, 0, JSON.stringify(page));
    for (const item of page.RspMsgList) {
      const isTip = item.Event === 4;
      log.push({
        sequence: item.MsgSeq,
        time: item.MsgTimeStamp,
        from: item.From_Account,
        kind: isTip ? 'TIMGroupTipElem' : item.MsgBody[0].MsgType,
        text: isTip ? undefined : item.MsgBody[0].MsgContent.Text,
        cameIn: isTip && item.MsgBody.OpType === 1 ? item.MsgBody.List_Account : undefined,
        isRevoked: item.IsPlaceMsg === 2,
      });
    }
    next = page.IsFinished === 2 || page.RspMsgList.length === 0 ? 0 : page.NextReqMsgSeq ?? 0;
  }
  return log.reverse();
}

async function talkOf(reader, peer) {
  const pages = [];
  for (let at = { LastMsgTime: 0, MsgKey: '' }, isWhole = false; !isWhole;) {
    const page = await reader.call('openim.getroammsg', { Peer_Account: peer, MaxCnt: 20, WithRecalledMsg: 1, GetDirection: 0, ...at });
    assert.equal(page.ErrorCode, 0, JSON.stringify(page));
    pages.unshift(page.MsgList.map((item) => ({
      time: item.MsgTimeStamp,
      from: item.From_Account,
      kind: item.MsgBody[0].MsgType,
      text: item.MsgBody[0].MsgContent.Text,
      isRevoked: item.MsgFlagBits === 8,
    })));
    at = { LastMsgTime: page.LastMsgTime, MsgKey: page.MsgKey };
    isWhole = page.Complete === 1;
  }
  return pages.flat();
}
