// The handler of the JavaScript table, for workerd; node.mjs runs it in Node.
addEventListener("fetch", (event) => event.respondWith(
  new Response("Hello from JS\n", { headers: { "content-type": "text/plain" } })));
