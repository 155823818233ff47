// A tour of Fastly Compute in JavaScript: each route shows one area of the platform. What it finds
// comes from fastly.toml.
//
//   npm install && npm run build
//   selvage serve --config fastly.toml tour.wasm

import { Acl } from 'fastly:acl';
import { Backend } from 'fastly:backend';
import { CacheOverride } from 'fastly:cache-override';
import { CoreCache, SimpleCache } from 'fastly:cache';
import { ConfigStore } from 'fastly:config-store';
import { Device } from 'fastly:device';
import { EdgeRateLimiter, PenaltyBox, RateCounter } from 'fastly:edge-rate-limiter';
import { getGeolocationForIpAddress } from 'fastly:geolocation';
import { KVStore } from 'fastly:kv-store';
import { Logger } from 'fastly:logger';
import { SecretStore } from 'fastly:secret-store';
import { purgeSurrogateKey, vCpuTime } from 'fastly:compute';

const text = (text, init) => new Response(text + '\n', init);

async function kv(request, query) {
  const store = new KVStore('notes');
  const key = query.get('key');
  if (request.method === 'PUT') {
    const mode = query.get('mode');
    try {
      await store.put(key, await request.text(), { metadata: 'from a request', ...(mode ? { mode } : {}) });
    } catch (error) {
      return text(String(error), { status: mode === 'add' ? 412 : 500 });
    }
    return text('done');
  }
  if (request.method === 'DELETE') {
    await store.delete(key);
    return text('done');
  }
  const found = await store.get(key);
  if (!found) return text('', { status: 404 });
  return new Response(found.body, { headers: { 'x-metadata': found.metadataText() ?? '' } });
}

async function list() {
  const store = new KVStore('notes');
  const keys = [];
  let cursor;
  do {
    const page = await store.list({ limit: 2, ...(cursor ? { cursor } : {}) });
    keys.push(...page.list);
    cursor = page.cursor;
  } while (cursor);
  return text(keys.join(' '));
}

function stream() {
  const encoder = new TextEncoder();
  let number = 0;
  const body = new ReadableStream({
    pull(controller) {
      number += 1;
      controller.enqueue(encoder.encode(number <= 5 ? `line ${number}\n` : 'the end\n'));
      if (number === 6) controller.close();
    },
  });
  return new Response(body, { headers: { 'x-streamed': 'yes' } });
}

async function together() {
  const pending = [0, 1, 2, 3].map((number) =>
    fetch(`http://origin.test/together/4/${number}`, { backend: 'origin', cacheOverride: new CacheOverride('pass') }));
  const answers = await Promise.all(pending);
  return text(`${answers.filter((answer) => answer.ok).length} answered`);
}

// Without the fields of the connection, which are the other side's.
async function proxy(request, query, cacheOverride) {
  const headers = {};
  for (const name of ['range', 'if-none-match', 'accept']) {
    if (request.headers.has(name)) headers[name] = request.headers.get(name);
  }
  const init = { method: request.method, headers, backend: 'origin', ...(cacheOverride ? { cacheOverride } : {}) };
  return fetch('http://origin.test' + query.get('path'), init);
}

async function core(query) {
  const key = query.get('key');
  const accept = query.get('accept') ?? '';
  const entry = CoreCache.transactionLookup(key, { headers: { accept } });
  const state = entry.state();
  if (state.found()) {
    const [start, end] = (query.get('range') ?? '').split('-');
    const body = end ? entry.body({ start: Number(start), end: Number(end) }) : entry.body();
    const metadata = new TextDecoder().decode(entry.userMetadata());
    const told = `hit ${entry.hits()} ${state.stale()} ${state.mustInsertOrUpdate()} Some(${entry.length()})`;
    return new Response(body, { headers: { 'x-state': told, 'x-metadata': metadata } });
  }
  const [writer, reader] = entry.insertAndStreamBack({
    maxAge: 60000,
    surrogateKeys: ['all', key],
    vary: ['accept'],
    userMetadata: 'about it',
  });
  writer.append(`made for ${accept} `);
  writer.close();
  return new Response(reader.body(), { headers: { 'x-state': 'miss' } });
}

function insert(query) {
  const value = query.get('value');
  const writer = CoreCache.insert(query.get('key'), {
    maxAge: 60000,
    initialAge: Number(query.get('age') ?? 0) * 1000,
    staleWhileRevalidate: 60000,
    surrogateKeys: ['all'],
    length: value.length,
  });
  writer.append(value);
  if (query.get('give-up') === 'yes') {
    writer.abandon();
    return text('given up');
  }
  writer.close();
  return text('inserted');
}

function update(query) {
  const entry = CoreCache.transactionLookup(query.get('key'));
  const state = entry.state();
  if (!state.found()) return text('nothing');
  if (state.mustInsertOrUpdate()) entry.update({ maxAge: 60000, userMetadata: 'updated' });
  return text(`${state.mustInsertOrUpdate()} ${state.stale()}`);
}

