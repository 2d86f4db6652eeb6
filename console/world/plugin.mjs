// world: writes world.json, the one file that holds country names and boundaries.
// It is made at build time from countries.tsv and the world-atlas package (Natural Earth, public domain),
// keeps its name in the built console, and so can be replaced by an operator.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { geoArea, geoCentroid } from "d3-geo";
import { feature } from "topojson-client";

const from_package = createRequire(import.meta.url);
const named_without_number = { Kosovo: "XK" };

function read_names() {
  const text = readFileSync(new URL("countries.tsv", import.meta.url), "utf8");
  return text.split("\n").filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split("\t")).map(([code, number, name]) => ({ code, number, name }));
}

// The countries of one world-atlas file, with our code in place of its number and name; no Antarctica.
function read_atlas(file, names) {
  const atlas = JSON.parse(readFileSync(from_package.resolve(`world-atlas/${file}.json`), "utf8"));
  const code_of = new Map(names.map((n) => [n.number, n.code]));
  const countries = atlas.objects.countries;
  countries.geometries = countries.geometries
    .map((shape) => ({ type: shape.type, arcs: shape.arcs,
      properties: { code: code_of.get(shape.id) ?? named_without_number[shape.properties.name] ?? "" } }))
    .filter((shape) => shape.properties.code !== "AQ");
  return { type: "Topology", transform: atlas.transform, arcs: atlas.arcs, objects: { countries } };
}

// Where a country's ring stands: the middle of its largest piece, so that France is not drawn in the Atlantic.
function middles(atlas) {
  const found = new Map();
  for (const shape of feature(atlas, atlas.objects.countries).features) {
    const pieces = shape.geometry.type === "Polygon" ? [shape.geometry.coordinates] : shape.geometry.coordinates;
    const polygons = pieces.map((coordinates) => ({ type: "Polygon", coordinates }));
    const largest = polygons.reduce((a, b) => (geoArea(b) > geoArea(a) ? b : a));
    const size = geoArea(largest);
    const { code } = shape.properties;
    if (!code || (found.get(code)?.size ?? 0) > size) continue;
    found.set(code, { size, at: geoCentroid(largest).map((x) => Math.round(x * 10) / 10) });
  }
  return found;
}

export function world_json() {
  const names = read_names();
  const fine = read_atlas("countries-50m", names);
  const at = middles(fine);
  return JSON.stringify({
    source: "Names: countries.tsv. Boundaries: world-atlas 2.0.2 (Natural Earth 4.1); they are the data set's, not a statement.",
    countries: names.map(({ code, name }) => ({ code, name, at: at.get(code)?.at })),
    coarse: read_atlas("countries-110m", names),
    fine,
  });
}

export function world() {
  return {
    name: "world",
    generateBundle() { this.emitFile({ type: "asset", fileName: "world.json", source: world_json() }); },
    configureServer(server) {
      server.middlewares.use("/world.json", (_request, answer) => {
        answer.setHeader("content-type", "application/json");
        answer.end(world_json());
      });
    },
  };
}
