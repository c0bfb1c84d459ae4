// Records, in a page under test, what it requests of the browser, what it sends, and when it shows a face.
window.recorder = {
  constraints: [], // of each getUserMedia()
  tracks: [], // of the cameras that the page was given
  playingAt: null, // milliseconds, as performance.now()
  boxAt: null,
  sends: 0,
  pictures: [], // type, width and height of each picture sent
  unanswered: 0, // pictures
  maxUnanswered: 0,
};

addEventListener("playing", () => (recorder.playingAt ??= performance.now()), true);
new MutationObserver(() => {
  if (document.querySelector(".box")) recorder.boxAt ??= performance.now();
}).observe(document, { subtree: true, childList: true });

if (navigator.mediaDevices) {
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    recorder.constraints.push(constraints);
    const stream = await getUserMedia(constraints);
    recorder.tracks.push(...stream.getTracks());
    return stream;
  };
}

const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  recorder.sends += 1;
  if (data instanceof Blob) {
    if (!this.isRecorded) this.addEventListener("message", () => (recorder.unanswered -= 1));
    this.isRecorded = true;
    recorder.maxUnanswered = Math.max(recorder.maxUnanswered, (recorder.unanswered += 1));
    createImageBitmap(data).then(({ width, height }) => recorder.pictures.push([data.type, width, height]));
  }
  send.call(this, data);
};