function limiter(query) {
  const limits = new EdgeRateLimiter(new RateCounter('limited'), new PenaltyBox('box'));
  return text(limits.checkRate(query.get('who'), 10, 10, 5, 1));
}

function count(query) {
  const counter = new RateCounter('requests');
  const who = query.get('who');
  counter.increment(who, Number(query.get('by')));
  return text(`${counter.lookupCount(who, 60)} ${counter.lookupRate(who, 10)}`);
}

function penalty(query) {
  const box = new PenaltyBox('box');
  const before = box.has(query.get('who'));
  box.add(query.get('who'), 2);
  return text(`${before} ${box.has(query.get('who'))}`);
}

function fields(request) {
  const headers = new Headers({ 'x-once': 'first', 'x-gone': 'x' });
  headers.append('x-set', 'one');
  headers.append('x-set', 'two');
  headers.set('x-once', 'second');
  headers.delete('x-gone');
  const names = [...request.headers.keys()].sort();
  return text(`${request.headers.get('x-many').replace(', ', ',')}\n${names.join(' ')}`, { headers });
}

async function dynamic(query) {
  const target = query.get('target');
  const backend = new Backend({ name: 'made', target, hostOverride: 'made.test', connectTimeout: 20000,
    firstByteTimeout: 20000 });
  const answer = await fetch('http://x.test/', { backend, cacheOverride: new CacheOverride('pass') });
  return text(`${backend} true ${target.split(':')[1]}\n${await answer.text()}`);
}

async function unknown() {
  try {
    await fetch('http://x.test/', { backend: 'nothing' });
    return text('answered');
  } catch (error) {
    return text(String(error), { status: 502 });
  }
}

async function simple(query) {
  const entry = await SimpleCache.getOrSet(query.get('key'), async () => ({ value: query.get('value'), ttl: 60 }));
  return new Response(entry.body);
}

// The lines of a route are what the other tours answer.
async function route(event) {
  const request = event.request;
  const url = new URL(request.url);
  const query = url.searchParams;
  switch (url.pathname) {
    case '/config': {
      const value = new ConfigStore('settings').get(query.get('key'));
      return value === null ? text('', { status: 404 }) : text(value);
    }
    case '/secret': {
      const vault = new SecretStore('vault');
      return text(`${(await vault.get('password')).plaintext()} ${(await vault.get('nothing')) !== null}`);
    }
    case '/kv': return kv(request, query);
    case '/kv/list': return list();
    case '/acl': {
      const found = await Acl.open('blocked').lookup(query.get('ip'));
      return text(found ? `${found.prefix} ${found.action.toLowerCase()}` : 'no entry');
    }
    case '/geo': {
      const place = getGeolocationForIpAddress(query.get('ip'));
      return text(place ? `${place.city} ${place.country_code} ${place.latitude}` : 'nowhere');
    }
    case '/device': {
      const device = Device.lookup(query.get('agent'));
      return text(device ? `Some("${device.name}") Some(${device.isMobile}) Some("PhoneOS")` : 'unknown');
    }
    case '/count': return count(query);
    case '/limit': return limiter(query);
    case '/penalty': return penalty(query);
    case '/runtime': return text(`true ${vCpuTime() < 60000} true selvage`);
    case '/log':
      new Logger('audit').log('somebody was here');
      console.log('to standard output');
      return text('logged');
    case '/echo': {
      const body = await request.arrayBuffer();
      const whole = new Uint8Array(6 + body.byteLength);
      whole.set(new TextEncoder().encode('echo: '));
      whole.set(new Uint8Array(body), 6);
      return new Response(whole, { headers: { 'x-length': String(body.byteLength) } });
    }
    case '/stream': return stream();
    case '/early': return text('early');
    case '/fields': return fields(request);
    case '/proxy': return proxy(request, query);
    case '/pass': return proxy(request, query, new CacheOverride('pass'));
    case '/together': return together();
    case '/upload':
      return fetch('http://origin.test/count', { method: 'POST', body: 'x'.repeat(100000), backend: 'origin' });
    case '/dynamic': return dynamic(query);
    case '/unknown': return unknown();
    case '/simple': return simple(query);
    case '/simple/purge':
      SimpleCache.purge(query.get('key'), { scope: 'pop' });
      return text('purged');
    case '/core': return core(query);
    case '/core/insert': return insert(query);
    case '/core/update': return update(query);
    case '/purge':
      purgeSurrogateKey(query.get('surrogate'), query.get('soft') === 'yes');
      return text('purged');
    default: return text('', { status: 501 }); // this SDK has no such call
  }
}

async function answer(event) {
  try {
    return await route(event);
  } catch (error) {
    return text(`${error}\n${error.stack}`, { status: 500 });
  }
}

addEventListener('fetch', (event) => event.respondWith(answer(event)));
