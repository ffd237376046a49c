'use strict';
// Sends telemetry with the official SDK as any application would, and says on standard output what the SDK told it.
// Environment: CONNECTION_STRING or TOKEN, CA (a file), COUNT, INTERVAL (ms), RETRY ("no" to give up at the first failure).

const fs = require('fs');
const { Client, Message } = require('azure-iot-device');
const { NoRetry } = require('azure-iot-common');
const { Mqtt } = require('azure-iot-device-mqtt');

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function main() {
  const env = process.env;
  const client = env.TOKEN
    ? Client.fromSharedAccessSignature(env.TOKEN, Mqtt)
    : Client.fromConnectionString(env.CONNECTION_STRING, Mqtt);
  await client.setOptions({ ca: fs.readFileSync(env.CA, 'utf8') });
  if (env.RETRY === 'no') {
    client.setRetryPolicy(new NoRetry());
  }

  client.on('error', (e) => say({ error: e.name }));
  client.on('disconnect', () => say({ event: 'disconnect' }));
  await client.open();
  // As applications that also take commands do: it subscribes, and has the SDK reconnect by itself.
  client.on('message', () => say({ event: 'message' }));
  say({ event: 'open' });

  const sends = [];
  for (let i = 0; i < Number(env.COUNT); i++) {
    const message = new Message(JSON.stringify({ n: i, text: 'grüße & ünïcode=%' }));
    message.messageId = `m${i}`;
    message.contentType = 'application/json';
    message.contentEncoding = 'utf-8';
    message.properties.add('room', 'a&b=c/d ü%');
    sends.push(client.sendEvent(message)
      .then(() => say({ acked: message.messageId }))
      .catch((e) => say({ failed: message.messageId, error: e.name })));
    await pause(Number(env.INTERVAL));
  }

  await Promise.all(sends);
  say({ event: 'sent' });
  await client.close();
}

main().then(() => process.exit(0), (e) => { say({ error: e.name }); process.exit(1); });
