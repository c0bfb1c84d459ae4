/** A WebSocket that reconnects by itself. */

const FIRST_RETRY = 500; // milliseconds to the next attempt, doubled each time up to MAX_RETRY
const MAX_RETRY = 5000; // milliseconds
const BUSY_RETRY = 15000; // milliseconds, if the server has no room for another viewer
const WATCH_INTERVAL = 1000; // milliseconds
const CLOSE_TRY_AGAIN_LATER = 1013; // close code, RFC 6455

/**
 * @typedef {object} SocketHandlers
 * @property {() => void} [onOpen]
 * @property {(data: string | ArrayBuffer) => void} onMessage
 * @property {(code: number, reason: string) => void} [onClose] the connection was lost, or could not be made
 * @property {(answers: boolean) => void} [onFailure] it could not be made; whether the server answers other requests
 */

export class ReconnectingSocket {
  /** @type {WebSocket | null} */ #socket = null;
  #isEnabled = false; // between open() and close()
  #timer = 0;
  #retryDelay = FIRST_RETRY;
  #receivedAt = 0;
  #hasReceived = false; // whether a message arrived on this connection
  /** @type {string} */ #path;
  /** @type {SocketHandlers} */ #handlers;
  /** @type {() => boolean} */ #isStuck;

  /**
   * @param {string} path with query, relative to the page: a proxy may serve it below any path
   * @param {SocketHandlers} handlers
   * @param {(silence: number) => boolean} isStuck whether the connection is dead, given the milliseconds since the last
   *   message
   */
  constructor(path, handlers, isStuck) {
    this.#path = path;
    this.#handlers = handlers;
    this.#isStuck = () => isStuck(performance.now() - this.#receivedAt);
    setInterval(() => this.#watch(), WATCH_INTERVAL);
    addEventListener("online", () => this.#retryNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.#retryNow());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** @param {string} [path] by default the same as before */
  open(path = this.#path) {
    this.close();
    this.#path = path;
    this.#isEnabled = true;
    this.#retryDelay = FIRST_RETRY;
    this.#connect();
  }

  /** Close the connection and stay closed until `open`. */
  close() {
    this.#isEnabled = false;
    this.#disconnect();
  }

  /** @param {string | Blob} data @returns {boolean} whether it could be sent */
  send(data) {
    if (!this.isOpen) return false;
    this.#socket?.send(data);
    return true;
  }

  #connect() {
    clearTimeout(this.#timer);
    const url = new URL(this.#path, location.href); // older browsers accept no relative address
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#receivedAt = performance.now();
    this.#hasReceived = false;
    socket.onopen = () => {
      this.#receivedAt = performance.now();
      this.#handlers.onOpen?.();
    };
    socket.onmessage = (message) => {
      this.#receivedAt = performance.now();
      this.#hasReceived = true;
      this.#retryDelay = FIRST_RETRY;
      this.#handlers.onMessage(message.data);
    };
    socket.onclose = (event) => this.#closed(event.code, event.reason);
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    if (!this.#hasReceived) answersRequests().then((answers) => this.#handlers.onFailure?.(answers));
    this.#disconnect();
    const delay = code === CLOSE_TRY_AGAIN_LATER ? BUSY_RETRY : this.#retryDelay;
    this.#retryDelay = Math.min(MAX_RETRY, 2 * this.#retryDelay);
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#handlers.onClose?.(code, reason); // last, since it may close this or open another path
  }

  #disconnect() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = socket.onopen = socket.onmessage = socket.onclose = null;
    // Closing a socket that is still connecting logs an error in the browser's console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }

  #watch() {
    if (this.#isEnabled && this.#socket && this.#isStuck()) this.#closed(0, "timeout");
  }

  /** The network is back, or the page is visible again: do not wait for the next retry. */
  #retryNow() {
    if (this.#isEnabled && !this.#socket) this.#connect();
    else this.#watch();
  }
}

/**
 * Find out why a socket was refused, which browsers do not tell. After a logout, or a change of the token, reloading
 * leads to the login page.
 * @returns {Promise<boolean>} whether the server answers other requests
 */
async function answersRequests() {
  const response = await fetch("api/state").catch(() => null);
  if (response?.status === 401) location.reload();
  return Boolean(response?.ok);
}
