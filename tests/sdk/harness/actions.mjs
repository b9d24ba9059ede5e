// What several parts do with devices, and how they look at what comes of it.

import assert from 'node:assert/strict';

import { until } from '../../js/wait.mjs';

const PAGES_MAX = 80;

/** Kinds of the notices of a group to a person, as the SDKs number them. */
export const NOTICE = { applied: 1, accepted: 2, rejected: 3, kicked: 4, dismissed: 5, invited: 7, adminGranted: 9, adminRevoked: 10, banned: 21, unbanned: 22 };

/** A Meeting group of `owner` that the others have joined. Gives its ID. */
export async function meeting(owner, others = [], more = {}) {
  const { group } = await owner.createGroup({ type: owner.types.GRP_MEETING, name: 'Meeting', ...more });
  for (const other of others) await other.joinGroup({ groupID: group.groupID });
  return group.groupID;
}

/** A Work group of `owner`, who invites the others. Gives its ID. */
export async function work(owner, others) {
  const memberList = others.map(({ user }) => ({ userID: user }));
  const { group } = await owner.createGroup({ type: owner.types.GRP_WORK, name: 'Work', memberList });
  return group.groupID;
}

export function groupConversation(groupID) {
  return `GROUP${groupID}`;
}

export function userConversation(device) {
  return `C2C${device.user}`;
}

/** Waits for the notice of this kind about this group. */
export function notice(device, groupID, operationType) {
  return device.message((message) => message.type === 'TIMGroupSystemNoticeElem'
    && message.payload.operationType === operationType
    && message.payload.groupProfile.groupID === groupID);
}

export async function hasGroup(device, groupID) {
  const { groupList } = await device.getGroupList();
  return groupList.some((entry) => entry.groupID === groupID);
}

/**
 * Waits until the device lists the group and has asked what it asks about one: an SDK has no handler for the refusal when it
 * is not in the group any more by then.
 */
export async function listed(device, groupID) {
  await until(() => hasGroup(device, groupID), 5_000, `${device.user} lists the group`);
  await device.quiet();
}

/** The entry in the list of conversations, or undefined. */
export async function findConversation(device, conversationID) {
  const { conversationList } = await device.getConversationList();
  return conversationList.find((entry) => entry.conversationID === conversationID);
}

/**
 * Logs out and in again, so that the SDK has nothing in memory and asks the server.
 *
 * Then waits for its list of groups, as an application does before it opens one: 2.27.6 begins a history that it is
 * asked for meanwhile with the same page twice, and forgets what it is told of a group.
 */
export async function forget(device) {
  await device.logout();
  await device.signIn();
  await device.getGroupList();
}

/** All pages of a conversation from `nextReqMessageID` on, oldest first, as an application scrolls up. */
export async function allPages(device, conversationID, nextReqMessageID = undefined) {
  const pages = [];
  for (let next = nextReqMessageID; ;) {
    // The SDKs fetch pages ahead of time, and 3.1.3 takes one that it is asked for meanwhile for another.
    await device.quiet();
    const page = await device.getMessageList(next === undefined ? { conversationID } : { conversationID, nextReqMessageID: next });
    pages.unshift(page.messageList);
    if (page.isCompleted) return pages;
    assert.ok(pages.length < PAGES_MAX, 'the history has no end');
    next = page.nextReqMessageID;
  }
}

export async function wholeHistory(device, conversationID) {
  return (await allPages(device, conversationID)).flat();
}

/** What the texts among these messages say. */
export function texts(messages) {
  return messages.filter(({ type }) => type === 'TIMTextElem').map(({ payload }) => payload.text);
}

/** What every device must agree on for one message. */
export function identity({ ID, sequence, time, random, from, to, clientTime, conversationType, type }) {
  return { ID, sequence, time, random, from, to, clientTime, conversationType, type };
}
