/** A WebSocket that comes back by itself. */

const FIRST = 500; // milliseconds to the next attempt, doubled up to LAST
const LAST = 5000;
const FULL = 15000; // the same when the server has no place for us
const TRY_AGAIN_LATER = 1013;

/**
 * @typedef {object} Ends
 * @property {() => void} [opened]
 * @property {(data: string | ArrayBuffer) => void} heard
 * @property {(code: number, reason: string) => void} [lost] the connection has ended, or there was none
 */

export class Socket {
  /** @type {WebSocket | null} */ #socket = null;
  #wanted = false;
  #timer = 0;
  #wait = FIRST;
  #heardAt = 0;
  #greeted = false; // whether a message came on this connection
  /** @type {string} */ #path;
  /** @type {Ends} */ #ends;
  /** @type {() => boolean} */ #silent;

  /**
   * @param {string} path with query
   * @param {Ends} ends
   * @param {(since: number) => boolean} stuck whether the line is dead, milliseconds after the last message
   */
  constructor(path, ends, stuck) {
    this.#path = path;
    this.#ends = ends;
    this.#silent = () => stuck(performance.now() - this.#heardAt);
    setInterval(() => this.#watch(), 1000);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** @param {string} [path] another one than before */
  open(path = this.#path) {
    this.close();
    this.#path = path;
    this.#wanted = true;
    this.#wait = FIRST;
    this.#connect();
  }

  /** Not to come back until `open`. */
  close() {
    this.#wanted = false;
    this.#drop();
  }

  /** @param {string | Blob} data @returns {boolean} whether there was a line to send it on */
  send(data) {
    if (!this.isOpen) return false;
    this.#socket?.send(data);
    return true;
  }

  #connect() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.#path);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heardAt = performance.now();
    this.#greeted = false;
    socket.onopen = () => {
      this.#heardAt = performance.now();
      this.#ends.opened?.();
    };
    socket.onmessage = (message) => {
      this.#heardAt = performance.now();
      this.#greeted = true;
      this.#wait = FIRST;
      this.#ends.heard(message.data);
    };
    socket.onclose = (event) => this.#lose(event.code, event.reason);
  }

  /** @param {number} code @param {string} reason */
  #lose(code, reason) {
    if (!this.#greeted) leaveIfStranger();
    this.#drop();
    const wait = code === TRY_AGAIN_LATER ? FULL : this.#wait;
    this.#wait = Math.min(LAST, 2 * this.#wait);
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#ends.lost?.(code, reason); // which may close, or open another path
  }

  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = socket.onopen = socket.onmessage = socket.onclose = null;
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close(); // sooner is an error to a browser
    else socket.close();
  }

  #watch() {
    if (this.#wanted && this.#socket && this.#silent()) this.#lose(0, "silence");
  }

  /** The network is back, or somebody looks again: no more waiting. */
  #hurry() {
    if (this.#wanted && !this.#socket) this.#connect();
    else this.#watch();
  }
}

/** A server that has another token now refuses a socket without a word; the page is then that to log in. */
async function leaveIfStranger() {
  const answer = await fetch("/api/state").catch(() => null);
  if (answer?.status === 401) location.reload();
}
