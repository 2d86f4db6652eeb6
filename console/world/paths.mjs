// Writes catalogue/world.tsv: for each country its code, the middle of its largest piece and its outline as an SVG
// path, drawn in Equal Earth on 960 x 470. usage: node world/paths.mjs (in console/, after tools/console.sh)
// Boundaries: world-atlas (Natural Earth, public domain); they are the data set's, not a statement.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoArea, geoCentroid, geoEqualEarth, geoPath } from "d3-geo";
import { feature } from "topojson-client";

const from_package = createRequire(import.meta.url);
const names = readFileSync("world/countries.tsv", "utf8").split("\n").filter((line) => line && !line.startsWith("#"))
  .map((line) => line.split("\t"));
const code_of = new Map(names.map(([code, number]) => [number, code]));
const atlas = (file) => JSON.parse(readFileSync(from_package.resolve(`world-atlas/${file}.json`), "utf8"));
const shapes = (file) => {
  const topology = atlas(file);
  return feature(topology, topology.objects.countries).features
    .map((shape) => ({ ...shape, code: code_of.get(shape.id) ?? (shape.properties.name === "Kosovo" ? "XK" : "") }))
    .filter((shape) => shape.code !== "AQ");
};
const coarse = shapes("countries-110m"), fine = shapes("countries-50m");
const projection = geoEqualEarth().rotate([-11, 0]).fitSize([960, 470], { type: "FeatureCollection", features: coarse });
const path = geoPath(projection).digits(1);
const middle = (shape) => {
  const pieces = shape.geometry.type === "Polygon" ? [shape.geometry.coordinates] : shape.geometry.coordinates;
  const polygons = pieces.map((coordinates) => ({ type: "Polygon", coordinates }));
  return projection(geoCentroid(polygons.reduce((a, b) => (geoArea(b) > geoArea(a) ? b : a)))).map((x) => x.toFixed(1));
};
const outlines = new Map(coarse.map((shape) => [shape.code, path(shape)]));
const lines = ["# code, x and y of its middle, outline: Equal Earth, 960 x 470. Made by console/world/paths.mjs from world-atlas."];
for (const shape of fine.filter((s) => s.code).sort((a, b) => (a.code < b.code ? -1 : 1))) {
  lines.push([shape.code, ...middle(shape), outlines.get(shape.code) ?? ""].join("\t"));
}
const nameless = coarse.filter((shape) => !shape.code).map((shape) => path(shape)).join("");
if (nameless) lines.push(["-", "0", "0", nameless].join("\t"));
writeFileSync("../catalogue/world.tsv", lines.join("\n") + "\n");
