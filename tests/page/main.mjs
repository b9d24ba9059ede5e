// The demo page as its users know it, from the first link to a server that dies under them.

import { chromium } from "playwright-core";
import { equal, expect, step, summary, until } from "./check.mjs";
import { Gateway } from "./gateway.mjs";
import { prefixed } from "./proxy.mjs";
import { Tab } from "./tab.mjs";

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const PHONE = { viewport: { width: 360, height: 720 }, isMobile: true, hasTouch: true, colorScheme: "dark" };
const HOSTILE = `<img src=x onerror="window.harmed=1"><script>window.harmed=1</script><b>bold</b>`;
/** More than three pages of history, and no multiple of a page. */
const LONG_HISTORY = 75;
/** More than two pages to catch up with. */
const LONG_ABSENCE = 45;

const numbered = (word, count) =>
  Array.from({ length: count }, (_, index) => `${word} ${String(index + 1).padStart(3, "0")}`);

let gateway, browser;
const tabs = [];
const open = async (url, options) => {
  const tab = await Tab.open(browser, url, options);
  tabs.push(tab);
  return tab;
};
/** Opens the link of a user and waits until the session stands. */
const enter = async (user, options) => {
  const tab = await open(gateway.link(user), options);
  await tab.isIn("connected");
  return tab;
};

let alice, bob;

async function signingIn() {
  await step("without a link there is a login form that says how to make a UserSig", async () => {
    const visitor = await open(gateway.origin);
    await visitor.page.getByLabel("SDKAppID").fill(String(gateway.session("dora").sdkappid));
    await visitor.page.getByLabel("UserID").fill("dora");
    await visitor.sees("sigtool gen --sdkappid 1400000001 --user dora --key-file");
    await visitor.page.getByLabel("UserSig").fill(gateway.session("dora").usersig);
    await visitor.picture("login");
    await visitor.button("Sign in").click();
    await visitor.isIn("connected");
    await visitor.sees("No meeting yet");
    await visitor.button("Sign out").click();
    await visitor.button("Sign in").waitFor();
    await visitor.page.reload();
    await visitor.button("Sign in").waitFor();
  });

  await step("a UserSig of another user is refused with a reason", async () => {
    const thief = await open(gateway.link("alice", gateway.session("mallory").usersig));
    await thief.page.getByRole("alert").getByText("belongs to another user").waitFor();
    await thief.button("Sign in").waitFor();
  });

  await step("the link signs in, leaves the address bar, and lasts over a reload", async () => {
    alice = await enter("alice");
    equal(alice.page.url(), `${gateway.origin}/`, "address");
    await alice.page.reload();
    await alice.isIn("connected");
    await alice.page.getByText("alice", { exact: true }).waitFor();
  });

  await step("every file comes with the content policy, and nothing is loaded from elsewhere", async () => {
    const loaded = await alice.page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
    expect(loaded.length > 5, `only ${loaded} was loaded`);
    for (const url of [alice.page.url(), ...loaded]) {
      equal(new URL(url).origin, gateway.origin, "origin");
      const policy = (await fetch(url)).headers.get("content-security-policy");
      expect(policy?.startsWith("default-src 'none'"), `${url} has the content policy ${policy}`);
    }
  });
}

async function behindAPrefix() {
  await step("behind a proxy the page and its session work under a path prefix", async () => {
    const proxy = await prefixed("/some/where", gateway.port);
    const ivan = await open(gateway.link("ivan").replace(`${gateway.origin}/`, `${proxy.origin}/some/where/`));
    await ivan.isIn("connected");
    equal(ivan.page.url(), `${proxy.origin}/some/where/`, "address");
    await ivan.page.close();
    proxy.close();
  });
}

async function meetings() {
  await step("a meeting is created with a chosen ID and joined by it", async () => {
    await alice.create("Design review", "design");
    bob = await enter("bob");
    await bob.join("design", "Design review");
  });

  await step("what cannot be joined or created is refused in the dialog", async () => {
    const dialog = bob.page.getByRole("dialog");
    await bob.button("Join").click();
    await bob.page.getByLabel("Meeting ID").fill("nowhere");
    await dialog.getByRole("button", { name: "Join" }).click();
    await dialog.getByRole("alert").getByText("there is no such meeting").waitFor();
    await bob.button("Cancel").click();
    await bob.button("New").click();
    await bob.page.getByLabel("Name", { exact: true }).fill("Another");
    await bob.page.getByLabel("Meeting ID (optional)").fill("design");
    await bob.button("Create").click();
    await dialog.getByRole("alert").getByText("this ID is taken").waitFor();
    await bob.button("Cancel").click();
  });

  await step("a meeting without a chosen ID gets one", async () => {
    await bob.create("Nameless", "");
    await bob.sees("@TGS#");
    await bob.openGroup("Design review");
  });

  await step("the details show who is there", async () => {
    await alice.button("Details").click();
    for (const [user, remark] of [
      ["alice", "Owner, you"],
      ["bob", ""],
    ]) {
      await alice.page.getByRole("dialog").locator("li", { hasText: user }).filter({ hasText: remark }).waitFor();
    }
    await alice.button("Close").click();
    await alice.sees("2 members · design");
  });
}

