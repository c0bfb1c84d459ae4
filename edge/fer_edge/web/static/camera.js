/** The camera of this browser: opened with the user's permission, shown on the page, and sent to /api/camera. */

import { ReconnectingSocket } from "./reconnecting_socket.js";

const MAX_SIDE = 640; // pixels
const JPEG_QUALITY = 0.8;
const FRAME_INTERVAL = 1000 / 15; // milliseconds
const TIMER_JITTER = 4; // milliseconds that a timer may fire early
const MAX_UNANSWERED = 2; // frames sent without an answer; after that the newest picture waits
const ANSWER_TIMEOUT = 8000; // milliseconds
const CLOSE_CAMERA_TAKEN = 4009; // close code: another browser is the camera
const STALE_CONNECTION = 30000; // milliseconds in which that "other browser" can be our own lost connection

/** @type {Record<string, string>} a message for each name of a DOMException */
const ERROR_MESSAGES = {
  NotAllowedError: "The browser may not use the camera. Allow it in the address bar or in the system settings.",
  NotFoundError: "This device has no camera. Connect one and try again.",
  OverconstrainedError: "That camera is no longer available. Choose another one.",
  NotReadableError: "Another program is using the camera. Close it and try again.",
  AbortError: "The camera could not be started. Try again.",
};
const INSECURE = "Browsers allow the camera only on https:// and localhost. Open this page at such an address.";
const DISCONNECTED = "The camera was disconnected: unplugged, or blocked by the browser.";
const TAKEN = "Another browser is already the camera.";

/**
 * @property {string} message why the camera is off although it should be on, or what is wrong with its pictures
 */
export class Camera {
  /** @type {"off" | "asking" | "on"} */ state = "off";
  message = "";
  video = /** @type {HTMLVideoElement} */ (document.getElementById("video"));
  /** @type {() => void} */ #onChange;
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {ReconnectingSocket} */ #socket;
  #canvas = document.createElement("canvas");
  #attempt = 0;
  #unanswered = 0;
  #sentAt = 0;
  #acceptedAt = -Infinity; // when the server last accepted one of our frames
  #encoding = false;

  /** @param {() => void} onChange called when the state, the message or the size of the video has changed */
  constructor(onChange) {
    this.#onChange = onChange;
    const handlers = {
      onOpen: () => {
        this.#unanswered = 0;
      },
      onMessage: (/** @type {any} */ data) => this.#receive(data),
      onClose: (/** @type {number} */ code) => this.#closed(code),
    };
    const isStuck = (/** @type {number} */ silence) => this.#unanswered > 0 && silence > ANSWER_TIMEOUT;
    this.#socket = new ReconnectingSocket("api/camera", handlers, isStuck);
    setInterval(() => this.#sendFrame(), FRAME_INTERVAL);
    this.video.addEventListener("resize", onChange);
  }

  /** @param {string} [deviceId] by default the browser chooses a camera */
  async start(deviceId) {
    const attempt = this.#release();
    if (!window.isSecureContext || !navigator.mediaDevices) return this.#setState("off", INSECURE);
    this.#setState("asking");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: constraints(deviceId) });
      if (attempt !== this.#attempt) return stopTracks(stream); // stopped in the meantime
      this.#use(stream);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const { name, message } = /** @type {DOMException} */ (error);
      this.#setState("off", ERROR_MESSAGES[name] ?? `The camera could not be started: ${message}`);
    }
  }

  /**
   * Turn the camera off, and its light.
   * @param {string} [message] why, if the user did not ask for it
   */
  stop(message = "") {
    this.#release();
    this.#setState("off", message);
  }

  /**
   * Release the camera. An attempt to open it that is under way is abandoned.
   * @returns {number} the number of the next attempt
   */
  #release() {
    this.#socket.close();
    stopTracks(this.#stream);
    this.#stream = null;
    this.video.srcObject = null;
    this.#attempt += 1;
    return this.#attempt;
  }

  /**
   * All cameras of this device. Browsers hide their names and ids while none is on.
   * @returns {Promise<MediaDeviceInfo[]>}
   */
  async devices() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return all.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
  }

  /** The id of the camera that is on, or "". */
  get deviceId() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  /** Whether to mirror the video: people expect a mirror from a camera that faces them, and a window from any other. */
  get isMirrored() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
  }

  /** @param {MediaStream} stream */
  #use(stream) {
    this.#stream = stream;
    for (const track of stream.getTracks()) track.onended = () => this.stop(DISCONNECTED);
    this.video.srcObject = stream;
    this.video.play().catch(() => {}); // it rejects if the camera is stopped first
    this.#acceptedAt = -Infinity;
    this.#socket.open();
    this.#setState("on");
  }

  /** @param {Camera["state"]} state @param {string} [message] */
  #setState(state, message = "") {
    if (state === this.state && message === this.message) return;
    this.state = state;
    this.message = message;
    this.#onChange();
  }

  /** @param {string} text the server's answer to a frame */
  #receive(text) {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    const { type, error } = JSON.parse(text);
    if (type === "next") this.#acceptedAt = performance.now();
    this.#setState(this.state, error ?? "");
    this.#sendFrame();
  }

  /** @param {number} code */
  #closed(code) {
    if (code === CLOSE_CAMERA_TAKEN && performance.now() - this.#acceptedAt > STALE_CONNECTION) this.stop(TAKEN);
  }

  /** Send the current picture, unless it is too early or too many are unanswered. */
  #sendFrame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const isEarly = performance.now() - this.#sentAt < FRAME_INTERVAL - TIMER_JITTER;
    if (!this.#socket.isOpen || !width || this.#unanswered >= MAX_UNANSWERED || this.#encoding || isEarly) return;
    this.#encoding = true;
    this.#sentAt = performance.now();
    const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
    this.#canvas.width = Math.round(scale * width);
    this.#canvas.height = Math.round(scale * height);
    this.#canvas.getContext("2d")?.drawImage(this.video, 0, 0, this.#canvas.width, this.#canvas.height);
    this.#canvas.toBlob((jpeg) => this.#send(jpeg), "image/jpeg", JPEG_QUALITY);
  }

  /** @param {Blob | null} jpeg */
  #send(jpeg) {
    this.#encoding = false;
    if (jpeg && this.#stream && this.#socket.send(jpeg)) this.#unanswered += 1;
  }
}

/** @param {string} [deviceId] @returns {MediaTrackConstraints} */
function constraints(deviceId) {
  const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  return deviceId ? { ...size, deviceId: { exact: deviceId } } : { ...size, facingMode: "user" };
}

/** @param {MediaStream | null} stream */
function stopTracks(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
}
