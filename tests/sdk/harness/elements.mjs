// Every element that the SDKs know, as they send it, and everything that can be wrong with one.

/** What is said of a file that an SDK has. */
const image = (Type) => ({ Type, Size: 100, Width: 80, Height: 60, URL: `https://files.example/i${Type}.jpg` });

const relayed = {
  From_Account: 'carol', To_Account: 'dave', SenderId: 'carol', ReceiverId: 'dave', MsgTimeStamp: 1795368000, MsgSeq: 7,
  ClientSeq: 8, MsgRandom: 9, MsgClientTime: 1795368000, CloudCustomData: '', From_AccountNick: 'Carol',
  From_AccountHeadurl: '', Id: '144115200000000001-1795368000-9',
  MsgBody: [{ MsgType: 'TIMTextElem', MsgContent: { Text: 'inner' } }],
};

/** By type: the content of a sound one, with every field that there is. */
export const SOUND = {
  TIMTextElem: { Text: 'hi' },
  TIMCustomElem: { Data: 'd', Desc: 'x', Ext: 'e' },
  TIMFaceElem: { Index: 7, Data: 'tt00' },
  TIMLocationElem: { Desc: 'here', Longitude: 113.1, Latitude: 22.5 },
  TIMImageElem: { UUID: 'img', ImageFormat: 1, ImageInfoArray: [image(1), image(2), image(3)] },
  TIMSoundElem: { UUID: 'snd', Url: 'https://files.example/s.mp3', Size: 33, Second: 4, Download_Flag: 2 },
  TIMFileElem: { UUID: 'fil', FileName: 'a.txt', FileSize: 12, Url: 'https://files.example/a.txt', Download_Flag: 2 },
  TIMVideoFileElem: {
    VideoUUID: 'vid', VideoUrl: 'https://files.example/v.mp4', VideoSize: 999, VideoSecond: 5, VideoFormat: 'mp4',
    VideoDownloadFlag: 2, ThumbUUID: 'thu', ThumbUrl: 'https://files.example/t.jpg', ThumbSize: 9, ThumbWidth: 200,
    ThumbHeight: 100, ThumbFormat: 'JPG', ThumbDownloadFlag: 2, SnapshotUrl: 'https://files.example/t.jpg',
    SnapshotWidth: 200, SnapshotHeight: 100, SnapshotSize: 9,
  },
  TIMRelayElem: {
    JsonMsgKey: '', PbMsgKey: '', MsgList: [relayed], Title: 'T', AbstractList: ['a'], CompatibleText: 'c', Version: 0,
    LayersOverLimit: false, MsgNum: 1,
  },
};

/** What an application's signal of a call has in `Data`, which the newer SDKs read. */
const SIGNAL = {
  businessID: 1, inviteID: 'id', inviter: 'a', actionType: 1, inviteeList: ['b'], groupID: '', data: '{}', timeout: 30,
};

const WRONG = [null, true, 7, -1, 1.5, 'x', '', [], [null], [7], ['x'], [{}], {}, { x: 1 }];

/** A copy of `value` in which what `path` leads to is what `change` makes of its holder. */
function changed(value, path, change) {
  const copy = structuredClone(value);
  const last = path.at(-1);
  change(path.slice(0, -1).reduce((holder, step) => holder[step], copy), last);
  return copy;
}

function* paths(value, path = []) {
  if (path.length > 0) yield path;
  if (value === null || typeof value !== 'object') return;
  for (const step of Object.keys(value)) yield* paths(value[step], [...path, step]);
}

/** Everything that can be wrong with the elements that the SDKs know: `{ what, element }`. */
export function* malformed() {
  for (const [MsgType, MsgContent] of Object.entries(SOUND)) {
    for (const wrong of WRONG) yield { what: `${MsgType} is ${JSON.stringify(wrong)}`, element: { MsgType, MsgContent: wrong } };
    for (const path of paths(MsgContent)) {
      const place = `${MsgType}.${path.join('.')}`;
      yield { what: `${place} is missing`, element: { MsgType, MsgContent: changed(MsgContent, path, (holder, step) => { delete holder[step]; }) } };
      for (const wrong of WRONG) {
        yield {
          what: `${place} is ${JSON.stringify(wrong)}`,
          element: { MsgType, MsgContent: changed(MsgContent, path, (holder, step) => { holder[step] = wrong; }) },
        };
      }
    }
  }
}

const ODD_TYPES = [
  'TIMNewElem', 'TIMProfileTipElem', 'TIMStreamElem', 'TIMGroupTipElem', 'TIMGroupSystemNoticeElem', '__proto__',
  'constructor', 'toString', 'x', ' ', '\u0000',
];

/** Elements of types that the SDKs do not know, or that only the server says. */
export function* odd() {
  for (const MsgType of ODD_TYPES) {
    for (const MsgContent of [{}, { Data: 'd' }, { Text: 'x' }, { OpType: 1 }, { toString: null }]) {
      yield { what: `${JSON.stringify(MsgType)} with ${JSON.stringify(MsgContent)}`, element: { MsgType, MsgContent } };
    }
  }
}

/** Texts in which an application may look for JSON. */
export function* strings() {
  yield* ['null', '[]', '7', '{', '[null]', '{"__proto__":null}', '{"toString":null}', '{"messageReply":null}',
    '{"messageFeature":{"needTyping":null}}', '{"businessID":"group_create","opUser":null}'];
  for (const actionType of [1, 2, 3, 4, 5]) {
    for (const name of Object.keys(SIGNAL)) {
      for (const wrong of [undefined, null, 7, {}]) yield JSON.stringify({ ...SIGNAL, actionType, [name]: wrong });
    }
  }
}
