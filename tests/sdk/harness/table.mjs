// The versions of the SDKs that are tried, and the tables in the READMEs that are made from them.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** By package: how the devices call it, and the versions, the newest last. That one goes through the whole suite. */
export const VERSIONS = {
  '@tencentcloud/chat': { kind: 'chat', list: ['3.1.3', '3.3.5', '3.4.8', '3.5.9', '3.6.6'] },
  'tim-js-sdk': { kind: 'tim-js', list: ['2.16.3', '2.19.1', '2.23.1', '2.25.0', '2.26.6', '2.27.6'] },
};
const MINI_PROGRAM = { name: 'tim-wx-sdk', version: '2.27.6' };

const BEGIN = '<!-- versions: made by tests/sdk/versions.mjs -->';
const END = '<!-- /versions -->';

const LANGUAGES = {
  'README.md': {
    head: ['client', 'versions', 'what is tried with the real SDK'],
    chat: 'the whole suite, in Node and in Chromium',
    'tim-js': 'the whole suite, in Node',
    older: (checks) => `${checks} checks with each, beside the newest`,
    miniProgram: 'login, kick and messages beside a web client',
  },
  'README.zh-CN.md': {
    head: ['客户端', '版本', '用真实 SDK 测试的内容'],
    chat: '全部测试，在 Node 与 Chromium 中运行',
    'tim-js': '全部测试，在 Node 中运行',
    older: (checks) => `每个版本 ${checks} 项检查，与最新版本同时在线`,
    miniProgram: '登录、互踢，以及与网页端同时在线收发消息',
  },
};

/** Fails where a README's table is not the one of today; with BLESS=1 it is written instead. */
export function compareTables(checks) {
  for (const [file, language] of Object.entries(LANGUAGES)) {
    const path = fileURLToPath(new URL(`../../../${file}`, import.meta.url));
    const text = readFileSync(path, 'utf8');
    const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
    assert.ok(begin >= 0 && end > begin, `${file} has no place for the table of versions`);
    const made = `${text.slice(0, begin + BEGIN.length)}\n${table(language, checks)}${text.slice(end)}`;
    if (process.env.BLESS) writeFileSync(path, made);
    else assert.equal(text, made, `${file} does not list the versions that are tried; look at the difference, then BLESS=1`);
  }
}

function table(language, checks) {
  const rows = [language.head, language.head.map(() => '---')];
  for (const [name, { kind, list }] of Object.entries(VERSIONS)) {
    rows.push([`\`${name}\``, list.at(-1), language[kind]]);
    rows.push(['', list.slice(0, -1).join(', '), language.older(checks)]);
  }
  rows.push([`\`${MINI_PROGRAM.name}\``, MINI_PROGRAM.version, language.miniProgram]);
  return rows.map(line).join('');
}

function line(cells) {
  return cells.every((cell) => cell === '---') ? `|${cells.join('|')}|\n` : `|${cells.map((cell) => ` ${cell} `.replace(/^ {2}$/, ' ')).join('|')}|\n`;
}
