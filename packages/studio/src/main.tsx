import { render } from "preact";
import "./style/studio.css";
import { Studio } from "./parts/studio.tsx";
import { begin } from "./state/actions.ts";

const root = document.getElementById("studio");
if (root) render(<Studio />, root);
void begin();
