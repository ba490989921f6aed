/**
 * The page and the API of a stage with Auth=cognito: each at an origin of its own, the API behind the issuer's token.
 *
 * The guard does what API Gateway's authoriser does by template.yaml: signature, issuer, client and time of the token in
 * `Authorization`, on the calls that are not open to everybody. What passes goes to the server of the run.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { headers } from "./browser.mjs";
import { startIssuer } from "./issuer.mjs";

// Pictures too, which AWS has none of: an img sends no token.
const OPEN = /^GET \/(stories|stories\/\w+\/cover[-.\w]+|stories\/\w+\/[-\w]+\/preview|locales|health|openapi\.json)(\?|$)/;
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", json: "application/json", svg: "image/svg+xml" };
const DIST = new URL("../dist/", import.meta.url);
const UNAUTHORIZED = { type: "urn:mvp-stories:problem:unauthorized", title: "Not signed in", status: 401, detail: "Sign in." };

/** base: the server that tells the stories. calls: {call, passes, token: whether it came with one}. */
export async function startGuarded(base) {
  const stage = { base, calls: [] };
  const page = await listen((request, response) => servePage(stage, request, response));
  const api = await listen((request, response) => guard(stage, request, response));
  const address = `${page.origin}/`;
  const issuer = await startIssuer(address);
  const keys = createRemoteJWKSet(new URL(`${issuer.issuer}/jwks`));
  const origins = [page.origin, api.origin, issuer.issuer];
  return Object.assign(stage, { address, port: page.port, api: api.origin, issuer, keys, origins, stop: () => close(page, api, issuer) });
}

async function listen(answer) {
  const server = createServer((request, response) => answer(request, response).catch((error) => response.writeHead(500).end(String(error))));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  return { server, port, origin: `http://127.0.0.1:${port}` };
}

function close(...parts) {
  for (const { server } of parts) {
    server.close();
    server.closeAllConnections();
  }
}

/** The built page with Amplify's headers, and the config.json of the stage. */
async function servePage({ base, api, issuer: { signIn } }, request, response) {
  const { pathname } = new URL(request.url, "http://page");
  const name = pathname === "/" ? "index.html" : pathname.slice(1);
  const config = JSON.stringify({ api, signIn });
  const body = name === "config.json" ? config : await readFile(new URL(name, DIST)).catch(() => null);
  const sent = headers({ API_ORIGIN: api, MEDIA_ORIGIN: base, TOKEN_ADDRESS: signIn.token });
  // A browser warns of it on plain http, which a stage never serves.
  if (!request.headers.host.startsWith("127.")) delete sent["Cross-Origin-Opener-Policy"];
  response.writeHead(body === null ? 404 : 200, { ...sent, "Content-Type": TYPES[name.split(".").at(-1)] ?? "text/plain" });
  response.end(body ?? "");
}

async function guard({ base, calls, keys, issuer: { issuer } }, request, response) {
  const shared = { "Access-Control-Allow-Origin": request.headers.origin ?? "", "Access-Control-Expose-Headers": "Location, Retry-After" };
  const allowed = { "Access-Control-Allow-Headers": "Authorization,Content-Type,Idempotency-Key", "Access-Control-Allow-Methods": "GET,POST" };
  if (request.method === "OPTIONS") return response.writeHead(204, { ...shared, ...allowed }).end();
  const { authorization = "" } = request.headers;
  const call = `${request.method} ${request.url}`;
  const isKnown = () => jwtVerify(authorization, keys, { issuer, audience: "page" }).then(Boolean, () => false);
  const passes = OPEN.test(call) || (await isKnown());
  calls.push({ call, passes, token: authorization !== "" });
  const answer = passes ? await passOn(base, request) : new Response(JSON.stringify(UNAUTHORIZED), { status: 401 });
  response.writeHead(answer.status, { ...shared, "Content-Type": answer.headers.get("content-type") ?? "" });
  return response.end(await answer.text());
}

async function passOn(base, request) {
  const parts = await Array.fromAsync(request);
  const { "idempotency-key": key, "content-type": type } = request.headers;
  const sent = Object.fromEntries(Object.entries({ "Idempotency-Key": key, "Content-Type": type }).filter(([, value]) => value));
  // The API would draw one of an idea's many stories: here it is the shared one.
  const body = parts.length ? { body: JSON.stringify({ variant: 0, ...JSON.parse(Buffer.concat(parts).toString()) }) } : {};
  return fetch(base + request.url, { method: request.method, headers: sent, ...body });
}
