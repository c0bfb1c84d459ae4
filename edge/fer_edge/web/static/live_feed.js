/** What the sensor sends to a viewer over /api/live: JSON messages, and frames on request. */

import { ReconnectingSocket } from "./reconnecting_socket.js";

/**
 * @typedef {object} Face
 * @property {number} track
 * @property {[number, number, number, number]} box x, y, width, height as fractions of the picture
 * @property {[number, number, number, number]} full_box the same without clipping: it may reach beyond the picture
 * @property {number} angle how far the head is tilted: the face fills full_box turned by it, degrees clockwise
 * @property {string | null} emotion null if none is certain enough
 * @property {number} score
 * @property {number[]} scores in the order of the labels
 * @property {string | null} [zone] only with zones; null outside all of them
 *
 * @typedef {object} Frame
 * @property {number} number
 * @property {[number, number]} size
 * @property {Face[]} faces
 * @property {Blob | null} jpeg
 *
 * @typedef {object} Handlers
 * @property {(message: any, raw: any) => void} onMessage a JSON message, and the same with its numbers as written
 * @property {(frame: Frame) => Promise<void>} onFrame resolves when the frame is drawn
 * @property {(code: number, reason: string) => void} onClose
 * @property {(answers: boolean) => void} onFailure no connection; whether the sensor answers other requests
 */

const FRAMES_AHEAD = 2; // frames requested at once
const SILENCE_TIMEOUT = 7000; // milliseconds; a status comes every two seconds
const UTF8 = new TextDecoder();

export class LiveFeed {
  /** @type {Handlers} */ #handlers;
  /** @type {ReconnectingSocket} */ #socket;
  #requested = 0;
  #session = 0;
  /** @type {Promise<void>} */ #drawn = Promise.resolve();

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    const socketHandlers = {
      onOpen: () => this.#begin(),
      onMessage: (/** @type {string | ArrayBuffer} */ data) => this.#receive(data),
      onClose: handlers.onClose,
      onFailure: handlers.onFailure,
    };
    this.#socket = new ReconnectingSocket("api/live", socketHandlers, (silence) => silence > SILENCE_TIMEOUT);
    document.addEventListener("visibilitychange", () => this.#request());
  }

  /** @param {boolean} withPicture whether frames include their picture */
  open(withPicture) {
    this.#socket.open(withPicture ? "api/live" : "api/live?picture=0");
  }

  #begin() {
    this.#session += 1;
    this.#requested = 0;
    this.#request();
  }

  /** Request as many frames as may be under way; none while the page is hidden. */
  #request() {
    while (!document.hidden && this.#requested < FRAMES_AHEAD && this.#socket.send("next")) this.#requested += 1;
  }

  /** @param {string | ArrayBuffer} data */
  #receive(data) {
    if (typeof data === "string") {
      return this.#handlers.onMessage(JSON.parse(data), JSON.parse(data, preserveNumbers));
    }
    const session = this.#session;
    const frame = parseFrame(data);
    this.#drawn = this.#drawn.then(() => this.#handlers.onFrame(frame)).finally(() => {
      if (session !== this.#session) return;
      this.#requested -= 1;
      this.#request();
    });
  }
}

/** @param {ArrayBuffer} data the length of the JSON, uint32; the JSON; a JPEG. @returns {Frame} */
function parseFrame(data) {
  const start = 4 + new DataView(data).getUint32(0);
  const header = JSON.parse(UTF8.decode(new Uint8Array(data, 4, start - 4)));
  const jpeg = start < data.byteLength ? new Blob([new Uint8Array(data, start)], { type: "image/jpeg" }) : null;
  return { ...header, jpeg };
}

/**
 * A reviver that keeps 0.0 from becoming 0, in browsers that have JSON.rawJSON.
 * @param {string} _ @param {any} value @param {any} [context]
 */
function preserveNumbers(_, value, context) {
  // @ts-ignore: newer than the types
  return typeof value === "number" && context && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}
