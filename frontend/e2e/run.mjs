/**
 * Plays the scenes in a real browser: node e2e/run.mjs BASE [SCENE…]
 *
 * Exchanges JSON lines with the owner of the server (tests/frontend/scenes.py): the reply to {"please": …} is read from
 * standard input, {"report": …} is the last line.
 */
import { createInterface } from "node:readline";
import { launch } from "./browser.mjs";
import { play } from "./stage.mjs";
import * as comfort from "./scenes/comfort.mjs";
import * as controls from "./scenes/controls.mjs";
import * as family from "./scenes/family.mjs";
import * as languages from "./scenes/languages.mjs";
import * as listening from "./scenes/listening.mjs";
import * as older from "./scenes/older.mjs";
import * as offline from "./scenes/offline.mjs";
import * as outage from "./scenes/outage.mjs";
import * as safety from "./scenes/safety.mjs";
import * as shelf from "./scenes/shelf.mjs";
import * as signing from "./scenes/signing.mjs";
import * as trouble from "./scenes/trouble.mjs";
import * as voices from "./scenes/voices.mjs";
import * as waiting from "./scenes/waiting.mjs";

const [base, ...wanted] = process.argv.slice(2);
const scenes = {
  ...listening, ...languages, ...voices, ...controls, ...shelf, ...safety, ...trouble, ...outage, ...offline, ...family, ...signing, ...waiting, ...comfort, ...older,
};
const report = { scenes: {}, errors: [], strangers: [], axe: {}, seconds: {} };
const say = (word) => console.log(JSON.stringify(word));
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function please(what, details = {}) {
  say({ please: what, ...details });
  return JSON.parse((await answers.next()).value);
}

/** Scenes that mostly wait, for a story, a clock or an address: they wait at the same time. */
const PATIENT = new Set(["another", "sleepTimer", "sleepInTheSound", "queueFull", "renewal"]);

const browser = await launch();
const chosen = Object.entries(scenes).filter(([name]) => !wanted.length || wanted.includes(name));
const stage = { browser, base, please, report };
const patient = chosen.filter(([name]) => PATIENT.has(name));
const lone = chosen.filter(([name]) => !PATIENT.has(name));
for (const [name, scene] of lone) await play(name, scene, stage);
await Promise.all(patient.map(([name, scene]) => play(name, scene, stage)));
await browser.close();
say({ report });
process.exit(0);