async function chatting() {
  await step("both write and both read, their own messages apart from others'", async () => {
    await alice.say("hello bob");
    await bob.has("hello bob");
    await bob.say("hello alice");
    await alice.has("hello alice");
    for (const tab of [alice, bob]) equal(await tab.texts(), ["hello bob", "hello alice"], "conversation");
    await alice.page.locator(".message.own", { hasText: "hello bob" }).waitFor();
    await alice.page.locator(".message.other", { hasText: "hello alice" }).getByText("bob", { exact: true }).waitFor();
  });

  await step("Shift+Enter starts a line, Enter sends them all", async () => {
    const input = alice.page.getByRole("textbox", { name: "Write a message" });
    await input.fill("first line");
    await input.press("Shift+Enter");
    await input.pressSequentially("second line");
    await input.press("Enter");
    await bob.has("second line");
    equal((await bob.texts()).at(-1), "first line\nsecond line", "message");
  });

  await step("markup in a message is text", async () => {
    await alice.say(HOSTILE);
    await bob.has("onerror");
    for (const tab of [alice, bob]) {
      equal((await tab.texts()).at(-1), HOSTILE, "message");
      equal(await tab.page.evaluate(() => window.harmed), undefined, "harm");
      equal(await tab.page.locator("#messages :is(img, script, .text b)").count(), 0, "elements made of text");
    }
  });

  await step("a message of another user is announced once", async () => {
    await alice.say("listen to this");
    const announced = bob.page.locator("[aria-live=polite] p", { hasText: "alice: listen to this" });
    await announced.waitFor({ state: "attached" });
    equal(await announced.count(), 1, "announcements");
  });

  await step("a message that is too long fails with a reason and can be tried again", async () => {
    const tries = () => alice.sends().filter(({ MsgBody }) => MsgBody[0].MsgContent.Text.startsWith("too long"));
    await alice.write(`too long ${"x".repeat(16_000)}`);
    const failed = alice.page.locator(".message.failed", { hasText: "too long" });
    await failed.getByText("Not sent: the message is too long").waitFor();
    await failed.getByRole("button", { name: "Retry" }).click();
    await until(() => tries().length === 2, "the message is not sent again");
    await failed.getByText("Not sent: the message is too long").waitFor();
    equal(await alice.message("too long").count(), 1, "copies");
    equal(new Set(tries().map(({ Random }) => Random)).size, 1, "numbers of one message");
  });

  await step("a reload comes back to the same meeting", async () => {
    await alice.page.reload();
    await alice.isReading("Design review");
    await alice.has("hello alice");
    equal(await alice.message("too long").count(), 0, "messages that were never sent");
  });

  await step("a sender recalls a message for both", async () => {
    await alice.say("a slip of the pen");
    await bob.has("a slip of the pen");
    const slip = alice.message("a slip of the pen");
    await slip.hover();
    await slip.getByRole("button", { name: "Recall" }).click();
    await alice.sees("You recalled a message");
    await bob.sees("alice recalled a message");
    equal(await bob.message("a slip of the pen").count(), 0, "slips");
  });
}

