/*
 * proxy.ts: an API that wants a secret token, for clients that must not have it. Variables of the
 * environment: API_URL, its address without a path, and API_TOKEN.
 *
 *	selvage serve --env API_URL=https://api.example.com --env API_TOKEN=... proxy.wasm
 */
import { KVStore, Request, Response, bytes_to_string, run_user_kvs } from "http_guest";

function plain(status: u16, text: string): Response {
	const response = new Response();
	response.status = status;
	response.set_header("content-type", ["text/plain"]);
	response.body_string = text + "\n";
	return response;
}

/* What is for this server, or would give a client more than it should have. */
const not_passed_on: string[] = ["authorization", "cookie", "host", "connection", "content-length"];

function proxy(store: KVStore, request: Request): Response {
	const url = store.get("env/API_URL"), token = store.get("env/API_TOKEN");
	if (url == null || token == null) return plain(500, "API_URL or API_TOKEN is not set");
	if (request.method != "GET") return plain(405, "only GET is passed on");
	const inner = new Request("GET", bytes_to_string(url) + request.url);
	for (let i = 0; i < request.headers.names.length; i++) {
		const name = request.headers.names[i];
		if (!not_passed_on.includes(name)) inner.set_header(name, request.headers.values[i]);
	}
	inner.set_header("authorization", ["Bearer " + bytes_to_string(token)]);
	const answer = inner.send();
	if (answer == null) return plain(502, "the API does not answer");
	const response = plain(answer.status, "");
	const kind = answer.get_header("content-type");
	if (kind.length) response.set_header("content-type", kind);
	response.body = answer.body;
	return response;
}

export function run(): void {
	run_user_kvs(proxy);
}
