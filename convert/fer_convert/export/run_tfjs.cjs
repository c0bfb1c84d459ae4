// Classify faces with an exported model in Node: node run_tfjs.cjs TFJS_MODULE MODEL_FOLDER SIDE <faces >probabilities
// Faces are bytes, N*SIDE*SIDE; probabilities are float32, N*classes.
"use strict";

const fs = require("fs");
const path = require("path");

async function main(module, folder, side) {
  console.warn = () => {};  // TensorFlow.js advertises its Node backend
  const tf = require(module);
  const model_json = JSON.parse(fs.readFileSync(path.join(folder, "model.json"), "utf8"));
  const manifest = model_json.weightsManifest;
  const files = manifest.flatMap((group) => group.paths);
  const weights = Buffer.concat(files.map((file) => fs.readFileSync(path.join(folder, file))));
  const model = await tf.loadGraphModel(tf.io.fromMemory({
    ...model_json,
    weightSpecs: manifest.flatMap((group) => group.weights),
    weightData: new Uint8Array(weights).buffer,
  }));
  const pixels = Float32Array.from(fs.readFileSync(0));
  const faces = tf.tensor4d(pixels, [pixels.length / side ** 2, side, side, 1]);
  fs.writeSync(1, new Uint8Array((await model.predict(faces).data()).buffer));
}

main(process.argv[2], process.argv[3], Number(process.argv[4])).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