async function otherElements() {
  let carol;

  await step("elements that are not text are labelled, and carry no dangerous link", async () => {
    carol = await open(gateway.origin);
    await carol.page.evaluate(speak, gateway.session("carol"));
    await carol.call("group_open_http_svc.create_group", {
      Type: "ChatRoom",
      Name: "Hall",
      GroupId: "hall",
      Owner_Account: "carol",
      WebPushFlag: 1,
      FaceUrl: "",
    });
    await bob.join("hall", "Hall");
    const elements = [
      ["TIMCustomElem", { Data: `{"gift":"rose"}`, Desc: "a rose", Ext: "" }],
      ["TIMFaceElem", { Index: 7, Data: "smile" }],
      ["TIMLocationElem", { Desc: "the river", Latitude: 22.5, Longitude: 113.1 }],
      [
        "TIMFileElem",
        { UUID: "u", FileName: "plan.pdf", FileSize: 2048, Url: "javascript:window.harmed=1", Download_Flag: 2 },
      ],
    ];
    for (const [index, [MsgType, MsgContent]] of elements.entries())
      await carol.call("group_open_http_svc.send_group_msg", message("hall", index + 1, { MsgType, MsgContent }));
    await bob.page.locator(".chip", { hasText: "plan.pdf" }).waitFor();
    equal(
      await bob.page
        .locator(".chip")
        .evaluateAll((chips) => chips.map((chip) => [...chip.children].map((part) => part.textContent).join(" | "))),
      ["Custom message | a rose", "Sticker | smile", "Location | the river 22.5, 113.1", "File | plan.pdf (2 KB)"],
      "chips",
    );
    equal(await bob.page.locator(".chip a").count(), 0, "links");
  });

  await step("a change of the meeting is a line of its own", async () => {
    await carol.call("group_open_http_svc.modify_group_base_info", { GroupId: "hall", Name: "Great hall" });
    await bob.page.locator(".tip", { hasText: "carol renamed the meeting to “Great hall”" }).waitFor();
    await bob.isReading("Great hall");
  });

  await step("who is removed is told, and the meeting leaves the list", async () => {
    await carol.call("group_open_http_svc.delete_group_member", {
      GroupId: "hall",
      MemberToDel_Account: ["bob"],
      Reason: "",
    });
    await bob.sees("You were removed from “Great hall”.");
    await bob.entry("Great hall").waitFor({ state: "detached" });
    await bob.openGroup("Design review");
  });
}

async function unread() {
  await step("unread messages of another meeting are counted until it is opened", async () => {
    await alice.create("Side room", "side");
    await bob.join("side", "Side room");
    await bob.openGroup("Design review");
    for (const text of ["side 1", "side 2", "side 3"]) await alice.say(text);
    await bob.entry("Side room").getByLabel("3 unread").waitFor();
    await bob.page.waitForFunction(() => document.title === "(3) Timgate");
    await bob.entry("Side room").getByText("alice: side 3").waitFor();
    await bob.picture("desktop-unread");
    await bob.openGroup("Side room");
    await bob.entry("Side room").getByLabel("unread").waitFor({ state: "hidden" });
    await bob.page.waitForFunction(() => document.title === "Timgate");
    equal(await bob.texts(), ["side 1", "side 2", "side 3"], "conversation");
  });

  await step("what is written while the page is closed counts when it is opened again", async () => {
    await bob.openGroup("Design review");
    await bob.page.goto("about:blank");
    for (const text of ["side 4", "side 5"]) await alice.say(text);
    await bob.page.goto(gateway.origin);
    await bob.entry("Side room").getByLabel("2 unread").waitFor();
    await bob.openGroup("Side room");
    await bob.readAll();
    equal(
      await bob.texts(),
      numbered("side", 5).map((text) => text.replace(" 00", " ")),
      "conversation",
    );
  });

  await step("leaving, and ending a meeting for all", async () => {
    await bob.button("Details").click();
    await bob.button("Leave meeting").click();
    await bob.sees("Leave “Side room”?");
    await bob.button("Leave meeting").click();
    await bob.entry("Side room").waitFor({ state: "detached" });
    await bob.join("side", "Side room");
    await alice.button("Details").click();
    await alice.button("End meeting for all").click();
    await alice.button("End meeting for all").click();
    await alice.entry("Side room").waitFor({ state: "detached" });
    await bob.sees("“Side room” was ended.");
    await bob.entry("Side room").waitFor({ state: "detached" });
  });
}

async function longHistory() {
  const written = numbered("history", LONG_HISTORY);

  await step(`history of ${LONG_HISTORY} messages is read on scrolling up, each once and in order`, async () => {
    await alice.create("Archive", "archive");
    for (const text of written) await alice.write(text);
    await alice.has(written.at(-1));
    const frank = await enter("frank");
    await frank.join("archive", "Archive");
    await frank.has(written.at(-1));
    expect((await frank.texts()).length < LONG_HISTORY, "everything was loaded at once");
    expect(
      await frank.page
        .locator("#scroller")
        .evaluate((view) => view.scrollHeight - view.scrollTop - view.clientHeight < 2),
      "the newest message is not in view",
    );
    await frank.readAll();
    equal(await frank.texts(), written, "history");
  });

  await step("nothing in view moves when older messages are put in above", async () => {
    const grace = await enter("grace");
    await grace.join("archive", "Archive");
    await grace.has(written.at(-1));
    const moved = await grace.page.evaluate(measureJump);
    expect(Math.abs(moved) < 1, `what was in view moved by ${moved} px`);
  });

  await step("a reader of history is not pulled down by a new message, but told of it", async () => {
    const grace = tabs.at(-1);
    await grace.readAll();
    await alice.say("news while reading");
    await grace.page.getByRole("button", { name: "To the newest message" }).getByText("1 new").waitFor();
    equal(await grace.page.locator("#scroller").evaluate((view) => view.scrollTop), 0, "scroll position");
    await grace.button("To the newest message").click();
    await grace.page.locator(".message", { hasText: "news while reading" }).waitFor();
    await grace.button("To the newest message").waitFor({ state: "hidden" });
  });
}

