// Hello from Node, by as many processes as there are CPUs.
//
//	node node.mjs PORT TEXT          node:http answers
//	node node.mjs PORT TEXT FILE.js  a "fetch" listener in FILE.js answers
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { availableParallelism } from "node:os";

const [port, text, file] = process.argv.slice(2);
let listener;

async function ask(request, response) {
	let answer;
	const url = `http://${request.headers.host}${request.url}`;
	listener({
		request: new Request(url, { method: request.method, headers: request.headers }),
		respondWith(value) { answer = value; },
	});
	answer = await answer;
	response.writeHead(answer.status, Object.fromEntries(answer.headers));
	response.end(Buffer.from(await answer.arrayBuffer()));
}

function say(request, response) {
	response.writeHead(200, { "content-type": "text/plain", "content-length": text.length });
	response.end(text);
}

if (cluster.isPrimary) {
	for (let i = 0; i < availableParallelism(); i++)
		cluster.fork();
	process.on("SIGTERM", () => {
		for (const worker of Object.values(cluster.workers))
			worker.kill();
		process.exit(0);
	});
} else {
	if (file) {
		const define = new Function("addEventListener", readFileSync(file, "utf8"));
		define((kind, handler) => { listener = handler; });
	}
	createServer(file ? ask : say).listen(Number(port), "127.0.0.1");
}
