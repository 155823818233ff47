/*
 * http_guest.ts: HTTP applications in AssemblyScript. A guest exports `run`, which hands its
 * function to run_user:
 *
 *	import { run_user, Request, Response } from "http_guest";
 *	export function run(): void {
 *		run_user((request: Request): Response => {
 *			const response = new Response();
 *			response.body_string = "You asked for " + request.url + "\n";
 *			return response;
 *		});
 *	}
 *
 * The server calls it once a request, each time in a fresh instance. The host's functions are
 * described in sdk/c/http_hostcalls.h.
 */

@external("env", "hostcall_init_mm")
declare function hostcall_init_mm(allocate: u32, release: u32): void;
@external("env", "hostcall_panic_hook")
declare function hostcall_panic_hook(text: usize, length: usize): void;
@external("env", "hostcall_debug")
declare function hostcall_debug(text: usize, length: usize): void;
@external("env", "hostcall_req_get_headers")
declare function hostcall_req_get_headers(names: usize, count: usize, request: i32): void;
@external("env", "hostcall_req_get_header")
declare function hostcall_req_get_header(values: usize, count: usize, request: i32, name: usize, length: usize): void;
@external("env", "hostcall_req_get_method")
declare function hostcall_req_get_method(data: usize, length: usize, request: i32): void;
@external("env", "hostcall_req_get_path")
declare function hostcall_req_get_path(data: usize, length: usize, request: i32): void;
@external("env", "hostcall_req_get_body")
declare function hostcall_req_get_body(data: usize, length: usize, request: i32): void;
@external("env", "hostcall_req_create")
declare function hostcall_req_create(method: usize, method_length: usize, url: usize, length: usize): i32;
@external("env", "hostcall_req_set_header")
declare function hostcall_req_set_header(request: i32, name: usize, length: usize, values: usize, count: usize): i32;
@external("env", "hostcall_req_set_body")
declare function hostcall_req_set_body(request: i32, data: usize, length: usize): i32;
@external("env", "hostcall_req_send")
declare function hostcall_req_send(request: i32): i32;
@external("env", "hostcall_req_send_async")
declare function hostcall_req_send_async(request: i32): i32;
@external("env", "hostcall_pending_req_wait")
declare function hostcall_pending_req_wait(pending: i32): i32;
@external("env", "hostcall_pending_req_poll")
declare function hostcall_pending_req_poll(pending: i32): i32;
@external("env", "hostcall_pending_req_select")
declare function hostcall_pending_req_select(pending: usize, count: usize, ready: usize): i32;
@external("env", "hostcall_resp_get_headers")
declare function hostcall_resp_get_headers(names: usize, count: usize, response: i32): void;
@external("env", "hostcall_resp_get_header")
declare function hostcall_resp_get_header(values: usize, count: usize, response: i32, name: usize, length: usize): void;
@external("env", "hostcall_resp_get_body")
declare function hostcall_resp_get_body(data: usize, length: usize, response: i32): void;
@external("env", "hostcall_resp_get_response_code")
declare function hostcall_resp_get_response_code(response: i32): i32;
@external("env", "hostcall_resp_set_header")
declare function hostcall_resp_set_header(response: i32, name: usize, length: usize, values: usize, count: usize): i32;
@external("env", "hostcall_resp_set_body")
declare function hostcall_resp_set_body(response: i32, data: usize, length: usize): i32;
@external("env", "hostcall_resp_set_response_code")
declare function hostcall_resp_set_response_code(response: i32, code: i32): i32;
@external("env", "hostcall_kvstore_insert")
declare function hostcall_kvstore_insert(key: usize, key_length: usize, value: usize, length: usize): bool;
@external("env", "hostcall_kvstore_upsert")
declare function hostcall_kvstore_upsert(key: usize, key_length: usize, value: usize, length: usize): bool;
@external("env", "hostcall_kvstore_append")
declare function hostcall_kvstore_append(key: usize, key_length: usize, value: usize, length: usize): bool;
@external("env", "hostcall_kvstore_get")
declare function hostcall_kvstore_get(data: usize, length: usize, key: usize, key_length: usize): bool;
@external("env", "hostcall_kvstore_remove")
declare function hostcall_kvstore_remove(key: usize, key_length: usize): bool;
@external("env", "hostcall_rng_next_u64")
declare function hostcall_rng_next_u64(): u64;
@external("env", "hostcall_time_now")
declare function hostcall_time_now(nanoseconds: usize): i64;
@external("env", "hostcall_dns_query_raw")
declare function hostcall_dns_query_raw(data: usize, length: usize, query: usize, query_length: usize): bool;
@external("env", "hostcall_dns_query_ip")
declare function hostcall_dns_query_ip(addresses: usize, count: usize, name: usize, length: usize, ipv6: bool): bool;

