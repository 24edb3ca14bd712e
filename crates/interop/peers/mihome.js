// Plays steps with node-mihome as the client and prints what came of each as one line of JSON.
//
//   node mihome.js '{"device": {"model": …, "id": …, "address": …, "token": …}, "steps": […]}'
//
// A step is an array whose first element says what to do:
//   ["send", method, params]           one request through the device object
//   ["burst", count, method, params]   that many requests in flight at once
//   ["load", [names]]                  the library's own reading of properties; answers all values it holds
//   ["spec", {name: {siid, piid}}]     makes the device a MIoT one, without asking a server for its spec
//   ["do", method, arguments]          a method of the library's class for this model
// The answer to a step is {"ok": value} or {"error": {"code": …, "message": …}}.
'use strict';

const mihome = require('node-mihome');
const { version } = require('node-mihome/package.json');

const { device: options, timeout, steps } = JSON.parse(process.argv[2]);

async function play(device, [what, ...rest]) {
  switch (what) {
    case 'send':
      return device.send(...rest);
    case 'burst': {
      const [count, method, params] = rest;
      return Promise.all(Array.from({ length: count }, () => device.send(method, params)));
    }
    case 'load': {
      let unavailable;
      device.once('unavailable', (reason) => { unavailable = reason; });
      await device.loadProperties(...rest);
      if (unavailable !== undefined) throw new Error(unavailable);
      return device.properties;
    }
    case 'spec':
      [device._miotSpec] = rest;
      return null;
    case 'do': {
      const [method, args] = rest;
      return device[method](...args);
    }
    default:
      throw new Error(`no such step: ${what}`);
  }
}

// The library leaves a promise open for ever when a reply has neither result nor error.
function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('never answered')), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function main() {
  mihome.miioProtocol.init();
  if (timeout) mihome.miioProtocol.timeout = timeout;
  const device = mihome.device({ ...options, refresh: 0 });
  const answers = [];
  for (const step of steps) {
    try {
      const value = await within(10000, play(device, step));
      answers.push({ ok: value === undefined ? null : value });
    } catch (error) {
      answers.push({ error: { code: error.code ?? null, message: String(error.message) } });
    }
  }
  console.log(JSON.stringify({ version, answers }));
  process.exit(0); // its retry timers outlive the answers
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
