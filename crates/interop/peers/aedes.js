// aedes as the broker of a cloud: who comes in is decided by the clouds' published rules, which are written down here
// with node's crypto alone, and by nothing of ours.
//
// It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": …} or
// {"error": …}. "do" names the order:
//
//   listen      for "devices", each with the fields of its cloud; answers the port
//   publish     a message of "length" bytes of the pattern to "topic", with "qos"
//   message     until a client has published to "topic" since the last such order; answers qos, length, whether it is
//               the pattern, and the user name of who it was
//   drop        ends every connection without a word
//   logins      answers how many logins were let in, by how many different passwords, and why others were not
'use strict';

const crypto = require('crypto');
const net = require('net');
const readline = require('readline');
const aedes = require('aedes');
const { version } = require('aedes/package.json');

const BAD_CREDENTIALS = 4;
const sockets = new Set();
const messages = [];
const users = new Map();
const said = new WeakMap();
const admitted = [];
const refused = [];
let devices = [];
let broker;

function pattern(length) {
  return Buffer.from(Array.from({ length }, (_, at) => (at * 7) % 251));
}

function equal(one, other) {
  return one.length === other.length && crypto.timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

// content: the signed fields by name, each name before its value, nothing in between.
function aliyun(clientId, username, password) {
  const [, id, params] = /^([^|]*)\|([^|]*)\|$/.exec(clientId) || [];
  if (params === undefined) return 'the client id has no ext params';
  const ext = Object.fromEntries(params.split(',').map((param) => param.split('=')));
  if (ext.securemode !== '3') return `securemode ${ext.securemode} over TCP`;
  const [deviceName, productKey, more] = username.split('&');
  const device = devices.find((one) => one.productKey === productKey && one.deviceName === deviceName);
  if (!device || more !== undefined) return 'no such device';
  const fields = { clientId: id, deviceName, productKey };
  if (ext.timestamp !== undefined) fields.timestamp = ext.timestamp;
  const content = Object.keys(fields).sort().map((name) => name + fields[name]).join('');
  const digest = { hmacsha256: 'sha256', hmacsha1: 'sha1', hmacmd5: 'md5' }[ext.signmethod];
  if (!digest) return `sign method ${ext.signmethod}`;
  const wanted = crypto.createHmac(digest, device.deviceSecret).update(content).digest('hex');
  return equal(wanted, password.toLowerCase()) ? null : 'wrong signature';
}

function tencent(clientId, username, password) {
  const [identity, appId, connId, expiry, more] = username.split(';');
  if (expiry === undefined || more !== undefined) return 'the user name has not four fields';
  const device = devices.find((one) => one.productId + one.deviceName === clientId);
  if (!device || identity !== clientId) return 'no such device';
  if (!/^\d+$/.test(appId) || !connId) return 'no app id or no conn id';
  if (!/^\d+$/.test(expiry) || BigInt(expiry) * 1000n < BigInt(Date.now())) return 'expired';
  const [signature, method] = password.split(';');
  const digest = { hmacsha256: 'sha256', hmacsha1: 'sha1' }[method];
  if (!digest) return `sign method ${method}`;
  const key = Buffer.from(device.psk, 'base64');
  const wanted = crypto.createHmac(digest, key).update(username).digest('hex');
  return equal(wanted, signature) ? null : 'wrong signature';
}

function authenticate(client, username, password, done) {
  const given = String(password);
  const verify = username.includes(';') ? tencent : aliyun;
  const why = verify(said.get(client), username, given);
  if (why === null) {
    admitted.push(given);
    users.set(client.id, username);
    done(null, true);
    return;
  }
  refused.push(why);
  done(Object.assign(new Error(why), { returnCode: BAD_CREDENTIALS }), false);
}

// To the cloud a device stays the same, whatever the ext params behind its client id are.
function preConnect(client, packet, done) {
  said.set(client, packet.clientId);
  [packet.clientId] = packet.clientId.split('|');
  done(null, true);
}

async function until(look) {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

const orders = {
  async listen(order) {
    devices = order.devices;
    broker = aedes({ authenticate, preConnect });
    broker.on('publish', ({ topic, qos, payload }, client) => {
      if (client) messages.push({ topic, qos, payload, user: users.get(client.id) });
    });
    const server = net.createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      broker.handle(socket);
    });
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return server.address().port;
  },

  async publish({ topic, qos, length }) {
    const packet = { topic, qos, payload: pattern(length), retain: false };
    await new Promise((resolve, reject) => {
      broker.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
    return null;
  },

  async message({ topic }) {
    const found = await until(() => messages.find((message) => message.topic === topic));
    messages.splice(messages.indexOf(found), 1);
    const { qos, payload, user } = found;
    return { qos, length: payload.length, right: payload.equals(pattern(payload.length)), user };
  },

  drop() {
    sockets.forEach((socket) => socket.destroy());
    return null;
  },

  logins() {
    return { admitted: admitted.length, passwords: new Set(admitted).size, refused };
  },
};

// What is late or forgotten must not hold up this script.
function within(milliseconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no end after ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function main() {
  console.log(JSON.stringify(version));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    let answer;
    try {
      const ok = await within(15000, orders[order.do](order), order.do);
      answer = { ok: ok === undefined ? null : ok };
    } catch (error) {
      answer = { error: { message: String((error && error.message) || error) } };
    }
    console.log(JSON.stringify(answer));
  }
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