const INCOMING: i32 = 0;
const OUTGOING: i32 = 0;
const NOT_READY: i32 = -2;

/* ---- memory ---- */

/* Where the host puts the place and the length of what it gives. */
const out_place: usize = memory.data(8);
const out_length: usize = out_place + 4;

function out_clear(): void {
	store<u32>(out_place, 0);
	store<u32>(out_length, 0);
}

/* Copy bytes that the host gave, and free them. */
function bytes_take(place: usize, length: i32): Uint8Array {
	const bytes = new Uint8Array(length);
	memory.copy(bytes.dataStart, place, length);
	if (place) heap.free(place);
	return bytes;
}

function given_bytes(): Uint8Array {
	return bytes_take(load<u32>(out_place), load<u32>(out_length));
}

function given_list(): Uint8Array[] {
	const list: Uint8Array[] = [];
	const array: usize = load<u32>(out_place), count = load<u32>(out_length);
	for (let i: u32 = 0; i < count; i++)
		list.push(bytes_take(load<u32>(array + i * 8), load<u32>(array + i * 8 + 4)));
	if (array) heap.free(array);
	return list;
}

function given_strings(): string[] {
	return given_list().map<string>((bytes: Uint8Array): string => bytes_to_string(bytes));
}

/* An array of the slices that the host reads; `bytes` must live as long. */
function slices_of(bytes: Uint8Array[]): StaticArray<u32> {
	const slices = new StaticArray<u32>(bytes.length * 2);
	for (let i = 0; i < bytes.length; i++) {
		slices[2 * i] = <u32>bytes[i].dataStart;
		slices[2 * i + 1] = <u32>bytes[i].length;
	}
	return slices;
}

/** The text that bytes of UTF-8 are. */
export function bytes_to_string(bytes: Uint8Array): string {
	return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}

/** The bytes of a text, as UTF-8. */
export function string_to_bytes(text: string): Uint8Array {
	return Uint8Array.wrap(String.UTF8.encode(text));
}

/* ---- log, time, random numbers ---- */

/** Write a line to the server's log. */
export function debug(text: string): void {
	const bytes = string_to_bytes(text);
	hostcall_debug(bytes.dataStart, bytes.length);
}

/** End the request with a reason, which the log and the client get. */
export function panic(text: string): void {
	const bytes = string_to_bytes(text);
	hostcall_panic_hook(bytes.dataStart, bytes.length);
	unreachable();
}

/** A moment of the server's clock. */
export class Time {
	/** Since the beginning of 1970 (UTC); nanoseconds since the last second. */
	constructor(public seconds: i64, public nanoseconds: u32) {}

	static now(): Time {
		const seconds = hostcall_time_now(out_place);
		return new Time(seconds, load<u32>(out_place));
	}
}

/** 64 random bits, fit for keys. */
export function rng_next_u64(): u64 {
	return hostcall_rng_next_u64();
}

/* ---- headers ---- */

/** Headers in order; names are compared without regard to case. */
export class Headers {
	names: string[] = [];
	values: string[][] = [];

	private place(name: string): i32 {
		const wanted = name.toLowerCase();
		for (let i = 0; i < this.names.length; i++)
			if (this.names[i].toLowerCase() == wanted) return i;
		return -1;
	}

	/** All values of a header; none if it is not there. */
	get(name: string): string[] {
		const at = this.place(name);
		return at < 0 ? [] : this.values[at];
	}

	/** Set the values of a header, in place of all that it had. */
	set(name: string, values: string[]): void {
		const at = this.place(name);
		if (at >= 0) {
			this.values[at] = values;
			return;
		}
		this.names.push(name);
		this.values.push(values);
	}
}

