import assert from 'node:assert/strict';
export default async function session(t) {
  for (const kind of ['chat','tim-js','tim-wx']) await t.scene(kind, async () => {
    const { alice, bob } = await t.logins(kind, { alice: kind, bob: kind });
    await t.check('text', async () => {
      const { group } = await alice.createGroup({ type: alice.types.GRP_MEETING, name: 'x' });
      await bob.joinGroup({ groupID: group.groupID });
      const m = await alice.say(group.groupID, 'hi');
      const r = await bob.message('hi');
      assert.equal(r.ID, m.ID);
    });
  });
}
