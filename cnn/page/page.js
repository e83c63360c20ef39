"use strict";

const element = (id) => document.getElementById(id);
const facts = JSON.parse(element("facts").textContent);
const size = facts.height * facts.width * facts.channels;
const percent = (p) => `${(100 * p).toFixed(1)}\u00a0%`;
const pause = () => new Promise((done) => setTimeout(done));

// unpacked returns the bytes that a script element holds.
async function unpacked(id) {
  const packed = Uint8Array.from(atob(element(id).textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// loaded starts the evaluator and opens the network, once.
let loading;
function loaded() {
  loading ??= (async () => {
    const go = new Go();
    const { instance } = await WebAssembly.instantiate(await unpacked("evaluator"), go.importObject);
    go.run(instance); // sets cnnbook, and lives on
    const problem = globalThis.cnnbook.open(await unpacked("network"));
    if (problem) throw new Error(problem);
    return unpacked("test-images");
  })();
  return loading;
}

// pngOf draws pixels, of the given number of channels.
function pngOf(pixels, channels) {
  const canvas = document.createElement("canvas");
  canvas.width = facts.width;
  canvas.height = facts.height;
  const image = new ImageData(facts.width, facts.height);
  for (let i = 0; i < facts.width * facts.height; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[i * channels + Math.min(c, channels - 1)];
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas.toDataURL();
}

// ask shows what the network says about pixels, and then what the answer hangs on. A later question ends an earlier one.
let question = 0;
let last = () => {}; // asks the latest question again
async function ask(pixels, what, read) {
  const mine = ++question;
  last = () => ask(pixels, what, read);
  const answer = globalThis.cnnbook.ask(pixels);
  const best = answer.indexOf(Math.max(...answer));
  element("picture").src = pngOf(pixels, facts.channels);
  element("read").textContent = read;
  element("lit").style.visibility = "hidden";
  element("hangs").textContent = "Hiding one part after the other …";
  for (const [i, row] of [...element("rows").rows].entries()) {
    row.classList.toggle("best", i === best);
    row.querySelector(".bar span").style.width = `${100 * answer[i]}%`;
    row.querySelector(".number").textContent = percent(answer[i]);
  }
  const name = document.createElement("b");
  name.textContent = facts.classes[best];
  element("answer").replaceChildren(`${what} The network says `, name, `, with a probability of ${percent(answer[best])}.`);

  const [rows, columns] = globalThis.cnnbook.parts();
  const progress = element("progress");
  progress.max = rows * columns;
  progress.hidden = false;
  let most = 0;
  for (let part = 0, since = performance.now(); part < rows * columns; part++) {
    most = Math.max(most, globalThis.cnnbook.drop());
    if (performance.now() - since > 30) {
      progress.value = part;
      await pause();
      if (mine !== question) return;
      since = performance.now();
    }
  }
  progress.hidden = true;
  element("lit").src = pngOf(globalThis.cnnbook.lit(), 3);
  element("lit").style.visibility = "";
  element("hangs").textContent =
    most < 0.01
      ? "Hiding any one part lowers the answer’s probability by less than one percentage point."
      : `Hiding the part that counts most lowers the probability of ${facts.classes[best]} by ${(100 * most).toFixed(1)} percentage points.`;
  document.body.dataset.asked = mine;
}

// The largest picture that is read as it is; a larger one is reduced by the browser first.
const most = 16e6;

// askFile asks about a picture in a file.
async function askFile(file) {
  if (!file) return;
  try {
    await loaded();
    const picture = await createImageBitmap(file, { colorSpaceConversion: "none" });
    const scale = Math.min(1, Math.sqrt(most / (picture.width * picture.height)));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const data = context.getImageData(0, 0, canvas.width, canvas.height);
    const pixels = globalThis.cnnbook.fit(new Uint8Array(data.data.buffer), canvas.width, canvas.height);
    for (const other of element("thumbnails").querySelectorAll(":checked")) other.checked = false;
    await ask(pixels, `${file.name || "A picture"}:`, `What the network sees: ${picture.height}×${picture.width} pixels, cut to the middle and averaged to ${facts.height}×${facts.width}.`);
  } catch (problem) {
    question++;
    element("answer").textContent = `${file.name || "The picture"} cannot be read: ${problem.message}. Choose a PNG, JPEG, GIF or WebP file.`;
  }
}

async function askTestImage(i) {
  const images = await loaded();
  await ask(images.slice(i * size, (i + 1) * size), `Test image ${named(i)}.`,
    `What the network sees: ${facts.height}×${facts.width} pixels.`);
}

const named = (i) => (facts.actual ? `${i}, actually ${facts.classes[facts.actual[i]]}` : i);

// offerImages shows the test images to choose from.
async function offerImages() {
  const images = await loaded();
  for (const i of facts.shown) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "image", value: i, checked: i === facts.first });
    const image = Object.assign(document.createElement("img"), {
      className: "pixels", width: 44, height: 44, alt: `test image ${named(i)}`,
      src: pngOf(images.subarray(i * size, (i + 1) * size), facts.channels),
    });
    input.addEventListener("change", () => askTestImage(i));
    label.append(input, image);
    element("thumbnails").append(label);
  }
}

// compare asks about every test image, and compares with the trained network's answers.
async function compare() {
  const images = await loaded();
  const classes = facts.classes.length;
  const count = facts.images;
  const compared = element("compared");
  const mine = ++question; // ends an earlier question: the evaluator answers one at a time
  const interrupted = !element("progress").hidden;
  element("progress").hidden = true;
  let largest = 0;
  let same = 0;
  for (let i = 0; i < count; i++) {
    const ours = facts.ours.slice(i * classes, (i + 1) * classes);
    const answer = globalThis.cnnbook.ask(images.slice(i * size, (i + 1) * size));
    for (let c = 0; c < classes; c++) largest = Math.max(largest, Math.abs(answer[c] - ours[c]));
    same += answer.indexOf(Math.max(...answer)) === ours.indexOf(Math.max(...ours)) ? 1 : 0;
    if (i % 5 === 4) await pause();
    if (mine !== question) {
      compared.textContent = "Stopped by another question.";
      return;
    }
  }
  compared.textContent = `In this browser: the largest difference is ${largest.toPrecision(2)}, and ${same} of ${count} images have the same class.`;
  Object.assign(compared.dataset, { largest, same, images: count });
  if (interrupted) last();
}

function start() {
  element("file").addEventListener("change", (event) => askFile(event.target.files[0]));
  element("file").addEventListener("click", (event) => (event.target.value = "")); // the same file may be chosen again
  element("compare").addEventListener("click", compare);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    askFile(event.dataTransfer.files[0]);
  });
  addEventListener("paste", (event) => askFile(event.clipboardData.files[0]));
  element("controls").hidden = false;
  element("check").hidden = false;
  // The evaluator is unpacked only after the page was painted.
  requestAnimationFrame(() =>
    setTimeout(() =>
      offerImages().then(
        () => (document.body.dataset.ready = "yes"),
        (problem) => {
          element("controls").hidden = element("check").hidden = true;
          element("answer").after(Object.assign(document.createElement("p"), { className: "note", textContent: `This browser cannot run the network: ${problem.message}` }));
        },
      ),
    ),
  );
}

start();
