/** The camera of this browser: asked for, shown, and sent to /api/camera. */

import { Socket } from "./socket.js";

const LONGEST = 640; // pixels
const QUALITY = 0.8;
const PAUSE = 1000 / 15; // milliseconds from one frame to the next
const UNANSWERED = 2; // frames that may be under way; the camera's newest is the next one
const SILENCE = 8000; // milliseconds without an answer
const TAKEN = 4009; // another browser is the camera
const OWN_SHADOW = 30000; // milliseconds in which that other one is our own lost connection

/** @type {Record<string, string>} */
const REFUSALS = {
  NotAllowedError: "The browser may not use the camera. Allow it in the address bar, or in the settings of the system.",
  NotFoundError: "There is no camera at this machine. Plug one in and try again.",
  OverconstrainedError: "That camera is not there any more. Choose another one.",
  NotReadableError: "The camera is in use by another program. Close that one and try again.",
  AbortError: "The camera could not be started. Try again.",
};
const INSECURE = "A browser gives its camera only to https:// or localhost. Open this page by one of these.";
const GONE = "The camera has gone: unplugged, or taken back by the browser.";

export class Camera {
  /** @type {"off" | "asking" | "on"} */ state = "off";
  words = ""; // why it is off when that was not wished, or what the sensor does not like about its pictures
  video = /** @type {HTMLVideoElement} */ (document.getElementById("video"));
  /** @type {() => void} */ #changed;
  /** @type {MediaStream | null} */ #stream = null;
  /** @type {Socket} */ #socket;
  #grab = document.createElement("canvas");
  #attempt = 0;
  #under = 0;
  #sentAt = 0;
  #takenAt = -Infinity; // when a frame of ours was last taken
  #encoding = false;

  /** @param {() => void} changed called when state, words, or the size of the video is another one */
  constructor(changed) {
    this.#changed = changed;
    const ends = {
      opened: () => {
        this.#under = 0;
      },
      heard: (/** @type {any} */ data) => this.#answered(data),
      lost: (/** @type {number} */ code) => this.#lost(code),
    };
    this.#socket = new Socket("/api/camera", ends, (since) => this.#under > 0 && since > SILENCE);
    setInterval(() => this.#pump(), PAUSE);
    this.video.addEventListener("resize", changed);
  }

  /** @param {string} [device] its id; the browser chooses when there is none */
  async start(device) {
    const attempt = this.#release();
    if (!window.isSecureContext || !navigator.mediaDevices) return this.#become("off", INSECURE);
    this.#become("asking");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: wanted(device) });
      if (attempt !== this.#attempt) return release(stream); // stopped meanwhile
      this.#use(stream);
    } catch (error) {
      if (attempt !== this.#attempt) return;
      const { name, message } = /** @type {DOMException} */ (error);
      this.#become("off", REFUSALS[name] ?? `The camera could not be started: ${message}`);
    }
  }

  /**
   * The light goes out.
   * @param {string} [words] why, when it was not wished
   */
  stop(words = "") {
    this.#release();
    this.#become("off", words);
  }

  /** @returns {number} the attempt that may begin now; one that has begun comes to nothing */
  #release() {
    this.#socket.close();
    release(this.#stream);
    this.#stream = null;
    this.video.srcObject = null;
    this.#attempt += 1;
    return this.#attempt;
  }

  /**
   * The cameras there are; their names are known only while one is on.
   * @returns {Promise<MediaDeviceInfo[]>}
   */
  async devices() {
    const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return all.filter(({ kind, deviceId }) => kind === "videoinput" && deviceId);
  }

  /** The id of the one that is on. */
  get device() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  /** A person expects a mirror, and of a camera that looks away from her a window. */
  get mirrored() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
  }

  /** @param {MediaStream} stream */
  #use(stream) {
    this.#stream = stream;
    for (const track of stream.getTracks()) track.onended = () => this.stop(GONE);
    this.video.srcObject = stream;
    this.video.play().catch(() => {}); // a stop may come between
    this.#takenAt = -Infinity;
    this.#socket.open();
    this.#become("on");
  }

  /** @param {Camera["state"]} state @param {string} [words] */
  #become(state, words = "") {
    if (state === this.state && words === this.words) return;
    this.state = state;
    this.words = words;
    this.#changed();
  }

  /** @param {string} text */
  #answered(text) {
    this.#under = Math.max(0, this.#under - 1);
    const { type, error } = JSON.parse(text);
    if (type === "next") this.#takenAt = performance.now();
    this.#become(this.state, error ?? "");
    this.#pump();
  }

  /** @param {number} code */
  #lost(code) {
    if (code === TAKEN && performance.now() - this.#takenAt > OWN_SHADOW) this.stop("Another browser is the camera.");
  }

  /** Send the picture of now, if one may be sent. */
  #pump() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const early = performance.now() - this.#sentAt < PAUSE - 4; // timers come a little late or early
    if (!this.#socket.isOpen || !width || this.#under >= UNANSWERED || this.#encoding || early) return;
    this.#encoding = true;
    this.#sentAt = performance.now();
    const scale = Math.min(1, LONGEST / Math.max(width, height));
    this.#grab.width = Math.round(scale * width);
    this.#grab.height = Math.round(scale * height);
    this.#grab.getContext("2d")?.drawImage(this.video, 0, 0, this.#grab.width, this.#grab.height);
    this.#grab.toBlob((jpeg) => this.#send(jpeg), "image/jpeg", QUALITY);
  }

  /** @param {Blob | null} jpeg */
  #send(jpeg) {
    this.#encoding = false;
    if (jpeg && this.#stream && this.#socket.send(jpeg)) this.#under += 1;
  }
}

/** @param {string} [device] @returns {MediaTrackConstraints} */
function wanted(device) {
  const size = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  return device ? { ...size, deviceId: { exact: device } } : { ...size, facingMode: "user" };
}

/** @param {MediaStream | null} stream */
function release(stream) {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
}
