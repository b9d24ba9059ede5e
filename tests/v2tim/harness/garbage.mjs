// A gateway that is none: it does what `kind` says to whoever connects.

import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(new URL('../../sdk/package.json', import.meta.url))('ws');

const answer = (socket, { servcmd, seq }, body) => socket.send(Buffer.from(JSON.stringify({ head: { servcmd, seq }, body })));
const push = (socket, body, servcmd = 'im_open_push.msg_push') => socket.send(Buffer.from(JSON.stringify({ head: { servcmd, seq: 1 }, body })));

const group = (more) => ({
  From_Account: 'somebody', ToGroupId: 'g', MsgSeq: 1, MsgRandom: 2, MsgTimeStamp: 3, MsgClientTime: 3, TinyId: '4',
  MsgBody: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'the last' } }], GroupInfo: { GroupId: 'g', GroupType: 'ChatRoom' }, ...more,
});

export class Garbage {
  kind = 'mute';
  #server;
  #sockets = new Set();

  static async start() {
    const garbage = new Garbage();
    const sockets = new WebSocketServer({ noServer: true });
    garbage.#server = createServer().on('upgrade', (request, socket, head) => {
      garbage.#sockets.add(socket);
      socket.on('error', () => {});
      if (garbage.kind === 'close') socket.destroy();
      else if (garbage.kind === 'noise') socket.write(Buffer.from([0, 1, 2, 255, 10, 13, 10, 13, 10]));
      else if (garbage.kind !== 'dumb') sockets.handleUpgrade(request, socket, head, (client) => garbage.#serve(client, socket));
    });
    await new Promise((resolve) => garbage.#server.listen(0, '127.0.0.1', resolve));
    garbage.url = `ws://127.0.0.1:${garbage.#server.address().port}`;
    return garbage;
  }

  #serve(client, socket) {
    client.on('error', () => {});
    client.on('message', (data) => {
      const { head } = JSON.parse(data.toString());
      if (this.kind === 'nonsense') {
        for (const text of ['', '{', '[]', 'null', '{"head":1}', '{"head":{"servcmd":"x"}}', '{"body":{}}', '\u0000', '['.repeat(50_000)]) client.send(text);
        client.send(Buffer.from([0xff, 0xfe, 0x80]));
      } else if (this.kind === 'half') {
        // A frame that says it has 100 bytes and has three.
        socket.write(Buffer.from([0x82, 100, 1, 2, 3]));
        socket.end();
      } else if (this.kind === 'empty') {
        answer(client, head, {});
      } else if (this.kind === 'strange') {
        this.#strange(client, head);
      }
    });
  }

  #strange(client, head) {
    if (head.servcmd !== 'im_open_status.wslogin') {
      answer(client, head, { ErrorCode: 0, SessionItem: 'none', CompleteFlag: 1, Cookie: 'c', SyncFlag: 2, EventArray: [null, 1, 'x', {}] });
      return;
    }
    answer(client, head, { ErrorCode: 0, A2Key: 'a', TinyId: '1', InstId: 1, Later: { x: [1] } });
    push(client, { EventArray: [{ Event: 999, Later: 1 }] });
    push(client, {}, 'some.thing');
    push(client, { EventArray: 'no list' });
    push(client, { EventArray: [{ Event: 3, GroupMsgArray: [{}, null, 7, group({ MsgBody: 'no list', MsgRandom: 11 }),
      group({ MsgRandom: 12, MsgBody: [{ MsgType: 'TIMLaterElem', MsgContent: {} }, {}] }), group({ MsgRandom: 13, GroupInfo: 7 })] }] });
    push(client, { EventArray: [{ Event: 9, C2cMsgArray: [{}, { From_Account: 3, MsgBody: [{}] }] }, { Event: 10, C2cNotifyMsgArray: [{}, { WithdrawC2cMsgNotify: 1 }] },
      { Event: 4, GroupTips: [{ MsgBody: { OpType: 77 } }, {}] }, { Event: 5, GroupTips: [{ MsgBody: { ReportType: 99 } }, { MsgBody: {} }] },
      { Event: 12, GroupTips: [{}] }, { Event: 13, RecentContactMod: [{ PushType: 1 }, { PushType: 77 }] }, { Event: 14, C2CReadAllMsg: 'x' }, { Event: 2, FriendListMod: [{}] },
      { Event: 3, ProfileDataMod: [{}] }] });
    push(client, { EventArray: [{ Event: 3, GroupMsgArray: [group({})] }], NeedAck: 1, SessionData: 's' });
  }

  close() {
    this.#sockets.forEach((socket) => socket.destroy());
    return new Promise((resolve) => this.#server.close(resolve));
  }
}
