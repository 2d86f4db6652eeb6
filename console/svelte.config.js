// Svelte: runes everywhere, TypeScript in components, accessibility warnings are errors (npm run check).
import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

export default { preprocess: vitePreprocess(), compilerOptions: { runes: true } };
