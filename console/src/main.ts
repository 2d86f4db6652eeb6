// main: starts the console.
import { mount } from "svelte";
import "./styles/fonts.css";
import "./styles/console.css";
import "./styles/pages.css";
import App from "./app/App.svelte";
import { settings } from "./lib/settings.svelte.ts";

settings.apply();
mount(App, { target: document.getElementById("app")! });
