// Does with node-mihome's cloud client what it is told, and says what came of it.
//
//   node mihome_cloud.js PORT
//
// It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": …} or {"error": …}.
// "do" names the order:
//   login    with "user" and "password"
//   devices  of "country"
//   call     "path" in "country" with "data"
//   miio     "method" of the device "did" in "country" with "params"
// PORT of 127.0.0.1 is where every address of the package leads to. Its logins and its signing are its own: only the way of
// its requests is another one.
'use strict';

const readline = require('readline');

const port = Number(process.argv[2]);
const name = require.resolve('node-fetch');
const fetch = require(name);
require.cache[name].exports = (address, options = {}) => {
  const { host, pathname, search } = new URL(address);
  const headers = { ...options.headers, Host: host };
  return fetch(`http://127.0.0.1:${port}${pathname}${search}`, { ...options, headers });
};
const cloud = require('node-mihome').miCloudProtocol;

async function play(order) {
  const { country } = order;
  switch (order.do) {
    case 'login':
      if (cloud.isLoggedIn) cloud.logout();
      await cloud.login(order.user, order.password);
      return cloud.isLoggedIn;
    case 'devices':
      return cloud.getDevices(undefined, { country });
    case 'call':
      return cloud.request(order.path, order.data, country);
    case 'miio':
      return cloud.miioCall(order.did, order.method, order.params, { country });
    default:
      throw new Error(`no such order: ${order.do}`);
  }
}

async function main() {
  console.log(JSON.stringify({ ok: true }));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      answer = { ok: (await play(JSON.parse(line))) ?? null };
    } catch (error) {
      answer = { error: String(error.message) };
    }
    console.log(JSON.stringify(answer));
  }
  process.exit(0); // its timers outlive the orders
}

main();
