/** Zones that are being edited: rectangles and polygons, and their tables in the configuration file. */

const DECIMALS = 10_000; // coordinates are rounded to four decimals
const NEW_RECTANGLE = [[0.35, 0.3], [0.65, 0.3], [0.65, 0.7], [0.35, 0.7]];
const NEW_POLYGON = [[0.5, 0.25], [0.7, 0.5], [0.6, 0.75], [0.4, 0.75], [0.3, 0.5]];

/**
 * @typedef {[number, number]} Point x and y as fractions of the picture
 *
 * @typedef {object} Shape
 * @property {string} name
 * @property {Point[]} corners in order; of a rectangle from its upper left one clockwise
 * @property {boolean} isRectangle
 * @property {boolean} ignore
 *
 * @typedef {{ name: string, box?: number[], polygon?: number[][], ignore?: boolean }} Table
 */

/** @param {Table} table @returns {Shape} */
export function toShape({ name, box, polygon, ignore }) {
  const corners = box ? rectangle([box[0], box[1]], [box[0] + box[2], box[1] + box[3]]) : copy(polygon ?? []);
  return { name, corners, isRectangle: Boolean(box), ignore: Boolean(ignore) };
}

/** @param {Shape} shape @returns {Table} */
export function toTable({ name, corners, isRectangle, ignore }) {
  const points = corners.map(([x, y]) => [round(x), round(y)]);
  const [[left, top], , [right, bottom]] = points;
  const area = isRectangle ? { box: [left, top, round(right - left), round(bottom - top)] } : { polygon: points };
  return { name, ...area, ...(ignore ? { ignore } : {}) };
}

/** The tables as they stand in the file. @param {Table[]} tables */
export function toToml(tables) {
  return tables.map((table) => `[[zones]]\n${Object.entries(table).map(tomlLine).join("")}`).join("\n");
}

/** A new zone in the middle. @param {boolean} isRectangle @param {Shape[]} others @returns {Shape} */
export function newShape(isRectangle, others) {
  return { name: freeName(others), corners: copy(isRectangle ? NEW_RECTANGLE : NEW_POLYGON), isRectangle, ignore: false };
}

/** The corners of the rectangle between two points. @param {Point} from @param {Point} to @returns {Point[]} */
export function rectangle(from, to) {
  const [left, right] = [from[0], to[0]].sort((a, b) => a - b);
  const [top, bottom] = [from[1], to[1]].sort((a, b) => a - b);
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

/** Move a corner to a point; a rectangle stays one. @param {Shape} shape @param {number} index @param {Point} to */
export function moveCorner(shape, index, to) {
  const point = clamp(to);
  if (shape.isRectangle) {
    shape.corners[3 - index][0] = point[0]; // corners 0 and 3 share their x, as do 1 and 2
    shape.corners[index ^ 1][1] = point[1]; // corners 0 and 1 share their y, as do 2 and 3
  }
  shape.corners[index] = point;
}

/** Put the corners of a rectangle in order, after one was moved beyond another. @param {Shape} shape */
export function tidy(shape) {
  if (shape.isRectangle) shape.corners = rectangle(shape.corners[0], shape.corners[2]);
}

/** Move a whole zone, as far as it stays in the picture. @param {Shape} shape @param {number} dx @param {number} dy */
export function moveShape(shape, dx, dy) {
  const [x, y] = [dx, dy].map((distance, axis) => {
    const values = shape.corners.map((corner) => corner[axis]);
    return Math.max(-Math.min(...values), Math.min(distance, 1 - Math.max(...values)));
  });
  shape.corners = shape.corners.map((corner) => clamp([corner[0] + x, corner[1] + y]));
}

/** Add a corner in the middle of an edge; a rectangle becomes a polygon. @param {Shape} shape @param {number} edge */
export function addCorner(shape, edge) {
  shape.isRectangle = false;
  shape.corners.splice(edge + 1, 0, middle(shape, edge));
}

/** The middle of the edge that begins at a corner. @param {Shape} shape @param {number} edge @returns {Point} */
export function middle({ corners }, edge) {
  const [from, to] = [corners[edge], corners[(edge + 1) % corners.length]];
  return [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
}

/** @param {Point} point @returns {Point} */
export function clamp([x, y]) {
  return [Math.max(0, Math.min(x, 1)), Math.max(0, Math.min(y, 1))];
}

/** @param {Shape[]} others */
function freeName(others) {
  const names = new Set(others.map(({ name }) => name));
  let number = 1;
  while (names.has(`zone ${number}`)) number += 1;
  return `zone ${number}`;
}

/** @param {[string, any]} entry */
function tomlLine([key, value]) {
  const text = Array.isArray(value) ? JSON.stringify(value).replaceAll(",", ", ") : JSON.stringify(value);
  return `${key} = ${text.replaceAll("\u007f", "\\u007f")}\n`;
}

/** @param {number[][]} points @returns {Point[]} */
function copy(points) {
  return points.map(([x, y]) => [x, y]);
}

/** @param {number} value */
function round(value) {
  return Math.round(value * DECIMALS) / DECIMALS;
}