async function languages() {
  await step("the language is switched, and remembered", async () => {
    await bob.button("中文").click();
    await bob.sees("会议群");
    await bob.sees("已连接");
    await bob.page.reload();
    await bob.sees("已连接");
    equal(await bob.page.evaluate(() => document.documentElement.lang), "zh-CN", "language of the document");
    await bob.button("English").click();
    await bob.sees("Connected");
  });

  await step("the browser's language is the first choice", async () => {
    const reader = await open(gateway.origin, { locale: "zh-CN" });
    await reader.button("登录").waitFor();
  });
}

async function phone() {
  let erin;

  await step("at phone width one screen is shown at a time, and none is wider than the phone", async () => {
    const name = "Averyveryverylongmeetingname";
    const login = await open(gateway.origin, PHONE);
    await login.button("Sign in").waitFor();
    await login.fitsItsWidth();
    await alice.create(name, `long-${"x".repeat(40)}`);
    await alice.say(`${"w".repeat(300)} end of it`);
    erin = await enter("erin", PHONE);
    await erin.fitsItsWidth();
    await erin.button("New").tap();
    await erin.fitsItsWidth();
    await erin.button("Cancel").tap();
    await erin.join(`long-${"x".repeat(40)}`, name);
    await erin.has("end of it");
    await erin.page.locator("#groups").waitFor({ state: "hidden" });
    await erin.fitsItsWidth();
    await erin.button("Details").tap();
    await erin.sees("Owner");
    await erin.fitsItsWidth();
    await erin.button("Close").tap();
  });

  await step("the way back leads to the list, by the page's button and by the browser's", async () => {
    await erin.button("Back to the list").tap();
    await erin.page.locator("#groups").waitFor();
    await erin.page.locator("#conversation").waitFor({ state: "hidden" });
    await erin.entry("Averyveryverylongmeetingname").tap();
    await erin.has("end of it");
    await erin.page.goBack();
    await erin.page.locator("#groups").waitFor();
    await erin.fitsItsWidth();
  });

  await step("a phone chats", async () => {
    await erin.join("design", "Design review");
    await erin.write("from a phone");
    await bob.openGroup("Design review");
    await bob.has("from a phone");
    await bob.say("好的，收到了。");
    await erin.has("好的，收到了。");
    await erin.picture("phone-chat");
    await bob.picture("desktop-chat");
    await erin.button("Back to the list").tap();
    await erin.picture("phone-list");
  });
}

async function comingBack() {
  await step(
    `who was off the network reads the ${LONG_ABSENCE} messages they missed, each once and in order`,
    async () => {
      const heidi = await enter("heidi", { cutable: true });
      await heidi.join("archive", "Archive");
      await heidi.join("design", "Design review");
      await heidi.say("heidi is here");
      await heidi.cut();
      await heidi.write("heidi wrote this off the network");
      const missed = numbered("missed", LONG_ABSENCE);
      await alice.openGroup("Design review");
      for (const text of missed) await alice.write(text);
      await alice.has(missed.at(-1));
      await alice.openGroup("Archive");
      for (const text of ["archived 1", "archived 2"]) await alice.say(text);
      await heidi.page.locator(".message.pending", { hasText: "off the network" }).waitFor();
      await heidi.mend();
      await heidi.has("heidi wrote this off the network");
      await heidi.entry("Archive").getByLabel("2 unread").waitFor();
      const texts = await heidi.texts();
      equal(
        texts.slice(texts.indexOf("heidi is here")),
        ["heidi is here", ...missed, "heidi wrote this off the network"],
        "conversation",
      );
    },
  );

  await step(
    "the gateway is killed and started again: both tabs come back by themselves and nothing is lost or doubled",
    async () => {
      for (const tab of [alice, bob]) await tab.openGroup("Design review");
      await alice.say("before the end");
      await bob.has("before the end");
      await alice.write("at the last moment");
      await gateway.kill();
      for (const tab of [alice, bob]) await tab.isIn("offline");
      await alice.write("written in the dark, first");
      await alice.write("written in the dark, second");
      await bob.write("bob wrote in the dark too");
      await alice.picture("desktop-offline");
      await gateway.restart();
      for (const tab of [alice, bob]) await tab.isIn("connected");
      const dark = [
        "at the last moment",
        "written in the dark, first",
        "written in the dark, second",
        "bob wrote in the dark too",
      ];
      for (const text of dark) for (const tab of [alice, bob]) await tab.has(text);
      await bob.say("and on it goes");
      await alice.has("and on it goes");
      const [fromAlice, fromBob] = [await alice.texts(), await bob.texts()].map((texts) =>
        texts.slice(texts.indexOf("before the end")),
      );
      equal(fromAlice, fromBob, "the conversation of alice and that of bob");
      equal([...fromAlice].sort(), ["before the end", ...dark, "and on it goes"].sort(), "messages around the break");
      equal(
        fromAlice.filter((text) => dark.slice(0, 3).includes(text)),
        dark.slice(0, 3),
        "what alice wrote, in her order",
      );
      const judy = await enter("judy");
      await judy.join("design", "Design review");
      await judy.has("and on it goes");
      await judy.readAll();
      const stored = await judy.texts();
      equal(stored.slice(stored.indexOf("before the end")), fromAlice, "what is stored");
    },
  );
}

