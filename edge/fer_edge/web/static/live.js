/** What the sensor tells a viewer: /api/live. */

import { Socket } from "./socket.js";

/**
 * @typedef {object} Face
 * @property {number} track
 * @property {[number, number, number, number]} box x, y, width, height as fractions of the picture
 * @property {string} emotion
 * @property {number} score
 * @property {number[]} scores in the order of the labels
 *
 * @typedef {object} Frame
 * @property {number} number
 * @property {[number, number]} size
 * @property {Face[]} faces
 * @property {Blob | null} jpeg
 *
 * @typedef {object} Listener
 * @property {(message: any, raw: any) => void} told a JSON message, and the same with its numbers as they were written
 * @property {(frame: Frame) => Promise<void>} frame settled when it is drawn
 * @property {(code: number, reason: string) => void} lost
 */

const AHEAD = 2; // frames that are asked for at once
const SILENCE = 7000; // milliseconds; a status comes every two seconds
const UTF8 = new TextDecoder();

export class Live {
  /** @type {Listener} */ #listener;
  /** @type {Socket} */ #socket;
  #asked = 0;
  #session = 0;
  /** @type {Promise<void>} */ #drawn = Promise.resolve();

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
    const ends = {
      opened: () => this.#begin(),
      heard: (/** @type {string | ArrayBuffer} */ data) => this.#hear(data),
      lost: listener.lost,
    };
    this.#socket = new Socket("/api/live", ends, (since) => since > SILENCE);
    document.addEventListener("visibilitychange", () => this.#ask());
  }

  /** @param {boolean} picture whether frames are to come with their picture */
  open(picture) {
    this.#socket.open(picture ? "/api/live" : "/api/live?picture=0");
  }

  #begin() {
    this.#session += 1;
    this.#asked = 0;
    this.#ask();
  }

  /** Ask for as many frames as may be under way; nobody looks at a hidden page. */
  #ask() {
    while (!document.hidden && this.#asked < AHEAD && this.#socket.send("next")) this.#asked += 1;
  }

  /** @param {string | ArrayBuffer} data */
  #hear(data) {
    if (typeof data === "string") return this.#listener.told(JSON.parse(data), JSON.parse(data, asWritten));
    const session = this.#session;
    const frame = parse(data);
    this.#drawn = this.#drawn.then(() => this.#listener.frame(frame)).finally(() => {
      if (session !== this.#session) return;
      this.#asked -= 1;
      this.#ask();
    });
  }
}

/** @param {ArrayBuffer} data: the length of the JSON, uint32; the JSON; a JPEG. @returns {Frame} */
function parse(data) {
  const start = 4 + new DataView(data).getUint32(0);
  const head = JSON.parse(UTF8.decode(new Uint8Array(data, 4, start - 4)));
  const jpeg = start < data.byteLength ? new Blob([new Uint8Array(data, start)], { type: "image/jpeg" }) : null;
  return { ...head, jpeg };
}

/**
 * Keeps 0.0 from becoming 0, where the browser can.
 * @param {string} _ @param {any} value @param {any} [context]
 */
function asWritten(_, value, context) {
  // @ts-ignore: newer than the types
  return typeof value === "number" && context && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}
