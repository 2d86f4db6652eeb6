// world: country names and boundaries, out of the one replaceable file world.json.
import { geoArea, geoEqualEarth, geoGraticule, geoPath } from "d3-geo";
import type { GeoPermissibleObjects } from "d3-geo";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

type Atlas = Topology<{ countries: GeometryCollection<{ code: string }> }>;
interface WorldFile { source: string; countries: { code: string; name: string; at?: [number, number] }[]; coarse: Atlas; fine: Atlas }
export interface Shape { code: string; path: string; right: number; left: number; top: number; bottom: number }
export interface Picture { shapes: Shape[]; graticule: string; at: Map<string, [number, number]> }

export const width = 720, height = 332;

class World {
  #file = $state.raw<WorldFile | undefined>();
  #names = $derived(new Map(this.#file?.countries.map((c) => [c.code, c.name])));
  #asked = false;
  #drawn = new Map<string, Picture>();

  read(): void {
    if (this.#asked) return;
    this.#asked = true;
    void fetch("/world.json").then(async (answer) => { this.#file = await answer.json() as WorldFile; }).catch(() => { this.#asked = false; });
  }
  get source(): string { return this.#file?.source ?? ""; }
  name(code: string): string { return this.#names.get(code) ?? code; }

  // Equal Earth, turned by 11 degrees so that Chukotka is not cut, fitted to the land.
  picture(fine: boolean): Picture | undefined {
    if (!this.#file) return undefined;
    const key = fine ? "fine" : "coarse", done = this.#drawn.get(key);
    if (done) return done;
    const land = feature(this.#file[key], this.#file[key].objects.countries);
    const projection = geoEqualEarth().rotate([-11, 0]).fitExtent([[2, 4], [width - 2, height - 4]], land as GeoPermissibleObjects);
    const draw = geoPath(projection).digits(1);
    const shapes = land.features.map((country) => {
      const [[left, top], [right, bottom]] = draw.bounds(largest(country as GeoJSON.Feature));
      return { code: country.properties?.code ?? "", path: draw(country) ?? "", left, top, right, bottom };
    });
    const at = new Map<string, [number, number]>();
    for (const country of this.#file.countries) {
      const point = country.at && projection(country.at);
      if (point) at.set(country.code, point);
    }
    const picture = { shapes, graticule: draw(geoGraticule().step([30, 30])()) ?? "", at };
    this.#drawn.set(key, picture);
    return picture;
  }
}

function largest(country: GeoJSON.Feature): GeoJSON.Feature {
  if (country.geometry.type !== "MultiPolygon") return country;
  const pieces = country.geometry.coordinates.map((coordinates) => ({ type: "Polygon" as const, coordinates }));
  const geometry = pieces.reduce((a, b) => (geoArea(b) > geoArea(a) ? b : a));
  return { ...country, geometry };
}

export const world = new World();
