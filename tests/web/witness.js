// Notes, in a page under test, what it asks of the browser and when it shows a face.
window.witness = { asked: [], tracks: [], playing: null, box: null };

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
