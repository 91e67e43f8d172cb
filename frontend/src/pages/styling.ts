/** The style editor of a layer: a plain form; with this the map shows each change at once. */
import "../styles/styling.css";
import { StylePreview } from "../styling/preview";

customElements.define("style-preview", StylePreview);
