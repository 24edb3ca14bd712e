// Does with alibabacloud-iot-device-sdk what it is told, and says what came of it.
//
// It takes orders line by line, each a JSON object, and answers each with a line of JSON, {"ok": …} or
// {"error": …}. "do" names the order:
//
//   connect     a device, or a gateway where they say so, with "options"; answers "connected", or what the package says was wrong first
//   again       until it has connected once more by itself
//   post        its properties "props"; answers the platform's reply
//   event       an event "name" with "params"; answers the reply
//   set         until properties have been set since the last such order; answers the message
//   service     "name" is answered from now on, in the "way" that is said (async or sync)
//   publish     "payload" to "topic", with "qos"; ends with the acknowledgement
//   subscribe   to "topic" with "qos"; answers what was granted
//   message     until a message has come to "topic" since the last such order; answers its text and length
//   shadow      tells it that "reported" is so; answers the platform's reply
//   add         "device" to a gateway; answers the reply
//   login       "device" below a gateway; answers the reply
//   sub_post    properties "props" of the device that was logged in last
//   end         the connection
'use strict';

const readline = require('readline');
const iot = require('alibabacloud-iot-device-sdk');
const { version } = require('alibabacloud-iot-device-sdk/package.json');

let device;
let connections;
let again;
let sets;
let messages;
let below;

// What the package is late for or forgets must not hold up this script.
function within(milliseconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no end after ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function until(look) {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

function called(start) {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result)));
  });
}

const orders = {
  connect({ options }) {
    connections = 0;
    again = 1;
    sets = [];
    messages = [];
    device = options.gateway ? iot.gateway(options) : iot.device(options);
    device.on('connect', () => { connections += 1; });
    device.on('message', (topic, payload) => { messages.push({ topic, payload }); });
    device.onProps((message) => { sets.push(message); });
    return new Promise((resolve) => {
      device.on('connect', () => resolve('connected'));
      // It passes what it was given as one list.
      device.on('error', ([error]) => resolve(String(error.message || error)));
    });
  },

  async again() {
    await until(() => (connections > again ? true : undefined));
    again = connections;
    return 'connected';
  },

  post({ props }) {
    return new Promise((resolve) => { device.postProps(props, resolve); });
  },

  event({ name, params }) {
    return new Promise((resolve) => { device.postEvent(name, params, resolve); });
  },

  set() {
    return until(() => sets.shift());
  },

  service({ name, way }) {
    device.onService(name, ({ id, params }, reply) => reply({ id, code: 200, data: params }, way));
    return null;
  },

  async publish({ topic, payload, qos }) {
    await called((done) => device.publish(topic, payload, { qos }, done));
    return null;
  },

  subscribe({ topic, qos }) {
    return called((done) => device.subscribe(topic, { qos }, done));
  },

  async message({ topic }) {
    const found = await until(() => messages.find((message) => message.topic === topic));
    messages.splice(messages.indexOf(found), 1);
    return { text: found.payload.toString().slice(0, 100), length: found.payload.length };
  },

  shadow({ reported }) {
    return new Promise((resolve) => {
      device.onShadow(resolve);
      device.postShadow(reported);
    });
  },

  add({ device: sub }) {
    return new Promise((resolve) => { device.addTopo([sub], resolve); });
  },

  login({ device: sub }) {
    return new Promise((resolve) => { below = device.login(sub, resolve); });
  },

  sub_post({ props }) {
    below.postProps(props, () => {});
    return null;
  },

  async end() {
    await new Promise((resolve) => { device.end(true, resolve); });
    return null;
  },
};

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
  process.exit(0); // its timers outlive the orders
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
