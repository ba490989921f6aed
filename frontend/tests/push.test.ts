// @vitest-environment node
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WebSocketServer, type WebSocket as Connection } from "ws";
import { makePush, type PushEvent } from "../src/push";

const ID = "0".repeat(32);
const event = (state: string, seen: string, edition = "fr"): PushEvent => ({ id: ID, edition, state, done: 0, total: 0, seen });

let server: WebSocketServer;
let address: string;
const stops: (() => void)[] = [];

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
});

afterEach(async () => {
  vi.useRealTimers();
  for (const stop of stops.splice(0)) stop();
  for (const client of server.clients) client.terminate();
  await new Promise((resolve) => server.close(resolve));
});

/** The next connection, with what it asks to follow. */
async function connection(): Promise<{ link: Connection; follows: unknown[]; asked: () => Promise<unknown> }> {
  const [link] = (await once(server, "connection")) as [Connection];
  const follows: unknown[] = [];
  let wake = () => {};
  link.on("message", (data) => (follows.push((JSON.parse(String(data)) as { follow: unknown }).follow), wake()));
  const asked = async () => {
    while (!follows.length) await new Promise<void>((resolve) => (wake = resolve));
    return follows.shift();
  };
  return { link, follows, asked };
}

function following(push: ReturnType<typeof makePush>, edition = "fr") {
  const events: PushEvent[] = [];
  const links: boolean[] = [];
  const stop = push.follow(ID, edition, (change) => events.push(change), (connected) => links.push(connected));
  stops.push(stop);
  return { events, links, stop };
}

describe("a push connection", () => {
  it("follows an edition and passes its changes on", async () => {
    const { events, links } = following(makePush(async () => address));
    const { link, asked } = await connection();
    expect(await asked()).toEqual([{ id: ID, edition: "fr", seen: "" }]);
    link.send(JSON.stringify(event("writing", "a")));
    link.send(JSON.stringify(event("speaking", "b", "de")));
    link.send("no JSON");
    link.send(JSON.stringify(event("done", "c")));
    await vi.waitFor(() => expect(events.map(({ seen }) => seen)).toEqual(["a", "c"]));
    expect(links).toEqual([true]);
  });

  it("is shared by all that is followed", async () => {
    const open = vi.fn(async () => address);
    const push = makePush(open);
    const french = following(push);
    const { asked } = await connection();
    await asked();
    const german = following(push, "de");
    expect(await asked()).toEqual([{ id: ID, edition: "fr", seen: "" }, { id: ID, edition: "de", seen: "" }]);
    french.stop();
    expect(await asked()).toEqual([{ id: ID, edition: "de", seen: "" }]);
    expect([open.mock.calls.length, german.links]).toEqual([1, [true]]);
  });

  it("comes back by itself and resumes from the last event", async () => {
    const { events, links } = following(makePush(async () => address));
    const first = await connection();
    await first.asked();
    first.link.send(JSON.stringify(event("writing", "a")));
    await vi.waitFor(() => expect(events.length).toBe(1));
    first.link.terminate();
    const second = await connection();
    expect(await second.asked()).toEqual([{ id: ID, edition: "fr", seen: "a" }]);
    expect(links).toEqual([true, false, true]);
  });

  it("is not asked for again where it is not offered", async () => {
    vi.useFakeTimers();
    const open = vi.fn(async () => null);
    const push = makePush(open);
    const { links } = following(push);
    await vi.advanceTimersByTimeAsync(600_000);
    following(push, "de");
    await vi.advanceTimersByTimeAsync(600_000);
    expect([open.mock.calls.length, links]).toEqual([1, []]);
  });

  it("is given up after some failures, and tried again when a story is followed", async () => {
    vi.useFakeTimers();
    const open = vi.fn(async () => Promise.reject(new Error("offline")));
    const push = makePush(open);
    following(push);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(open.mock.calls.length).toBe(7);
    following(push, "de");
    await vi.advanceTimersByTimeAsync(0);
    expect(open.mock.calls.length).toBe(8);
  });

  it("is closed a while after nobody follows anything", async () => {
    const { stop } = following(makePush(async () => address));
    const { link, asked } = await connection();
    await asked();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    stop();
    const closed = once(link, "close");
    await vi.advanceTimersByTimeAsync(15_000);
    vi.useRealTimers();
    await closed;
  });
});