/* Give all of them to the host, for a request or for the answer. */
function headers_send(headers: Headers, handle: i32, is_request: bool): void {
	for (let i = 0; i < headers.names.length; i++) {
		const name = string_to_bytes(headers.names[i]);
		const values = headers.values[i].map<Uint8Array>((text: string): Uint8Array => string_to_bytes(text));
		const slices = slices_of(values), place = changetype<usize>(slices);
		const refused = is_request
			? hostcall_req_set_header(handle, name.dataStart, name.length, place, values.length)
			: hostcall_resp_set_header(handle, name.dataStart, name.length, place, values.length);
		if (refused) panic("the host refuses the header " + headers.names[i]);
	}
}

function headers_read(handle: i32, is_request: bool): Headers {
	const headers = new Headers();
	out_clear();
	if (is_request) hostcall_req_get_headers(out_place, out_length, handle);
	else hostcall_resp_get_headers(out_place, out_length, handle);
	const names = given_strings();
	for (let i = 0; i < names.length; i++) {
		const name = string_to_bytes(names[i]);
		out_clear();
		if (is_request) hostcall_req_get_header(out_place, out_length, handle, name.dataStart, name.length);
		else hostcall_resp_get_header(out_place, out_length, handle, name.dataStart, name.length);
		headers.set(names[i], given_strings());
	}
	return headers;
}

/* ---- requests and responses ---- */

/** What a client gets, or what a request of the guest's got. */
export class Response {
	status: u16 = 200;
	headers: Headers = new Headers();
	body: Uint8Array = new Uint8Array(0);

	get body_string(): string {
		return bytes_to_string(this.body);
	}

	set body_string(text: string) {
		this.body = string_to_bytes(text);
	}

	set_header(name: string, values: string[]): void {
		this.headers.set(name, values);
	}

	get_header(name: string): string[] {
		return this.headers.get(name);
	}
}

function response_read(handle: i32): Response | null {
	if (handle < 0) return null;
	const response = new Response();
	response.status = <u16>hostcall_resp_get_response_code(handle);
	response.headers = headers_read(handle, false);
	out_clear();
	hostcall_resp_get_body(out_place, out_length, handle);
	response.body = given_bytes();
	return response;
}

/** The request that came, whose url is path and query, or one to an absolute URL. */
export class Request {
	headers: Headers = new Headers();
	body: Uint8Array = new Uint8Array(0);

	constructor(public method: string = "GET", public url: string = "/") {}

	get body_string(): string {
		return bytes_to_string(this.body);
	}

	set body_string(text: string) {
		this.body = string_to_bytes(text);
	}

	set_header(name: string, values: string[]): void {
		this.headers.set(name, values);
	}

	get_header(name: string): string[] {
		return this.headers.get(name);
	}

	/** Send it and wait for the response; null if there is none: the server's log says why. */
	send(): Response | null {
		const handle = this.prepare();
		return handle < 0 ? null : response_read(hostcall_req_send(handle));
	}

	/** Send it, without waiting; null if it cannot be sent. */
	send_async(): PendingRequest | null {
		const handle = this.prepare();
		const pending = handle < 0 ? handle : hostcall_req_send_async(handle);
		return pending < 0 ? null : new PendingRequest(pending);
	}

	private prepare(): i32 {
		const method = string_to_bytes(this.method), url = string_to_bytes(this.url);
		const handle = hostcall_req_create(method.dataStart, method.length, url.dataStart, url.length);
		if (handle < 0) return handle;
		headers_send(this.headers, handle, true);
		hostcall_req_set_body(handle, this.body.dataStart, this.body.length);
		return handle;
	}
}

/** A request that was sent, and its response not taken yet. */
export class PendingRequest {
	/** Whether it is over: a response came, or will not come. */
	is_done: bool = false;
	response: Response | null = null;

	constructor(private handle: i32) {}

	/* What the host answered, which may be that there is nothing yet. */
	private take(handle: i32): void {
		if (handle == NOT_READY) return;
		this.is_done = true;
		this.response = response_read(handle);
	}

	/** Wait for the response; null if there is none. */
	wait(): Response | null {
		if (!this.is_done) this.take(hostcall_pending_req_wait(this.handle));
		return this.response;
	}

