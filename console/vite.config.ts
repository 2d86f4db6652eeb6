// How the console is built: static files with hashed names, no inline script, nothing from other hosts.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { world } from "./world/plugin.mjs";

const node = process.env.TOCSIN_NODE ?? "http://127.0.0.1:8480";

export default defineConfig({
  plugins: [svelte(), world()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // a data: URL would need a weaker content security policy
    chunkSizeWarningLimit: 700, // the chart library
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": node, "/signin": node } },
});
