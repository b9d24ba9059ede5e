// What a user does in one tab, by the names a reader or a screen reader finds there.

import { expect } from "./check.mjs";

export class Tab {
  /** What the browser or the page complained about. */
  errors = [];

  /** With the option `cutable` the tab can be taken off the network while the gateway stays up. */
  static async open(browser, url, { cutable, ...options } = {}) {
    const tab = new Tab();
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1200, height: 760 }, ...options });
    const page = (tab.page = await context.newPage());
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => tab.errors.push(error.message));
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && tab.errors.push(message.text()));
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => tab.#sent.push(JSON.parse(payload))));
    if (cutable) await page.routeWebSocket(/binfo/, (socket) => tab.#connect(socket));
    await page.goto(url);
    return tab;
  }

  #sent = [];
  #socket = null;
  #isCut = false;

  #connect(socket) {
    if (this.#isCut) return socket.close();
    this.#socket = socket;
    socket.connectToServer();
  }

  /** Takes the tab off the network. */
  async cut() {
    this.#isCut = true;
    await this.#socket.close();
    await this.isIn("offline");
  }

  /** Puts it back, and the browser says so to the page. */
  async mend() {
    this.#isCut = false;
    await this.page.evaluate(() => dispatchEvent(new Event("online")));
    await this.isIn("connected");
  }

  /** The bodies of all requests to send a message. */
  sends() {
    return this.#sent.filter(({ head }) => head.servcmd.endsWith("send_group_msg")).map(({ body }) => body);
  }

  /** A request on the session that the test opened by hand in this tab. */
  call(servcmd, body) {
    return this.page.evaluate(([name, content]) => window.wire.call(name, content), [servcmd, body]);
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  /** Waits until the page shows that its session is in `state`. */
  async isIn(state) {
    await this.page.locator(`body[data-connection="${state}"]`).waitFor();
  }

  /** Waits for a text to be seen. */
  async sees(text) {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  async create(name, id) {
    await this.button("New").click();
    await this.page.getByLabel("Name", { exact: true }).fill(name);
    await this.page.getByLabel("Meeting ID (optional)").fill(id);
    await this.button("Create").click();
    await this.isReading(name);
  }

  async join(id, name) {
    await this.button("Join").click();
    await this.page.getByLabel("Meeting ID").fill(id);
    await this.page.getByRole("dialog").getByRole("button", { name: "Join" }).click();
    await this.isReading(name);
  }

  async isReading(name) {
    await this.page.locator("#conversation h2", { hasText: name }).waitFor();
  }

  async openGroup(name) {
    await this.entry(name).click();
    await this.isReading(name);
  }

  /** The group's line in the list. */
  entry(name) {
    return this.page.locator("#groups li", { has: this.page.getByText(name, { exact: true }) });
  }

  async say(text) {
    await this.write(text);
    await this.has(text);
  }

  /** Writes without waiting for the server. */
  async write(text) {
    const input = this.page.getByRole("textbox", { name: "Write a message" });
    await input.fill(text);
    await input.press("Enter");
  }

  message(text) {
    return this.page.locator(".message", { hasText: text });
  }

  /** Waits until the message is here, and if it is the user's own, until the server has it. */
  async has(text) {
    await this.page.locator(".message.sent", { hasText: text }).waitFor();
  }

  /** The texts of all messages of the open conversation, from the top. */
  texts() {
    return this.page.locator(".message .text").allTextContents();
  }

  async scrollToTop() {
    await this.page.locator("#scroller").evaluate((scroller) => (scroller.scrollTop = 0));
  }

  /** Scrolls up until the conversation begins. */
  async readAll() {
    await this.page.waitForFunction(() => {
      document.getElementById("scroller").scrollTop = 0;
      return document.getElementById("older").textContent.includes("beginning");
    });
  }

  async fitsItsWidth() {
    const [needed, width] = await this.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(needed <= width, `the page needs ${needed} px of ${width}`);
  }

  async picture(name) {
    if (process.env.SCREENSHOTS) await this.page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });
  }
}
