// Notes, in a page under test, what it asks of the browser, what it sends, and when it shows a face.
window.witness = { asked: [], tracks: [], playing: null, box: null, sends: 0, shapes: [], unanswered: 0, ahead: 0 };

addEventListener("playing", () => (witness.playing ??= performance.now()), true);
new MutationObserver(() => {
  if (document.querySelector(".box")) witness.box ??= performance.now();
}).observe(document, { subtree: true, childList: true });

if (navigator.mediaDevices) {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    witness.asked.push(wanted);
    const stream = await ask(wanted);
    witness.tracks.push(...stream.getTracks());
    return stream;
  };
}

const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  witness.sends += 1;
  if (data instanceof Blob) {
    if (!this.watched) this.addEventListener("message", () => (witness.unanswered -= 1));
    this.watched = true;
    witness.ahead = Math.max(witness.ahead, (witness.unanswered += 1));
    createImageBitmap(data).then(({ width, height }) => witness.shapes.push([data.type, width, height]));
  }
  send.call(this, data);
};
