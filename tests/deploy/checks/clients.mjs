// The vendor's SDKs behind a balancer, before real gateways that share one Redis.

import assert from 'node:assert/strict';

import { groupConversation, meeting, texts, wholeHistory } from '../../sdk/harness/actions.mjs';
import { Device } from '../../sdk/harness/device.mjs';
import { Rest } from '../../sdk/harness/rest.mjs';
import { until } from '../../js/wait.mjs';
import { Fleet } from '../harness/fleet.mjs';
import { Proxy } from '../harness/proxy.mjs';
import { Redis } from '../harness/redis.mjs';

const SIZE = 2;
/** A client that was refused dials again with its next status keep-alive, after HelloInterval (10 s). */
const BACK_WITHIN_MS = 25_000;
/** Between two messages of the one who speaks while gateways come and go. */
const SPEAKS_EVERY_MS = 100;

export default async function clients(t, kind, tls, scrapes) {
  const redis = await Redis.start();
  t.onLeave(() => redis.end());
  const fleet = await Fleet.start({ size: SIZE, redisUrl: redis.url() });
  t.onLeave(() => fleet.end());
  const proxy = await Proxy.start(kind, fleet.instances, tls);
  t.onLeave(() => proxy.end());
  t.onLeave(() => {
    if (!t.hasFailures) return;
    t.note(`log of ${t.name}:\n${proxy.logTail}`);
    fleet.instances.forEach((instance, n) => t.note(`log of gateway ${n + 1} of ${t.name}:\n${instance.logTail}`));
  });

  const login = async (user, sdk, server) => {
    const device = t.watch(await Device.open({ gateway: fleet, user, kind: sdk, server }));
    await device.signIn();
    return device;
  };
  let alice;
  let bob;
  let groupID;
  const said = [];

  await t.check('two users log in through it, one by TLS, and each is with another gateway', async () => {
    alice = await login('alice', 'chat', proxy.ws);
    bob = await login('bob', 'tim-js', proxy.wss);
    assert.deepEqual(await fleet.connections(), [1, 1]);
  });

  await t.check('a Meeting is made and joined, and both hear each other', async () => {
    groupID = await meeting(alice, [bob]);
    said.push(await alice.say(groupID, 'hello bob'));
    await bob.message('hello bob');
    said.push(await bob.say(groupID, 'hello alice'));
    await alice.message('hello alice');
    assert.equal(said[1].sequence, said[0].sequence + 1);
    await alice.tell(bob.user, 'between us');
    await bob.message('between us');
  });

  await t.check('a third user joins by the same address and reads the history', async () => {
    const carol = await login('carol', 'chat', proxy.wss);
    await carol.joinGroup({ groupID });
    assert.deepEqual(texts(await wholeHistory(carol, groupConversation(groupID))), texts(said));
    await carol.logout();
  });

  await t.check('a back end calls REST through it', async () => {
    const rest = new Rest({ http: proxy.http, sign: (user) => fleet.sign(user) });
    await rest.say(groupID, 'from the back end', alice.user);
    said.push(await bob.message('from the back end'));
  });

  for (const [n, instance] of fleet.instances.entries()) {
    await t.check(`gateway ${n + 1} is restarted while one speaks: its clients go to the other, and nobody misses or repeats anything`, async () => {
      const speaks = speaking(alice, groupID, `restart ${n + 1}`);
      await bob.message(`restart ${n + 1}: 3`);
      assert.equal(await instance.end(), 0, 'the drain was not clean');
      await until(async () => (await fleet.instances[1 - n].connections()) >= 2, BACK_WITHIN_MS, 'both are with the other gateway');
      await instance.up();
      const sent = await speaks.stop();
      said.push(...sent);
      await bob.message(texts(sent).at(-1), BACK_WITHIN_MS);
      assert.deepEqual(texts(bob.messages(({ to }) => to === groupID)), texts(sent));
      const numbers = sent.map(({ sequence }) => sequence);
      assert.deepEqual(numbers, numbers.map((_, at) => numbers[0] + at));
      for (const device of [alice, bob]) assert.deepEqual(device.events('KICKED_OUT'), [], device.user);
    });
  }

  await t.check('after both restarts the history has all of it, in order', async () => {
    const dora = await login('dora', 'tim-js', proxy.ws);
    await dora.joinGroup({ groupID });
    assert.deepEqual(texts(await wholeHistory(dora, groupConversation(groupID))), texts(said));
  });

  await t.check('Redis refused the gateways nothing of what they asked', async () => {
    assert.equal(await redis.operator('acl', 'log'), '');
  });

  scrapes.push(...await Promise.all(fleet.instances.map((instance) => instance.metrics())));
}

/** One who says a numbered text every now and then until they are stopped; then all of it is acknowledged. */
function speaking(device, groupID, name) {
  let isOver = false;
  const talk = (async () => {
    const sent = [];
    for (let n = 0; !isOver; n += 1) {
      sent.push(await device.say(groupID, `${name}: ${n}`));
      await new Promise((resolve) => setTimeout(resolve, SPEAKS_EVERY_MS));
    }
    return sent;
  })();
  // Looked at by `stop`; until then a failure is nobody's.
  talk.catch(() => {});
  return {
    stop: () => {
      isOver = true;
      return talk;
    },
  };
}