	/** Look whether it is over. */
	poll(): bool {
		if (!this.is_done) this.take(hostcall_pending_req_poll(this.handle));
		return this.is_done;
	}

	/** Wait for the first of several to be over; its place in the list, or -1 if all are. */
	static select(list: PendingRequest[]): i32 {
		const handles: i32[] = [], places: i32[] = [];
		for (let i = 0; i < list.length; i++) {
			if (list[i].is_done) continue;
			handles.push(list[i].handle);
			places.push(i);
		}
		if (!handles.length) return -1;
		const handle = hostcall_pending_req_select(handles.dataStart, handles.length, out_place);
		const place = places[handles.indexOf(load<i32>(out_place))];
		list[place].take(handle);
		return place;
	}
}

/* ---- the key-value store, names ---- */

/** The store of the deployment, which all its requests share. Each operation is done at once. */
export class KVStore {
	/** Insert a value, in place of what is there. True if the key is new. */
	insert(key: string, value: Uint8Array): bool {
		const name = string_to_bytes(key);
		return hostcall_kvstore_insert(name.dataStart, name.length, value.dataStart, value.length);
	}

	/** Insert a value unless there is one: of several requests that do so one gets true. */
	upsert(key: string, value: Uint8Array): bool {
		const name = string_to_bytes(key);
		return hostcall_kvstore_upsert(name.dataStart, name.length, value.dataStart, value.length);
	}

	/** Put a value behind what is there. True if the key is new. */
	append(key: string, value: Uint8Array): bool {
		const name = string_to_bytes(key);
		return hostcall_kvstore_append(name.dataStart, name.length, value.dataStart, value.length);
	}

	/** The value of a key; null if it has none. */
	get(key: string): Uint8Array | null {
		const name = string_to_bytes(key);
		out_clear();
		if (!hostcall_kvstore_get(out_place, out_length, name.dataStart, name.length)) return null;
		return given_bytes();
	}

	/** Remove a key. True if it was there. */
	remove(key: string): bool {
		const name = string_to_bytes(key);
		return hostcall_kvstore_remove(name.dataStart, name.length);
	}
}

/** Questions to the server's name servers. */
export class DNS {
	/** Ask with a message of RFC 1035 that has one question; null if there is no answer. */
	static query_raw(query: Uint8Array): Uint8Array | null {
		out_clear();
		if (!hostcall_dns_query_raw(out_place, out_length, query.dataStart, query.length)) return null;
		return given_bytes();
	}

	/** The addresses of a name, of 4 bytes each or of 16. */
	static query_ip(name: string, ipv6: bool): Uint8Array[] {
		const bytes = string_to_bytes(name);
		out_clear();
		hostcall_dns_query_ip(out_place, out_length, bytes.dataStart, bytes.length, ipv6);
		return given_list();
	}
}

/* ---- one request from beginning to end ---- */

function host_allocate(size: usize): usize {
	return heap.alloc(size);
}

function host_release(block: usize): void {
	heap.free(block);
}

function incoming(): Request {
	const allocate = host_allocate, release = host_release;
	hostcall_init_mm(allocate.index, release.index);
	out_clear();
	hostcall_req_get_method(out_place, out_length, INCOMING);
	const method = bytes_to_string(given_bytes());
	out_clear();
	hostcall_req_get_path(out_place, out_length, INCOMING);
	const request = new Request(method, bytes_to_string(given_bytes()));
	request.headers = headers_read(INCOMING, true);
	out_clear();
	hostcall_req_get_body(out_place, out_length, INCOMING);
	request.body = given_bytes();
	return request;
}

function answer(response: Response): void {
	headers_send(response.headers, OUTGOING, false);
	hostcall_resp_set_body(OUTGOING, response.body.dataStart, response.body.length);
	if (hostcall_resp_set_response_code(OUTGOING, response.status))
		panic("the host refuses the status " + response.status.toString());
}

/** Answer the request with a function of the guest's. */
export function run_user(application: (request: Request) => Response): void {
	answer(application(incoming()));
}

/** The same for one that uses the key-value store. */
export function run_user_kvs(application: (store: KVStore, request: Request) => Response): void {
	answer(application(new KVStore(), incoming()));
}
