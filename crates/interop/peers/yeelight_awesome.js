// Does with yeelight-awesome what it is told, and says what came of it.
//
// It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": …} or
// {"error": …}. "do" names the order:
//
//   connect     a client for the bulb at "ip" and "port"; "set" are attributes of it
//   disconnect  ends that client
//   call        a method of the client, with "args"; answers the result in the bulb's answer
//   burst       the same method for each of "args", all in flight at once
//   wait        until the client has emitted "event" since the last wait for it
//   discover    a search with "options", until it has found as many as it is to find
//   serve       takes music on "host" and answers the port; connections are counted
//   play        writes each of "commands" to the music connection
//
// {"make": NAME, "args": […]} in arguments is an object of the package.
'use strict';

const net = require('net');
const readline = require('readline');
const { Discover, Yeelight, ...models } = require('yeelight-awesome');
const { version } = require('yeelight-awesome/package.json');

let client;
let events = {};
let music;

function read(value) {
  if (Array.isArray(value)) return value.map(read);
  if (value && value.make) return new models[value.make](...read(value.args || []));
  return value;
}

// What the package is late for or forgets must not hold up this script.
function within(milliseconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no end after ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function pause(milliseconds) {
  return new Promise((resolve) => { setTimeout(resolve, milliseconds); });
}

async function until(holds, what) {
  for (let tries = 0; tries < 800; tries += 1) {
    if (holds()) return;
    await pause(10);
  }
  throw new Error(`${what}: not in 8 s`);
}

function answered(event) {
  return event === null || event === undefined ? null : event.result.result;
}

const orders = {
  async connect({ ip, port, timeout, set }) {
    client = new Yeelight({ lightIp: ip, lightPort: port, timeout });
    Object.assign(client, set);
    events = {};
    for (const name of ['connected', 'disconnected', 'commandSuccess', 'commandError', 'commandTimedout', 'error']) {
      client.on(name, () => { events[name] = (events[name] || 0) + 1; });
    }
    await client.connect();
    return null;
  },

  async disconnect() {
    // A client that has reconnected may do it once more, even after it was told to disconnect.
    if (client.autoReconnect) await pause(2 * client.autoReconnectTime);
    await client.disconnect();
    return null;
  },

  async call({ method, args }) {
    return answered(await client[method](...read(args || [])));
  },

  async burst({ method, args }) {
    const results = await Promise.all(args.map((one) => client[method](...read(one))));
    return results.map(answered);
  },

  async wait({ event }) {
    await until(() => events[event], event);
    const times = events[event];
    events[event] = 0;
    return times;
  },

  async discover({ options }) {
    const search = new Discover(options);
    try {
      return await search.start();
    } finally {
      await search.destroy();
    }
  },

  async serve({ host }) {
    music = { connections: [] };
    music.server = net.createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => { music.said = true; });
      music.connections.push(socket);
    });
    await new Promise((resolve) => { music.server.listen(0, host, resolve); });
    return music.server.address().port;
  },

  async play({ commands }) {
    await until(() => music.connections.length > 0, 'the connection for music');
    const [socket] = music.connections;
    commands.forEach((command, at) => {
      socket.write(`${new models.Command(at + 1, ...command).getString()}\r\n`);
    });
    return null;
  },

  async silence() {
    const { connections, said, server } = music;
    connections.forEach((socket) => socket.destroy());
    server.close();
    return { connections: connections.length, said: Boolean(said) };
  },
};

function failure(error) {
  // A refused command is rejected with what it is resolved with otherwise.
  if (error && error.result) return error.result.error;
  return { message: String((error && error.message) || error) };
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
      answer = { error: failure(error) };
    }
    console.log(JSON.stringify(answer));
  }
  process.exit(0); // its timers outlive the orders
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