async function otherPlaces() {
  await step("a second sign-in stops the first page with a notice, and the first can take over again", async () => {
    const second = await enter("alice");
    await alice.sees("You signed in at another place");
    await alice.picture("kicked");
    await alice.button("Continue here").click();
    await alice.isIn("connected");
    await alice.entry("Design review").waitFor();
    await second.sees("You signed in at another place");
    await second.button("Sign in as someone else").click();
    await second.button("Sign in").waitFor();
    await alice.openGroup("Design review");
    await alice.say("alice is back");
    await bob.has("alice is back");
  });
}

async function quiet() {
  await step("no tab complained, except of the port that was closed in the outage", async () => {
    const refused = /^WebSocket connection to '[^']*' failed: .*ERR_CONNECTION_(REFUSED|RESET)/;
    equal(
      tabs.flatMap(({ errors }) => errors).filter((error) => !refused.test(error)),
      [],
      "complaints",
    );
  });
}

/** Runs in a page: a session that speaks the wire by hand, in `window.wire`. */
async function speak(session) {
  const { Wire } = await import("/page/wire.js");
  await new Promise((resolve, reject) => {
    window.wire = new Wire(session, {
      state() {},
      ready: resolve,
      event() {},
      ended: (reason) => reject(new Error(JSON.stringify(reason))),
    });
    window.wire.open();
  });
}

function message(group, random, element) {
  return {
    From_Account: "carol",
    GroupId: group,
    Random: random,
    ClientSeq: random,
    MsgPriority: "Normal",
    MsgBody: [element],
    CloudCustomData: "",
    OnlineOnlyFlag: 0,
    MsgClientTime: Math.floor(Date.now() / 1000),
  };
}

/** Runs in a page: scrolls near the top and returns how far a message in view has moved once older ones are there. */
async function measureJump() {
  const view = document.getElementById("scroller");
  const items = () => [...document.querySelectorAll(".item")];
  const place = (seq) =>
    items()
      .find((item) => item.dataset.seq === seq)
      .getBoundingClientRect().bottom;
  const loaded = items().length;
  const older = new Promise((resolve) => {
    new MutationObserver((_, observer) => {
      if (items().length === loaded) return;
      observer.disconnect();
      requestAnimationFrame(resolve);
    }).observe(document.getElementById("messages"), { childList: true });
  });
  view.scrollTop = 150;
  const { seq } = items().find(
    (item) => item.getBoundingClientRect().top > view.getBoundingClientRect().top + 50,
  ).dataset;
  const before = place(seq);
  await older;
  return place(seq) - before;
}

const story = [
  signingIn,
  behindAPrefix,
  meetings,
  chatting,
  otherElements,
  unread,
  longHistory,
  languages,
  phone,
  comingBack,
  otherPlaces,
  quiet,
];

try {
  gateway = await Gateway.start(process.env.GATEWAY_BIN);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: QUIET });
  for (const chapter of story) await chapter();
} catch (error) {
  // Only what stands outside of all steps ends up here: there is nothing to test without it.
  await step("a gateway and a browser start", () => Promise.reject(error));
} finally {
  await browser?.close();
  await gateway?.kill();
}
process.exitCode = summary();
